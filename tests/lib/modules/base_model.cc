// Models that a training goes on from.
#include <doctest/doctest.h>

#include <cmath>

#include "lib/core/module_config.h"
#include "tests/lib/modules/training.h"

namespace ostler::testing {
namespace {

// Saves the module with a config.yml, as a worker does, and gives the directory.
std::string save_model(const Module& module, const std::string& name,
                       const std::string& module_name = "xgboost") {
  const std::string directory = absolute_path(name);
  remove_tree(directory);
  make_directories(directory);
  Value values = Value::object({{"module_id", manifest_of(module_name).module_id},
                                {"name", module_name},
                                {"tracking_id", "11111111-2222-4333-8444-555555555555"}});
  const Value own = module.save(directory).config;
  for (const auto& [key, value] : own.as_object()) values[key] = value;
  ModuleConfig(std::move(values), {}).save(directory);
  return directory;
}

std::string model_json(const Module& module) {
  return read_file(join_path(save(module, "compared"), "model.json"));
}

// Parameters by which nothing is drawn and nothing held back.
Value plain(const std::string& label, int rounds) {
  return Value::object(
      {{"label", label}, {"holdout", 0}, {"subsample", 1}, {"colsample_bytree", 1}, {"rounds", rounds}});
}

TEST_CASE("[TRN-7] a training that goes on with the same parameters equals one that was not interrupted") {
  write_data(plane(300, false), "plane.csv");
  for (const auto& [path, label] : {std::pair(data_file("penguins.train.csv"), "species"),
                                    {data_file("breast_cancer.train.csv"), "target"},
                                    {absolute_path("plane.csv"), "y"}}) {
    const std::string column = label;
    CAPTURE(column);
    const auto whole = train("xgboost", path, plain(label, 30));
    const std::string base = save_model(*train("xgboost", path, plain(label, 20)), "base");
    Value further = plain(label, 10);
    further["base_model"] = base;
    Recorder recorder;
    const auto resumed = train("xgboost", path, further, &recorder);
    CHECK(model_json(*resumed) == model_json(*whole));
    CHECK(to_json(resumed->metrics()) == to_json(whole->metrics()));
    CHECK(recorder.steps.size() == 10);
    CHECK(recorder.steps.back().total == 10);
    make_directories("resumed");
    const Value config = resumed->save(absolute_path("resumed")).config.at("xgboost");
    CHECK(config.get_integer("rounds") == 10);
    CHECK(config.at("base_model").get_integer("rounds") == 20);
    CHECK(config.at("base_model").get_string("tracking_id") == "11111111-2222-4333-8444-555555555555");
    // And from what went on once, again.
    further["rounds"] = 5;
    further["base_model"] = save_model(*resumed, "base2");
    CHECK(model_json(*train("xgboost", path, further)) ==
          model_json(*train("xgboost", path, plain(label, 35))));
  }
}

TEST_CASE("[TRN-7] further rounds are measured as others are, with validation rows and held-back ones") {
  const std::string path = data_file("breast_cancer.train.csv"), test = data_file("breast_cancer.test.csv");
  const std::string base = save_model(*train("xgboost", path, plain("target", 10)), "base");
  TrainRequest request = request_for("xgboost", path,
                                     Value::object({{"label", "target"},
                                                    {"base_model", base},
                                                    {"eta", 0.5},
                                                    {"rounds", 40},
                                                    {"early_stopping_rounds", 4}}));
  Recorder held;
  const auto on_held_back = class_of("xgboost").train(request, held);
  CHECK_FALSE(held.line_with("the base model may have learned from the held-back rows").empty());
  CHECK(on_held_back->metrics().get_number("log_loss") > 0);

  request.validation.paths = {test};
  Recorder recorder;
  const auto module = class_of("xgboost").train(request, recorder);
  CHECK_FALSE(recorder.line_with("the base model has the log_loss").empty());
  std::size_t best = 0;
  for (std::size_t i = 0; i < recorder.steps.size(); ++i)
    if (recorder.steps[i].metrics.get_number("log_loss") <
        recorder.steps[best].metrics.get_number("log_loss"))
      best = i;
  make_directories("cut");
  const Value config = module->save(absolute_path("cut")).config.at("xgboost");
  CHECK(config.get_integer("rounds") == static_cast<std::int64_t>(best + 1));
  // The metrics of the best round are those of the saved model.
  const auto loaded = load("xgboost", absolute_path("cut"));
  CHECK(accuracy(*loaded, test, "target") ==
        doctest::Approx(recorder.steps[best].metrics.get_number("accuracy")));
}

// "x,s,y" of three classes.
std::string rows(const std::string& names = "a b c", const std::string& texts = "u v") {
  const std::vector<std::string> classes = split(names, ' '), cells = split(texts, ' ');
  std::string text = "x,s,y\n";
  for (std::size_t i = 0; i < 60; ++i)
    text += fmt::format("{},{},{}\n", i % 10, cells[i % cells.size()], classes[i % classes.size()]);
  return text;
}

TEST_CASE("[TRN-7] what does not fit the base is refused, and named") {
  const std::string base = save_model(*train("xgboost", write_data(rows()), plain("y", 3)), "base");
  const auto refusal = [&](const std::string& text, Value more = Value::object()) {
    Value parameters = plain("y", 3);
    parameters["base_model"] = base;
    for (const auto& [name, value] : more.as_object()) parameters[name] = value;
    StatusCode code = StatusCode::ok;
    const std::string message =
        message_of([&] { train("xgboost", write_data(text, "more.csv"), parameters); }, &code);
    CHECK(code == StatusCode::invalid_argument);
    return message;
  };
  CHECK(contains(refusal(rows("a b c d")), "the base model does not know the class \"d\""));
  CHECK(contains(refusal(rows("a b")), "never has the class \"c\""));
  CHECK(contains(refusal("x,y\n1,a\n2,b\n3,c\n"), "learned from the column \"s\""));
  CHECK(contains(refusal(rows(), Value::object({{"ignore", "s"}})), "learned from the column \"s\""));
  CHECK(contains(refusal("x,s,more,y\n1,u,1,a\n2,v,2,b\n3,v,3,c\n"),
                 "does not know the column \"more\": ignore=more"));
  CHECK(contains(refusal(rows(), Value::object({{"label", "s"}, {"ignore", "y"}})),
                 "predicts \"y\", not \"s\""));
  CHECK(contains(refusal(rows(), Value::object({{"task", "regression"}})), "task=regression"));
  CHECK(contains(refusal(rows(), Value::object({{"categorical", "x"}})), "takes it as a number"));
  CHECK(contains(refusal("x,s,y\nten,u,a\n2,u,b\n3,u,c\n"), "\"ten\""));
  CHECK(contains(refusal("x,s,y\ninf,u,a\n2,u,b\n3,u,c\n"), "more.csv:2"));
  const std::string other = save_model(
      *train("linear", absolute_path("data.csv"), Value::object({{"label", "y"}})), "other", "linear");
  CHECK(contains(refusal(rows(), Value::object({{"base_model", other}})), "linear"));
  // A column that the base left out may be there or not.
  Value with_id = plain("y", 3);
  std::string ids = "id,x,y\n";
  for (int i = 0; i < 60; ++i) ids += fmt::format("n{},{},{}\n", i, i % 10, i % 2);
  const std::string path = write_data(ids, "ids.csv");
  with_id["base_model"] = save_model(*train("xgboost", path, with_id), "with_id");
  train("xgboost", path, with_id);
  Recorder recorder;
  train("xgboost", write_data("x,y\n1,0\n2,1\n", "without.csv"), with_id, &recorder);
  CHECK_FALSE(recorder.line_with("go on from a model of 3 rounds").empty());
}

TEST_CASE("[TRN-7] texts that the base does not know are missing, which is said") {
  Value parameters = plain("y", 3);
  parameters["base_model"] = save_model(*train("xgboost", write_data(rows()), plain("y", 3)), "base");
  Recorder recorder;
  const auto module = train("xgboost", write_data(rows("a b c", "u w"), "more.csv"), parameters, &recorder);
  CHECK(contains(recorder.line_with("column \"s\""), "30 cells are taken as missing"));
  CHECK_FALSE(contains(read_file(join_path(save(*module), "schema.json")), "\"w\""));
}

}  // namespace
}  // namespace ostler::testing
