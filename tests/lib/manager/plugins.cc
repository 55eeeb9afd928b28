#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "lib/base/files.h"
#include "lib/manager/model_manager.h"
#include "lib/manager/plugin_loader.h"
#include "tests/support/message_of.h"

using namespace ostler;

namespace {

const std::string kPlugins = OSTLER_TEST_PLUGINS;
constexpr char kId[] = "6f0a2c3e-8f0d-4c55-9c1b-2f7f0a5d9e01";

std::string plugin(const std::string& name) { return kPlugins + "/" + name + ".so"; }

// A library that was opened must not be written over: each copy has a name of its own.
std::string copy_of(const std::string& name, const std::string& target) {
  std::filesystem::copy_file(plugin(name), target);
  return absolute_path(target);
}

// A manager whose configuration is the YAML text, of a file conf/c.yml.
std::unique_ptr<ModelManager> manager(const std::string& yaml,
                                      std::vector<std::string> environment = {"HOME=/nowhere"}) {
  ModelManager::Options options;
  options.configuration = parse_yaml(yaml, absolute_path("conf/c.yml"));
  options.home = absolute_path("home");
  options.environment = std::move(environment);
  return std::make_unique<ModelManager>(options);
}

// What is said when the finder `mine`, configured so, is asked for a model.
std::string said_of(const std::string& finder, std::vector<std::string> environment = {"HOME=/nowhere"}) {
  const auto made = manager("model_management: {finders: {mine: " + finder + "}}", std::move(environment));
  return message_of([&] { made->find_model("any", "mine"); });
}

bool holds(const std::string& text, const std::string& part) {
  CAPTURE(text);
  const bool found = text.find(part) != std::string::npos;
  CHECK_MESSAGE(found, part, " is not in: ", text);
  return found;
}

// A directory of plugins with one manifest.
std::string directory_with(const std::string& name, const std::string& manifest) {
  make_directories(name);
  write_file(name + "/p.json", manifest, Sync::no);
  return absolute_path(name);
}

}  // namespace

TEST_CASE("[FAC-1] [FAC-6] a plugin brings components of all four roles, built from their configuration") {
  make_directories("m");
  write_file("m/config.yml", std::string("module_id: ") + kId + "\n", Sync::no);
  const auto mine = [&](const std::string& section, const std::string& type) {
    return section + ": {mine: {type: " + type + ", plugin: " + plugin("good") + "}}";
  };
  const auto made =
      manager("module_directories: [" + std::string(OSTLER_TEST_MODULES) +
              "]\nmodel_management: {finders: {mine: {type: NIGHTLY, plugin: " + plugin("good") +
              ", config: {model: " + absolute_path("m") + "}}}, " + mine("initializers", "QUIET") + ", " +
              mine("trainers", "SLOW") + ", " + mine("job_predictors", "FAR") + "}");
  CHECK(made->find_model("any", "mine").finder == "mine");
  CHECK(made->find_model("any", "mine").config.model_path() == absolute_path("m"));
  // The initializer is there: it comes as far as the module, which misses its file.
  holds(message_of([&] { made->load("any", "mine", "mine"); }), "backend LOCAL of module fault");
  holds(message_of([&] { made->train("fault", {}, "mine"); }), "no data to train on");
  holds(message_of([&] { made->train("fault", {}, "mien"); }), "did you mean \"mine\"?");
  LoadedModel model;
  struct Nothing : Module {
    RecordBatch run(const RecordBatch& input, const RunOptions&) const override { return input; }
    std::vector<InputColumn> input_columns() const override { return {}; }
    SaveResult save(const std::string&) const override { return {}; }
  };
  model.module = std::make_unique<Nothing>();
  holds(message_of([&] { made->start_prediction_job(model, {}, "mine"); }), "no data to predict on");
}

TEST_CASE("[FAC-4] a type's name that is taken by another class is an error; the same class again is not") {
  make_directories("conf");
  const std::string nightly = "{type: NIGHTLY, config: {model: /none}, plugin: ";
  const auto made =
      manager("model_management: {finders: {a: " + nightly + plugin("good") + "}, b: " + nightly +
              plugin("good") + "}, c: " + nightly + copy_of("good", "conf/copy.so") + "}}}");
  holds(message_of([&] { made->find_model("any", "a"); }), "/none does not exist");
  holds(message_of([&] { made->find_model("any", "b"); }), "/none does not exist");
  holds(message_of([&] { made->find_model("any", "c"); }),
        "two classes of the finder factory have the name NIGHTLY");
  holds(said_of("{type: LOCAL, plugin: " + plugin("good") + "}"),
        absolute_path("conf/c.yml") + ":1: two classes of the finder factory have the name LOCAL");
}

TEST_CASE("[FAC-5] what is wrong with a plugin, each its own error with the place in the configuration") {
  const std::string place = absolute_path("conf/c.yml") + ":1: ";
  const std::string front = place + "the finder \"mine\" cannot be made: ";
  CHECK(said_of("{type: NIGHTLY, plugin: 3}") ==
        place + "plugin of the finder \"mine\" must be text, not an integer");
  CHECK(said_of("{type: NIGHTLY, plugin: \"\"}") ==
        place + "plugin of the finder \"mine\" is empty; it is the path of a shared object");
  CHECK(said_of("{type: NIGHTLY, plugin: none.so}") ==
        front + "there is no plugin " + absolute_path("conf/none.so") + ": no such file");
  make_directories("conf");
  write_file("conf/text.so", "no library", Sync::no);
  holds(said_of("{type: NIGHTLY, plugin: text.so}"),
        front + "the plugin " + absolute_path("conf/text.so") + " cannot be opened: ");
  CHECK(said_of("{type: NIGHTLY, plugin: " + plugin("no_entry") + "}") ==
        front + "the plugin " + plugin("no_entry") +
            " has no entry point ostler_plugin: it is no plugin of ostler's");
  holds(said_of("{type: NIGHTLY, plugin: " + plugin("other_abi") + "}"),
        front + "the plugin " + plugin("other_abi") + " has the ABI version " +
            std::to_string(kPluginAbiVersion + 1) + ", this ostler has " + std::to_string(kPluginAbiVersion));
  holds(said_of("{type: NIGHTLY, plugin: " + plugin("throwing") + "}"), "its entry point failed: no licence");
}

TEST_CASE(
    "[FAC-5] a plugin that others may write to, or that is another's, is refused unless it is trusted") {
  make_directories("conf");
  const std::string copy = copy_of("good", "conf/mine.so");
  const std::string finder = "{type: NIGHTLY, plugin: mine.so, config: {model: /none}}";
  holds(said_of(finder), "/none does not exist");
  REQUIRE(::chmod(copy.c_str(), 0777) == 0);
  holds(said_of(finder), copy + " names or holds code and may be written by others");
  holds(said_of(finder, {"OSTLER_TRUST=" + absolute_path("conf")}), "/none does not exist");
  REQUIRE(::chmod(copy.c_str(), 0755) == 0);
  if (::geteuid() != 0) return;  // only root can give a file away
  REQUIRE(::chown(copy.c_str(), 12345, 12345) == 0);
  holds(said_of(finder), copy + " names or holds code and belongs to user 12345, neither you nor root");
}

TEST_CASE("[FAC-7] a plugin without the type, or without the role, is an error of its own; null is ignored") {
  holds(
      said_of("{type: NIGHTLI, plugin: " + plugin("good") + "}"),
      "the plugin " + plugin("good") +
          " brings no finder of the type \"NIGHTLI\"; did you mean \"NIGHTLY\"? (it brings: NIGHTLY, LOCAL)");
  holds(said_of("{type: SLOW, plugin: " + plugin("good") + "}"), " brings no finder of the type \"SLOW\"");
  // Its only module is of no role.
  holds(said_of("{type: SLOW, plugin: " + std::string(OSTLER_TEST_MODULES) + "/fault.so}"),
        "/fault.so brings no finder at all (it brings: 1 modules)");
  holds(said_of("{type: LOCAL, plugin: null}"), "no model \"any\" was found");
}

TEST_CASE("a type that a manifest in a plugin directory lists needs no key plugin") {
  const std::string directory =
      directory_with("stable", "{\"ostler_manifest\": 1, \"file\": \"good.so\", \"finders\": [\"NIGHTLY\"]}");
  copy_of("good", "stable/good.so");
  const std::string start = "module_directories: [" + directory + "]\nmodel_management: {finders: {mine: ";
  const auto said = [&](const std::string& finder) {
    const auto made = manager(start + finder + "}}");
    return message_of([&] { made->find_model("any", "mine"); });
  };
  holds(said("{type: NIGHTLY, config: {model: /none}}"), "/none does not exist");
  holds(said("{type: NIGHTLI}"), "the finder factory has no type \"NIGHTLI\"; known: NIGHTLY, ");
  // A second plugin with the type: it must be said which.
  const std::string second =
      directory_with("second", "{\"ostler_manifest\": 1, \"file\": \"good.so\", \"finders\": [\"NIGHTLY\"]}");
  copy_of("good", "second/good.so");
  const auto made =
      manager("module_directories: [stable, second]\nmodel_management: {finders: {mine: {type: NIGHTLY}}}");
  // Relative to the file that says it, which lies elsewhere.
  holds(message_of([&] { made->find_model("any", "mine"); }), "no type \"NIGHTLY\"");
  const auto both = manager(
      "module_directories: [../stable, ../second]\nmodel_management: {finders: {mine: {type: NIGHTLY}}}");
  holds(message_of([&] { both->find_model("any", "mine"); }),
        "two plugins bring \"NIGHTLY\" among their finders");
}

TEST_CASE("a broken plugin is told of and hides no other") {
  make_directories("mixed");
  const auto module = [](const std::string& name, const std::string& file) {
    return "{\"ostler_manifest\": 1, \"module_id\": \"" + make_uuid4() + "\", \"name\": \"" + name +
           "\", \"version\": \"1\", \"file\": \"" + file + "\"}";
  };
  write_file("mixed/absent.json", module("absent", "absent.so"), Sync::no);
  write_file("mixed/broken.json", "{", Sync::no);
  write_file("mixed/good.json", module("fine", "good.so"), Sync::no);
  write_file("mixed/open.json", module("open", "open.so"), Sync::no);
  write_file("mixed/types.json", "{\"ostler_manifest\": 1, \"file\": \"good.so\", \"finders\": 3}", Sync::no);
  copy_of("good", "mixed/good.so");
  REQUIRE(::chmod(copy_of("good", "mixed/open.so").c_str(), 0777) == 0);

  PluginCatalog::Options options;
  options.directories = {absolute_path("mixed")};
  const PluginCatalog catalog(std::move(options));
  REQUIRE(catalog.list().size() == 1);
  CHECK(catalog.list()[0].name == "fine");
  CHECK(catalog.find("fine").file == absolute_path("mixed/good.so"));
  const std::vector<std::string> faults = catalog.faults();
  REQUIRE(faults.size() == 4);
  holds(faults[0], "absent.so is not there");
  holds(faults[1], "broken.json");
  holds(faults[2], "open.so names or holds code and may be written by others");
  holds(faults[3], "types.json");
  holds(message_of([&] { catalog.find("open"); }), "may be written by others");
  holds(message_of([&] { catalog.find("absent"); }), "absent.so is not there");
  holds(message_of([&] { catalog.find("fin"); }), "did you mean \"fine\"? (installed: fine; passed over: ");
  CHECK(catalog.component_library("finders", "NIGHTLY").empty());
}

TEST_CASE("a module that its plugin does not bring is an error that names both") {
  ModuleManifest manifest;
  manifest.name = "ghost";
  manifest.module_id = kId;
  manifest.file = plugin("good");
  CHECK(message_of([&] { open_module(manifest, ""); }) == "the plugin " + plugin("good") +
                                                              " brings no module with the id " + kId +
                                                              ", which its manifest names ghost");
}
