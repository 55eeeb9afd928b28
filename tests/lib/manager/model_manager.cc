#include "lib/manager/model_manager.h"

#include <doctest/doctest.h>
#include <poll.h>

#include "lib/base/files.h"
#include "lib/base/process.h"
#include "lib/data/records.h"
#include "lib/model_management/local_job_predictor.h"
#include "lib/model_management/local_model_finder.h"
#include "lib/model_management/local_model_initializer.h"
#include "lib/model_management/local_model_trainer.h"
#include "tests/support/message_of.h"

using namespace ostler;

namespace {

constexpr char kFaultId[] = "6f0a2c3e-8f0d-4c55-9c1b-2f7f0a5d9e01";
const std::string kData = std::string(OSTLER_TEST_DATA) + "/iris.train.csv";

// A manager with a directory, a store and a configuration of its own, and the module `fault`.
struct Managed {
  const std::string directory = working_directory() + "/" + make_uuid4();
  const std::string home = directory + "/home";
  std::unique_ptr<ModelManager> manager = make();

  std::unique_ptr<ModelManager> make() const {
    make_directories(directory);
    ModelManager::Options options;
    options.configuration = Value::object(
        {{"module_directories", Value::array({OSTLER_TEST_MODULES})},
         {"model_management", parse_yaml("{trainers: {night: {type: LOCAL, config: {max_concurrent: 1}}}, "
                                         "job_predictors: {night: {type: LOCAL}}}",
                                         "test")}});
    options.home = home;
    options.working_directory = directory;
    options.environment = std::vector<std::string>{"PATH=/usr/bin:/bin"};
    for (const std::string& entry : process_environment())
      if (entry.find("SAN_OPTIONS=") != std::string::npos) options.environment->push_back(entry);
    return std::make_unique<ModelManager>(options);
  }
  // The runner ends a moment after its job; the directory must not be removed below it.
  ~Managed() {
    const auto runs = [&] {
      for (const std::string& name : list_directory("/proc")) try {
          if (const auto line = read_file_if_there("/proc/" + name + "/cmdline"))
            if (line->find(home) != std::string::npos) return true;
        } catch (const Error&) {
        }
      return false;
    };
    while (runs()) ::poll(nullptr, 0, 2);
  }

  static TrainArguments training(Value parameters = Value::object()) {
    TrainArguments arguments;
    arguments.data = {kData};
    arguments.parameters = std::move(parameters);
    return arguments;
  }
  static PredictArguments prediction() {
    PredictArguments arguments;
    arguments.data = {kData};
    arguments.input_format = arguments.output_format = "csv";
    return arguments;
  }
  std::string trained(const std::string& name, const std::string& value) {
    TrainArguments arguments = training(Value::object({{"value", value}}));
    arguments.save_path = directory + "/" + name;
    return manager->train("fault", arguments, "default", true)->result();
  }
};

std::string first_prediction(const LoadedModel& model) {
  RecordBatch batch;
  batch.rows = 1;
  batch.add_texts("text");
  const RecordBatch output = model.module->run(batch, {});
  return std::string(output.columns.at(0).texts.at(0));
}

// Remembers what it is asked, and passes it on.
class WatchingFinder : public ModelFinderBase {
 public:
  explicit WatchingFinder(const std::string& load_path) : local_("watching", load_path, load_path) {}
  std::optional<FoundModel> find_model(const std::string& model_path, const LoadArguments& arguments,
                                       std::string& why_not) const override {
    seen = arguments.more;
    return local_.find_model(model_path, arguments, why_not);
  }
  mutable Value seen;

 private:
  LocalModelFinder local_;
};

class WatchingInitializer : public ModelInitializerBase {
 public:
  explicit WatchingInitializer(const ModuleCatalog& modules)
      : local_("watching", {{"LOCAL", Value::object()}}, modules) {}
  std::optional<LoadedModel> init(const FoundModel& model, const LoadArguments& arguments,
                                  std::string& why_not) const override {
    seen = arguments.more;
    return local_.init(model, arguments, why_not);
  }
  mutable Value seen;

 private:
  LocalModelInitializer local_;
};

// A module that says what its load was given.
class SayingModule : public Module {
 public:
  explicit SayingModule(std::string said) : said_(std::move(said)) {}
  RecordBatch run(const RecordBatch& input, const RunOptions&) const override {
    RecordBatch output;
    output.rows = input.rows;
    Column& prediction = output.add_texts("prediction");
    for (std::string_view& text : prediction.texts) text = output.store(said_);
    return output;
  }
  std::vector<InputColumn> input_columns() const override { return {}; }
  SaveResult save(const std::string&) const override { return {}; }

 private:
  std::string said_;
};

class SayingClass : public ModuleClass, public ModuleCatalog {
 public:
  std::string module_id() const override { return kFaultId; }
  std::unique_ptr<Module> train(const TrainRequest&, TrainReporter&) const override { return nullptr; }
  std::unique_ptr<Module> load(const LoadRequest& request) const override {
    if (request.arguments.get_boolean("nothing")) return nullptr;
    return std::make_unique<SayingModule>(to_json(request.arguments) + std::to_string(request.threads));
  }
  std::vector<ModuleManifest> list() const override { return {}; }
  ModuleManifest find(const std::string&) const override {
    ModuleManifest manifest;
    manifest.name = "saying";
    manifest.backends = {{kLocalBackend, {kLocalBackend}}};
    return manifest;
  }
  const ModuleClass& open(const ModuleManifest&, const std::string&) const override { return *this; }
};

}  // namespace

TEST_CASE("[MGR-3] train: by short name or id, saved where it was asked; an unknown module is an error") {
  Managed test;
  TrainArguments arguments = Managed::training();
  arguments.save_path = "models";
  arguments.save_with_id = true;
  arguments.model_name = "mine";
  const auto future = test.manager->train(kFaultId, arguments, "night", true);
  CHECK(future->get_info().status == JobStatus::COMPLETED);
  CHECK(future->get_info().instance == "night");
  CHECK(future->save_path() == test.directory + "/models/" + future->get_info().uuid + "/mine");
  CHECK(future->result() == future->save_path());
  CHECK(test.manager->find_model(future->save_path()).config.module_id() == kFaultId);
  const std::string message =
      message_of([&] { test.manager->train("fualt", Managed::training(), "default", true); });
  CHECK(message.find("there is no module \"fualt\"; did you mean \"fault\"?") == 0);
}

TEST_CASE("[MGR-7] [MGR-13] a model once for all, and a model or a path resolved") {
  Managed test;
  const std::string path = test.trained("m", "hay");
  const auto kept = test.manager->load_singleton(path);
  CHECK(test.manager->load_singleton(path) == kept);
  CHECK(test.manager->get_singleton_model_cache_info() ==
        std::map<std::string, std::string>{{path, "fault"}});
  test.manager->clear_singleton_cache();
  CHECK(test.manager->load_singleton(path) != kept);
  CHECK(first_prediction(*kept) == "hay");

  LoadedModel model = test.manager->resolve_and_load(path);
  const Module* module = model.module.get();
  CHECK(test.manager->resolve_and_load(std::move(model)).module.get() == module);
  CHECK(message_of([&] { test.manager->resolve_and_load("nowhere"); }).find("no model \"nowhere\"") == 0);
}

TEST_CASE("[MGR-8] start_prediction_job: the method by name, the predictor by instance") {
  Managed test;
  const LoadedModel model = test.manager->load(test.trained("m", "hay"));
  const auto future = test.manager->start_prediction_job(model, Managed::prediction(), "night", true);
  CHECK(future->get_info().instance == "night");
  CHECK(read_file(future->result()).substr(0, 15) == "prediction\nhay\n");
  PredictArguments unknown = Managed::prediction();
  unknown.method = "walk";
  CHECK(message_of([&] { test.manager->start_prediction_job(model, unknown); }) ==
        "module fault has no method \"walk\" (methods: run, twice)");
  CHECK(message_of([&] {
          test.manager->start_prediction_job(model, Managed::prediction(), "nigth");
        }).find("Unknown job predictor: \"nigth\"; did you mean \"night\"?") == 0);
}

TEST_CASE("[MGR-9] [MGR-20] the handle of a job of a named instance, by its own and by an external id") {
  Managed test;
  TrainArguments external = Managed::training();
  external.job.external_id = hash_instance_name("default") + "-like";  // un-hashes to another instance
  const std::string trained = test.manager->train("fault", external, "night", true)->id();
  const std::string plain = test.manager->train("fault", Managed::training(), "night", true)->id();
  const LoadedModel model = test.manager->load(test.trained("m", "hay"));
  const std::string predicted =
      test.manager->start_prediction_job(model, Managed::prediction(), "night", true)->id();
  CHECK(trained == *external.job.external_id);
  CHECK(plain.find(hash_instance_name("night") + ":") == 0);

  const auto later = test.make();  // as another process would
  CHECK(later->get_model_future(trained)->get_info().instance == "night");
  CHECK(later->get_model_future(plain)->get_info().instance == "night");
  CHECK(later->get_model_future(plain)->id() == plain);
  CHECK(later->get_prediction_future(predicted)->get_info().instance == "night");
  // The prefix is a check: an instance's name that the job has not.
  const std::string uuid = plain.substr(plain.find(':') + 1);
  CHECK_THROWS_AS(later->get_model_future(hash_instance_name("default") + ":" + uuid), Error);
  CHECK(later->get_model_future(uuid)->id() == plain);
  CHECK(message_of([&] { later->get_model_future(predicted); }).find("is no training") != std::string::npos);
  CHECK(message_of([&] { later->get_prediction_future("none-such"); }).find("there is no job none-such") ==
        0);
}

TEST_CASE("[MGR-11] module ids and their classes") {
  Managed test;
  CHECK(test.manager->get_valid_module_ids().at(kFaultId) == "FaultModule");
}

TEST_CASE("[MGR-12] finder, initializer, trainer and predictor given by value") {
  Managed test;
  test.trained("stable/m", "hay");
  const WatchingFinder finder(test.directory + "/stable");
  const WatchingInitializer initializer(test.manager->modules());
  const LoadedModel model = test.manager->load("m", finder, initializer);
  CHECK(model.finder == "watching");
  CHECK(model.initializer == "watching");
  CHECK(test.manager->find_model("m", finder).finder == "watching");

  ComponentContext context;
  context.working_directory = test.directory;
  context.modules = &test.manager->modules();
  context.jobs = &test.manager->jobs();
  LocalModelTrainer trainer("mine", {}, context);
  CHECK(test.manager->train("fault", Managed::training(), trainer, true)->get_info().instance == "mine");
  LocalJobPredictor predictor("mine", {}, {}, context);
  const auto prediction = test.manager->start_prediction_job(model, Managed::prediction(), predictor, true);
  CHECK(prediction->get_info().instance == "mine");
  // The instance is nowhere configured; the job is found all the same.
  CHECK(test.manager->get_prediction_future(prediction->id())->get_info().instance == "mine");
}

TEST_CASE("[MGR-16] further arguments of load reach finder, initializer and the module's load") {
  Managed test;
  test.trained("m", "hay");
  const WatchingFinder finder(test.directory);
  const SayingClass modules;
  const WatchingInitializer initializer(modules);
  const LoadArguments arguments{.threads = 3, .more = Value::object({{"precision", "half"}})};
  const LoadedModel model = test.manager->load("m", finder, initializer, arguments);
  CHECK(finder.seen == arguments.more);
  CHECK(initializer.seen == arguments.more);
  CHECK(first_prediction(model) == "{\"precision\":\"half\"}3");
}

TEST_CASE("[INI-5] a load that gives no module is an error that names the module") {
  Managed test;
  test.trained("m", "hay");
  const SayingClass modules;
  const WatchingInitializer initializer(modules);
  const LoadArguments arguments{.more = Value::object({{"nothing", true}})};
  CHECK(message_of([&] {
          test.manager->load("m", "default", initializer, arguments);
        }).find("module saying loaded nothing") != std::string::npos);
}

TEST_CASE("[MGR-19] waiting for a job that fails gives its handle; its result throws") {
  Managed test;
  const auto future = test.manager->train(
      "fault", Managed::training(Value::object({{"do", "throw"}, {"message", "lame"}})), "default", true);
  CHECK(future->get_info().status == JobStatus::ERRORED);
  CHECK(message_of([&] { future->result(); }).find("lame") != std::string::npos);
}

TEST_CASE("a manager that is given its configuration reads no file and no variable") {
  make_directories("elsewhere/ostler");
  write_file("elsewhere/ostler/config.yml", "no: [", Sync::no);
  write_file("elsewhere/ostler.yml", "no: [", Sync::no);
  ModelManager::Options options;
  options.working_directory = absolute_path("elsewhere");
  options.environment =
      std::vector<std::string>{"XDG_CONFIG_HOME=" + absolute_path("elsewhere"), "OSTLER_CONFIG=/nowhere",
                               "OSTLER_LOAD_PATH=variable", "HOME=/proc/none"};
  CHECK_THROWS_AS(ModelManager{options}, Error);
  options.configuration = Value::object();
  CHECK(ModelManager(options).load_path() == absolute_path("elsewhere/models"));
  options.configuration = Value::object({{"load_path", "given"}});
  CHECK(ModelManager(options).load_path() == absolute_path("elsewhere/given"));
  options.configuration = Value::object({{"load_paht", "given"}});
  CHECK(message_of([&] { ModelManager{options}; }).find("unknown key \"load_paht\"") == 0);
}
