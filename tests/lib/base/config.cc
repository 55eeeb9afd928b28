#include "lib/base/config.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/error.h"
#include "lib/base/files.h"

using namespace ostler;

namespace {

ConfigurationRequest request() {
  ConfigurationRequest request;
  request.system_file = absolute_path("system.yml");
  request.working_directory = absolute_path("work");
  make_directories("work");
  make_directories("home/.config/ostler");
  for (const char* file : {"system.yml", "work/ostler.yml", "home/.config/ostler/config.yml"})
    remove_file_if_there(file);
  request.environment = {"HOME=" + absolute_path("home")};
  const Value instance =
      Value::object({{"type", nullptr},
                     {"plugin", nullptr},
                     {"config", Value::object({{"~", true}, {"max_concurrent", nullptr}})}});
  request.schema =
      Value::object({{"load_path", nullptr},
                     {"code", nullptr},
                     {"model_management", Value::object({{"trainers", Value::object({{"*", instance}})},
                                                         {"finders", Value::object({{"*", instance}})}})}});
  request.defaults = parse_yaml(
      "load_path: ./models\nmodel_management:\n  trainers:\n    default: {type: LOCAL}\n    a_b: {type: "
      "LOCAL}\n",
      "defaults");
  request.ignored_keys = {"runtime", "log"};
  request.code_keys = {"code", "model_management.*.*.plugin"};
  return request;
}

std::string message_of(const ConfigurationRequest& wanted) {
  try {
    load_configuration(wanted);
  } catch (const Error& error) {
    return error.what();
  }
  return "(no error)";
}

}  // namespace

TEST_CASE("config: a component of another type does not inherit the configuration of the one before") {
  ConfigurationRequest wanted = request();
  write_file("system.yml",
             "model_management:\n  trainers:\n    default: {type: MULTI, config: {members: [a]}}\n",
             Sync::no);
  write_file("work/ostler.yml", "model_management:\n  trainers:\n    default: {config: {more: 1}}\n",
             Sync::no);
  const auto trainer = [&] {
    return load_configuration(wanted).values.at("model_management").at("trainers").at("default");
  };
  CHECK(to_json(trainer()) == R"({"type":"MULTI","config":{"members":["a"],"more":1}})");
  write_file("work/ostler.yml", "model_management:\n  trainers:\n    default: {type: LOCAL}\n", Sync::no);
  CHECK(to_json(trainer()) == R"({"type":"LOCAL"})");
  write_file("work/ostler.yml", "", Sync::no);
  // From the environment, in whatever order the variables stand.
  wanted.environment.push_back("OSTLER_MODEL_MANAGEMENT_TRAINERS_DEFAULT_CONFIG_MAX_CONCURRENT=2");
  wanted.environment.push_back("OSTLER_MODEL_MANAGEMENT_TRAINERS_DEFAULT_TYPE=LOCAL");
  CHECK(to_json(trainer()) == R"({"config":{"max_concurrent":2},"type":"LOCAL"})");
}

TEST_CASE("config: files are merged in their order, and values know where they came from") {
  ConfigurationRequest wanted = request();
  write_file("system.yml",
             "load_path: /system\nmodel_management:\n  trainers:\n    big: {type: LOCAL, config: "
             "{max_concurrent: 1}}\n",
             Sync::no);
  write_file("home/.config/ostler/config.yml", "load_path: /user\n", Sync::no);
  write_file("work/ostler.yml",
             "model_management:\n  trainers:\n    big:\n      config:\n        max_concurrent: 2\n",
             Sync::no);
  write_file("extra.yml", "load_path: /extra\n", Sync::no);
  Configuration found = load_configuration(wanted);
  CHECK(found.values.at("load_path").as_string() == "/user");
  CHECK(found.values.at("load_path").where() == absolute_path("home/.config/ostler/config.yml") + ":1: ");
  const Value& big = found.values.at("model_management").at("trainers").at("big");
  CHECK(big.at("type").as_string() == "LOCAL");
  CHECK(big.at("config").at("max_concurrent").as_integer() == 2);
  CHECK(found.values.at("model_management").at("trainers").find("default") != nullptr);
  wanted.config_file = absolute_path("extra.yml");
  CHECK(load_configuration(wanted).values.at("load_path").as_string() == "/extra");
  wanted.config_file.reset();
  wanted.environment.push_back("OSTLER_CONFIG=" + absolute_path("extra.yml"));
  CHECK(load_configuration(wanted).values.at("load_path").as_string() == "/extra");
}

TEST_CASE("config: environment variables name keys, the longest first") {
  ConfigurationRequest wanted = request();
  wanted.environment = {"OSTLER_LOAD_PATH=/e",
                        "OSTLER_MODEL_MANAGEMENT_TRAINERS_DEFAULT_CONFIG_MAX_CONCURRENT=3",
                        "OSTLER_MODEL_MANAGEMENT_TRAINERS_A_B_CONFIG_MAX_CONCURRENT=4",
                        "OSTLER_HOME=/h",
                        "OSTLER_JOB_ID=x",
                        "OSTLER_LOAD_PAHT=/f",
                        "HOMEX=1"};
  const Configuration found = load_configuration(wanted);
  CHECK(found.values.at("load_path").as_string() == "/e");
  CHECK(found.values.at("load_path").where() == "OSTLER_LOAD_PATH: ");
  const Value& trainers = found.values.at("model_management").at("trainers");
  CHECK(trainers.at("default").at("config").at("max_concurrent").as_integer() == 3);
  CHECK(trainers.at("a_b").at("config").at("max_concurrent").as_integer() == 4);
  REQUIRE(found.warnings.size() == 1);
  CHECK(found.warnings[0] == "the environment variable OSTLER_LOAD_PAHT names no key of the configuration");
}

TEST_CASE("config: errors name file, line and the nearest key") {
  const ConfigurationRequest wanted = request();
  const std::string file = absolute_path("work/ostler.yml");
  write_file(file, "load_path: x\nmodel_managment: {}\n", Sync::no);
  CHECK(message_of(wanted) ==
        file + ":2: unknown key \"model_managment\"; did you mean \"model_management\"?");
  write_file(file, "model_management:\n  trainer:\n    default: {}\n", Sync::no);
  CHECK(message_of(wanted).find(
            file + ":2: unknown key \"model_management.trainer\"; did you mean \"trainers\"?") == 0);
  write_file(file, "model_management:\n  trainers: [1]\n", Sync::no);
  CHECK(message_of(wanted) == file + ":2: model_management.trainers must be a map, not a list");
  write_file(file, "- a\n", Sync::no);
  CHECK(message_of(wanted).find(file + ":1: the configuration must be a map") == 0);
  write_file(file, "a: [\n", Sync::no);
  CHECK(message_of(wanted).find(file + ":") == 0);
  write_file(file, "", Sync::no);
  CHECK(message_of(wanted) == "(no error)");
  write_file(file, "model_management:\n  trainers:\n", Sync::no);
  CHECK(load_configuration(wanted).values.at("model_management").at("trainers").find("default") != nullptr);
}

TEST_CASE("config: a named file must be there; caikit's own keys are a note") {
  ConfigurationRequest wanted = request();
  wanted.config_file = "absent.yml";
  CHECK(message_of(wanted).find("there is no configuration file") == 0);
  wanted.config_file.reset();
  write_file("work/ostler.yml", "runtime: {port: 1}\nlog: {level: debug}\n", Sync::no);
  const Configuration found = load_configuration(wanted);
  REQUIRE(found.warnings.size() == 1);
  CHECK(found.warnings[0].find("runtime, log") != std::string::npos);
  CHECK(found.values.find("runtime") == nullptr);
}

TEST_CASE("config: a file that names code is heeded only when nobody else may write it") {
  ConfigurationRequest wanted = request();
  write_file("work/ostler.yml", "code: [x]\n", Sync::no, 0644);
  REQUIRE(::chmod("work/ostler.yml", 0644) == 0);
  CHECK(message_of(wanted) == "(no error)");
  REQUIRE(::chmod("work/ostler.yml", 0646) == 0);
  CHECK(message_of(wanted).find("may be written by others") != std::string::npos);
  CHECK(message_of(wanted).find("OSTLER_TRUST=") != std::string::npos);
  wanted.environment.push_back("OSTLER_TRUST=" + absolute_path("work"));
  CHECK(message_of(wanted) == "(no error)");
  if (::getuid() == 0) {
    wanted.environment.pop_back();
    REQUIRE(::chmod("work/ostler.yml", 0644) == 0);
    REQUIRE(::chown("work/ostler.yml", 12345, 12345) == 0);
    CHECK(message_of(wanted).find("belongs to user 12345") != std::string::npos);
  }
}

TEST_CASE("config: a plugin below any role and instance is code; null there is not") {
  ConfigurationRequest wanted = request();
  const auto write = [](const std::string& plugin) {
    write_file("work/ostler.yml", "model_management: {trainers: {x: {type: A, plugin: " + plugin + "}}}\n",
               Sync::no);
    REQUIRE(::chmod("work/ostler.yml", 0646) == 0);
  };
  write("./a.so");
  CHECK(message_of(wanted).find("names or holds code and may be written by others") != std::string::npos);
  write("null");
  CHECK(message_of(wanted) == "(no error)");
}

TEST_CASE("config: a path is relative to the file that says it, or else to the working directory") {
  ConfigurationRequest wanted = request();
  write_file("home/.config/ostler/config.yml", "load_path: here/x\n", Sync::no);
  const auto path = [&] {
    return path_in_configuration(load_configuration(wanted).values.at("load_path"), "/top");
  };
  CHECK(path() == absolute_path("home/.config/ostler/here/x"));
  wanted.environment.push_back("OSTLER_LOAD_PATH=here/x");
  CHECK(path() == "/top/here/x");
  CHECK(path_in_configuration(Value("/a/../b"), "/top") == "/b");
}
