#include "lib/core/parameters.h"

#include <doctest/doctest.h>

#include "lib/base/error.h"
#include "lib/core/module_manifest.h"

using namespace ostler;

namespace {

std::vector<ParameterSpec> specs() {
  std::vector<ParameterSpec> list;
  for (
      const char* text :
      {R"({"name": "label", "type": "column", "required": true, "help": "h"})",
       R"({"name": "rounds", "type": "integer", "default": 100, "minimum": 1, "maximum": 1000})",
       R"({"name": "eta", "type": "number", "default": 0.1, "minimum": 0, "minimum_exclusive": true, "maximum": 1})",
       R"({"name": "fast", "type": "boolean", "default": false})",
       R"({"name": "task", "type": "text", "choices": ["classification", "regression"]})",
       R"({"name": "ignore", "type": "columns"})"})
    list.push_back(parameter_spec_from(parse_json(text, "manifest")));
  return list;
}

std::string message_of(const Value& given) {
  try {
    check_parameters("m", specs(), given);
  } catch (const Error& error) {
    return error.what();
  }
  return "(no error)";
}

}  // namespace

TEST_CASE("parameters: complete, in declared order and in their own types") {
  const Value complete = check_parameters(
      "m", specs(),
      Value::object({{"eta", "0.5"}, {"label", "y"}, {"rounds", "7"}, {"fast", "true"}, {"ignore", "a,b"}}));
  CHECK(to_json(complete) ==
        R"({"label":"y","rounds":7,"eta":0.5,"fast":true,"task":null,"ignore":["a","b"]})");
  CHECK(check_parameters("m", specs(), Value::object({{"label", "y"}, {"rounds", nullptr}}))
            .at("rounds")
            .as_integer() == 100);
}

TEST_CASE("[TRN-9] parameters: wrong names and values are refused with what is allowed") {
  CHECK(message_of(Value::object({{"label", "y"}, {"ronds", 1}})).find("did you mean \"rounds\"?") !=
        std::string::npos);
  CHECK(message_of(Value::object()).find("--label COLUMN") != std::string::npos);
  for (const Value& bad : {Value("ten"), Value(0), Value(1001), Value(1.5), Value("nan"), Value(true)})
    CHECK(message_of(Value::object({{"label", "y"}, {"rounds", bad}})).find("parameter rounds of module m") ==
          0);
  CHECK(message_of(Value::object({{"label", "y"}, {"eta", 0}})).find("out of range") != std::string::npos);
  CHECK(message_of(Value::object({{"label", "y"}, {"eta", 1}})) == "(no error)");
  CHECK(message_of(Value::object({{"label", "y"}, {"fast", "yes"}})).find("neither true nor false") !=
        std::string::npos);
  CHECK(message_of(Value::object({{"label", "y"}, {"task", "clasification"}}))
            .find("did you mean \"classification\"?") != std::string::npos);
  CHECK(message_of(Value::object({{"label", ""}})) != "(no error)");
  CHECK(message_of(Value::object({{"label", "y"}, {"ignore", "a,,b"}})) != "(no error)");
}

TEST_CASE("[TRN-7] parameters: a model to go on from is not for every module") {
  CHECK(message_of(Value::object({{"label", "y"}, {"base_model", "models/m"}}))
            .find("cannot go on from a model") != std::string::npos);
}

TEST_CASE("parameters: described in words") {
  const auto list = specs();
  CHECK(describe(list[0]) == "a column, required");
  CHECK(describe(list[1]) == "an integer from 1 to 1000, default 100");
  CHECK(describe(list[2]) == "a number above 0, at most 1, default 0.1");
  CHECK(describe(list[4]) == "one of classification, regression");
  for (const ParameterSpec& spec : list)
    CHECK(describe(parameter_spec_from(to_value(spec))) == describe(spec));
}

TEST_CASE("module manifest: what it must hold") {
  const std::string good =
      R"({"ostler_manifest": 1, "module_id": "6a0e1f0c-6f2e-4b0e-9c57-0d6c6a1a2b3c", "name": "m", "version": "1", "file": "m.so"})";
  const ModuleManifest manifest = module_manifest_from(parse_json(good, "x"), "/dir/m.json");
  CHECK(manifest.file == "/dir/m.so");
  CHECK(module_manifest_from(to_value(manifest), "spec").file == "/dir/m.so");
  for (const char* bad : {R"({"name": "m"})", R"({"ostler_manifest": 2, "name": "m"})"})
    CHECK_THROWS_AS(module_manifest_from(parse_json(bad, "x"), "/dir/m.json"), Error);
  for (const auto& [key, value] : std::vector<Value::Member>{
           {"file", "../m.so"}, {"name", "M"}, {"name", ""}, {"module_id", "x"}, {"input", "images"}}) {
    Value document = parse_json(good, "x");
    document[key] = value;
    CHECK_THROWS_AS(module_manifest_from(document, "/dir/m.json"), Error);
  }
}
