// Models that cannot be loaded: every file missing, cut, or of another model. Checksums catch damage before a
// module is asked; these are for what they do not see.
#include <doctest/doctest.h>

#include "tests/lib/modules/training.h"

#ifdef OSTLER_SANITIZE
// What LIBLINEAR has read of a file that it then refuses, it does not free.
extern "C" const char* __lsan_default_suppressions() { return "leak:load_model"; }
#endif

namespace ostler::testing {
namespace {

struct Made {
  const char* module;
  std::vector<std::string> files;
};
const Made kMade[] = {{"xgboost", {"model.json", "schema.json"}},
                      {"linear", {"linear.json", "model.txt", "schema.json"}}};

std::string make_model(const std::string& module, const std::string& data, const char* label,
                       const std::string& name) {
  return save(*train(module, data_file(data), Value::object({{"label", label}})), name);
}

// Loading must fail as data_loss, or as what the system says, in words.
void check_refused(const std::string& module, const std::string& directory) {
  StatusCode code = StatusCode::ok;
  const std::string message = message_of([&] { load(module, directory); }, &code);
  CAPTURE(message);
  CHECK_FALSE(message.empty());
  CHECK((code == StatusCode::data_loss || code == StatusCode::unknown));
  CHECK_FALSE(contains(message, "Stack trace"));
  CHECK_FALSE(contains(message, "\n"));
}

TEST_CASE("a model directory holds the files it should") {
  for (const Made& made : kMade) {
    CAPTURE(made.module);
    CHECK(list_tree(make_model(made.module, "iris.train.csv", "target", "model")) == made.files);
  }
}

TEST_CASE("a missing, empty, cut or foreign file is refused") {
  for (const Made& made : kMade) {
    CAPTURE(made.module);
    const std::string good = make_model(made.module, "penguins.train.csv", "species", "good");
    const std::string other = make_model(made.module, "breast_cancer.train.csv", "target", "other");
    CHECK_NOTHROW(load(made.module, good));
    for (const std::string& file : made.files) {
      CAPTURE(file);
      const std::string path = join_path(good, file), text = read_file(path);
      remove_file_if_there(path);
      check_refused(made.module, good);
      for (const std::string& damaged :
           {std::string(), text.substr(0, text.size() / 2), text.substr(0, text.size() / 7),
            std::string("binf\1\2"), std::string("{}"), std::string("[1]"), "x" + text,
            read_file(join_path(other, file))}) {
        write_file(path, damaged, Sync::no);
        check_refused(made.module, good);
      }
      write_file(path, text, Sync::no);
    }
    CHECK_NOTHROW(load(made.module, good));
  }
}

TEST_CASE("a model of another task is refused") {
  for (const Made& made : kMade) {
    CAPTURE(made.module);
    const std::string classes =
        save(*train(made.module, write_data(plane(200, true)), Value::object({{"label", "y"}})), "classes");
    const std::string numbers =
        save(*train(made.module, write_data(plane(200, false)), Value::object({{"label", "y"}})), "numbers");
    write_file(join_path(classes, "schema.json"), read_file(join_path(numbers, "schema.json")), Sync::no);
    if (std::string(made.module) == "linear") check_refused(made.module, classes);
  }
}

TEST_CASE("a schema that holds nonsense is refused") {
  const std::string directory = make_model("linear", "penguins.train.csv", "species", "model");
  const std::string path = join_path(directory, "schema.json");
  const Value good = parse_json(read_file(path), path);
  const auto check_without = [&](const auto& spoil) {
    Value value = good;
    spoil(value);
    write_file(path, to_json(value), Sync::no);
    check_refused("linear", directory);
  };
  for (const char* key : {"ostler_table", "task", "label", "label_kind", "classes", "features"})
    check_without([&](Value& value) { value.erase(key); });
  check_without([](Value& value) { value["ostler_table"] = 2; });
  check_without([](Value& value) { value["task"] = "clustering"; });
  check_without([](Value& value) { value["classes"].as_array().resize(1); });
  check_without([](Value& value) { value["label_kind"] = "number"; });
  check_without([](Value& value) { value["features"].as_array().clear(); });
  check_without([](Value& value) { value["features"].as_array().pop_back(); });
  check_without([](Value& value) { value["features"].as_array()[0]["name"] = "elsewhere"; });
  check_without([](Value& value) { value["features"].as_array()[0]["categories"].push_back("Aardvark"); });
}

}  // namespace
}  // namespace ostler::testing
