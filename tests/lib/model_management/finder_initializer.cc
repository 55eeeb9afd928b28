#include <doctest/doctest.h>

#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/model_management/local_model_finder.h"
#include "lib/model_management/local_model_initializer.h"
#include "tests/support/message_of.h"

using namespace ostler;

namespace {

constexpr char kId[] = "6a0e1f0c-6f2e-4b0e-9c57-0d6c6a1a2b3c";

void make_model(const std::string& path, const std::string& module_id = kId) {
  make_directories(path);
  write_file(path + "/config.yml", "module_id: " + module_id + "\nmodule_class: Thing\n", Sync::no);
}

// A module and a catalog of one, in this process.
class EchoModule : public Module {
 public:
  RecordBatch run(const RecordBatch& input, const RunOptions&) const override { return input; }
  std::vector<InputColumn> input_columns() const override { return {}; }
  SaveResult save(const std::string&) const override { return {}; }
};

int last_threads = 0;
Value last_config;

class EchoClass : public ModuleClass {
 public:
  std::string module_id() const override { return kId; }
  std::unique_ptr<Module> train(const TrainRequest&, TrainReporter&) const override { return nullptr; }
  std::unique_ptr<Module> load(const LoadRequest& request) const override {
    if (request.config.name() == "broken") throw std::runtime_error("no luck");
    last_threads = request.threads;
    last_config = request.backend_config;
    return std::make_unique<EchoModule>();
  }
};

class OneModule : public ModuleCatalog {
 public:
  std::vector<ModuleManifest> list() const override { return {manifest()}; }
  ModuleManifest find(const std::string& name_or_id) const override {
    if (name_or_id != kId) throw not_found("there is no module " + name_or_id);
    return manifest();
  }
  const ModuleClass& open(const ModuleManifest&, const std::string&) const override { return class_; }

 private:
  static ModuleManifest manifest() {
    ModuleManifest made;
    made.module_id = kId;
    made.name = "echo";
    made.backends = {{kLocalBackend, {kLocalBackend}},
                     {kProcessBackend, {kLocalBackend, "OTHER"}, Value::object({{"threads", 3}})}};
    return made;
  }
  EchoClass class_;
};

std::optional<LoadedModel> init(const std::string& config, const std::string& path, std::string& why_not) {
  static const OneModule modules;
  ComponentContext context;
  context.modules = &modules;
  const auto initializer = LocalModelInitializer::build(parse_yaml(config, "c.yml"), "default", context);
  FoundModel found;
  found.directory = ModelDirectory::open(path);
  found.config = found.directory->config();
  return initializer->init(found, {}, why_not);
}

}  // namespace

TEST_CASE("[FND-1] [FND-7] LOCAL finder: the path itself, else under the load path; a folder hides nothing") {
  make_model("work/direct");
  make_model("work/models/named");
  make_model("work/models/nested/deep");
  make_directories("work/named");
  const LocalModelFinder finder("default", absolute_path("work/models"), absolute_path("work"));
  std::string why_not;
  const auto path_of = [&](const std::string& name) {
    const auto found = finder.find_model(name, {}, why_not);
    return found ? found->config.model_path() : std::string();
  };
  CHECK(path_of("direct") == absolute_path("work/direct"));
  CHECK(path_of("./direct/../direct") == absolute_path("work/direct"));
  CHECK(path_of("named") == absolute_path("work/models/named"));
  CHECK(path_of("nested/deep") == absolute_path("work/models/nested/deep"));
  CHECK(path_of(absolute_path("work/direct")) == absolute_path("work/direct"));
  why_not.clear();
  CHECK(path_of("absent") == "");
  CHECK(why_not == absolute_path("work/absent") + " does not exist; " + absolute_path("work/models/absent") +
                       " does not exist");
  CHECK(finder.find_model("direct", {}, why_not)->finder == "default");
}

TEST_CASE("LOCAL finder: a model that cannot be read is an error, not passed over") {
  make_directories("bad");
  write_file("bad/config.yml", "a: [", Sync::no);
  const LocalModelFinder finder("default", "", absolute_path("."));
  std::string why_not;
  CHECK(message_of([&] { finder.find_model("bad", {}, why_not); }).find("bad/config.yml:") !=
        std::string::npos);
}

TEST_CASE("[INI-1] [INI-9] LOCAL initializer: backend_priority and its errors") {
  make_model("m");
  std::string why_not;
  CHECK(init("{}", "m", why_not));
  CHECK(init("backend_priority: null", "m", why_not));
  CHECK(init("backend_priority: [{type: LOCAL}]", "m", why_not));
  CHECK_FALSE(init("backend_priority: []", "m", why_not));
  CHECK(why_not.find("backend_priority is empty") != std::string::npos);
  CHECK(message_of([&] {
          init("backend_priority: [{type: LOCAL}, {}]", "m", why_not);
        }).find("backend_priority[1]") != std::string::npos);
  CHECK(message_of([&] { init("backend_priority: [{type: TGIS}]", "m", why_not); })
            .find("c.yml:1: backend_priority[0] of the initializer \"default\" is of the unknown backend "
                  "\"TGIS\"") == 0);
  CHECK(message_of([&] { init("backend_priority: LOCAL", "m", why_not); }).find("must be a list") !=
        std::string::npos);
  CHECK(message_of([&] { init("backend_prioritee: []", "m", why_not); }).find("did you mean") !=
        std::string::npos);
}

TEST_CASE("[INI-2] [INI-3] LOCAL initializer: the first backend that loads what the model was made with") {
  make_model("m");
  make_directories("o");
  write_file("o/config.yml", std::string("module_id: ") + kId + "\nmodel_backend: OTHER\n", Sync::no);
  make_directories("t");
  write_file("t/config.yml", std::string("module_id: ") + kId + "\nmodel_backend: TGIS\n", Sync::no);
  std::string why_not;
  CHECK(init("{}", "m", why_not)->load_backend == "LOCAL");
  CHECK(init("backend_priority: [{type: PROCESS}, {type: LOCAL}]", "m", why_not)->load_backend == "PROCESS");
  CHECK(init("{}", "o", why_not)->load_backend == "PROCESS");
  CHECK_FALSE(init("backend_priority: [{type: LOCAL}]", "o", why_not));
  CHECK(why_not ==
        "backend LOCAL: of module echo it loads models that were made with LOCAL, and this one was "
        "made with OTHER");
  CHECK_FALSE(init("{}", "t", why_not));
  CHECK(why_not.find("backend LOCAL:") == 0);
  CHECK(why_not.find(
            "; backend PROCESS: of module echo it loads models that were made with LOCAL, OTHER, and this "
            "one was made with TGIS") != std::string::npos);
}

TEST_CASE("[INI-4] LOCAL initializer: a module's own configuration is merged over its backend's") {
  make_model("m");
  std::string why_not;
  init("backend_priority: [{type: PROCESS, config: {threads: 2, environment: {A: 1}}}]", "m", why_not);
  CHECK(last_threads == 3);
  CHECK(last_config == Value::object({{"threads", 3}, {"environment", Value::object({{"A", 1}})}}));
  init("backend_priority: [{type: LOCAL, config: {threads: 2}}]", "m", why_not);
  CHECK(last_threads == 2);
  init("{}", "m", why_not);
  CHECK(last_threads == 1);  // what the caller asked for
  CHECK(message_of([&] {
          init("backend_priority: [{type: LOCAL, config: {thread: 2}}]", "m", why_not);
        }).find("did you mean \"threads\"") != std::string::npos);
  CHECK(message_of([&] {
          init("backend_priority: [{type: LOCAL, config: {threads: 0}}]", "m", why_not);
        }).find("at least 1") != std::string::npos);
}

TEST_CASE("LOCAL initializer: an unknown module is nothing, with its id and class") {
  make_model("other", "00000000-0000-4000-8000-000000000000");
  std::string why_not;
  CHECK_FALSE(init("{}", "other", why_not));
  CHECK(why_not.find("00000000-0000-4000-8000-000000000000") != std::string::npos);
  CHECK(why_not.find("Thing") != std::string::npos);
}

TEST_CASE("[INI-7] [INI-8] LOCAL initializer: remembers its backend; a failing load is final and names it") {
  make_model("m");
  std::string why_not;
  CHECK(init("{}", "m", why_not)->load_backend == "LOCAL");
  make_directories("b");
  write_file("b/config.yml", std::string("module_id: ") + kId + "\nname: broken\n", Sync::no);
  const std::string message = message_of([&] { init("{}", "b", why_not); });
  CHECK(message.find("backend LOCAL of module echo: no luck") != std::string::npos);
}
