#include "lib/core/requirement.h"

#include <doctest/doctest.h>

#include "lib/base/error.h"
#include "lib/core/learning_task.h"

using namespace ostler;

namespace {

template <typename Call>
std::string message_of(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    CHECK(error.code() == StatusCode::invalid_argument);
    return error.what();
  }
  return "no error";
}

void check_says(const std::string& message, const std::vector<std::string>& texts) {
  CAPTURE(message);
  for (const std::string& text : texts) CHECK(message.find(text) != std::string::npos);
}

std::string judged(const std::string& condition, const Value& metrics, const Value& baseline = {}) {
  return why_not_met(parse_requirement(condition), metrics, baseline);
}

}  // namespace

TEST_CASE("a condition is read") {
  using Comparison = Requirement::Comparison;
  const struct {
    const char* text;
    const char* metric;
    Comparison comparison;
    bool of_baseline;
    double bound;
  } cases[] = {{"accuracy>=0.95", "accuracy", Comparison::at_least, false, 0.95},
               {" rmse <= 1e3 ", "rmse", Comparison::at_most, false, 1000},
               {"r2>-0.5", "r2", Comparison::more, false, -0.5},
               {"log_loss<.5", "log_loss", Comparison::less, false, 0.5},
               {"accuracy>=baseline", "accuracy", Comparison::at_least, true, 0},
               {"accuracy>=baseline-0.01", "accuracy", Comparison::at_least, true, -0.01},
               {"rmse <= baseline + 2", "rmse", Comparison::at_most, true, 2}};
  for (const auto& item : cases) {
    CAPTURE(item.text);
    const Requirement requirement = parse_requirement(item.text);
    CHECK(requirement.metric == item.metric);
    CHECK(requirement.comparison == item.comparison);
    CHECK(requirement.of_baseline == item.of_baseline);
    CHECK(requirement.bound == item.bound);
  }
  CHECK(parse_requirement(" rmse <= 1e3 ").text == "rmse <= 1e3");
}

TEST_CASE("what is no condition is refused with what is wrong") {
  const auto refused = [](const char* text) { return message_of([&] { parse_requirement(text); }); };
  check_says(refused("accuracy"), {"\"accuracy\"", "quote it", "'accuracy>=0.95'"});
  check_says(refused(" "), {"empty", "variable"});
  check_says(refused(">=0.5"), {"name of a metric"});
  check_says(refused("my metric>=0.5"), {"name of a metric"});
  check_says(refused("accuracy=0.5"), {">=, >, <= or <"});
  check_says(refused("accuracy==0.5"), {">=, >, <= or <"});
  check_says(refused("accuracy!=0.5"), {">=, >, <= or <"});
  check_says(refused("accuracy=>0.5"), {">=, >, <= or <"});
  for (const char* bound : {"", "high", "nan", "inf", "0.5x", ">0.5", "0,5"})
    check_says(refused(("accuracy>=" + std::string(bound)).c_str()), {"is no number"});
  for (const char* more : {"*2", "-", "- x", "0.1", "-nan", "+inf"})
    check_says(refused(("accuracy>=baseline" + std::string(more)).c_str()), {"after baseline"});
}

TEST_CASE("a condition is judged") {
  const Value metrics = Value::object({{"accuracy", 0.9}, {"rmse", 2}, {"note", "good"}});
  CHECK(judged("accuracy>=0.9", metrics).empty());
  CHECK(judged("accuracy<=0.9", metrics).empty());
  CHECK(judged("rmse<3", metrics).empty());
  CHECK(judged("accuracy>0.9", metrics) == "accuracy is 0.9, but > 0.9 is required");
  CHECK(judged("accuracy<0.9", metrics) == "accuracy is 0.9, but < 0.9 is required");
  CHECK(judged("accuracy>=0.95", metrics) == "accuracy is 0.9, but >= 0.95 is required");
  CHECK(judged("rmse<=1", metrics) == "rmse is 2, but <= 1 is required");
  check_says(judged("acuracy>=0.5", metrics), {"acuracy>=0.5", "no metric acuracy", "\"accuracy\"?"});
  check_says(judged("note>=0.5", metrics), {"no metric note"});
  check_says(judged("accuracy>=0.5", Value()), {"no metric accuracy"});
}

TEST_CASE("a condition on a baseline is judged") {
  const Value metrics = Value::object({{"accuracy", 0.75}}), baseline = Value::object({{"accuracy", 0.875}});
  CHECK(judged("accuracy>=baseline-0.125", metrics, baseline).empty());
  CHECK(judged("accuracy>=baseline", metrics, baseline) ==
        "accuracy is 0.75, but >= 0.875 is required (accuracy>=baseline)");
  check_says(judged("accuracy>=baseline", metrics, Value::object()), {"the baseline has no metric accuracy"});
  check_says(judged("accuracy>=baseline", metrics), {"the baseline has no metric accuracy"});
}

TEST_CASE("a metric that decides between models has a direction") {
  const auto choice = [](const char* text) {
    const MetricChoice chosen = parse_metric_choice(text);
    return chosen.metric + (chosen.larger_is_better ? " up" : " down");
  };
  CHECK(choice("accuracy") == "accuracy up");
  CHECK(choice(" rmse ") == "rmse down");
  CHECK(choice("min:log_loss") == "log_loss down");
  CHECK(choice("min:wer") == "wer down");
  CHECK(choice("max:bleu") == "bleu up");
  const auto refused = [](const char* text) { return message_of([&] { parse_metric_choice(text); }); };
  check_says(refused("acuracy"), {"min:acuracy", "max:acuracy", "\"accuracy\"?"});
  check_says(refused("min:accuracy"), {"accuracy", "more is better"});
  check_says(refused("max:rmse"), {"rmse", "less is better"});
  for (const char* text : {"", "min:", "accuracy>=0.5", "two words"})
    check_says(refused(text), {"--keep-best"});
}

TEST_CASE("tasks and their metrics") {
  for (const LearningTask task : {LearningTask::classification, LearningTask::regression})
    CHECK(learning_task_from(learning_task_name(task)) == task);
  CHECK(!learning_task_from("ranking"));
  CHECK(!learning_task_from(""));
  CHECK(known_metrics().size() == 7);
  for (const MetricSpec& metric : known_metrics()) {
    REQUIRE(find_metric(metric.name) == &metric);
    const bool smaller = metric.name == "log_loss" || metric.name == "rmse" || metric.name == "mae";
    CHECK(metric.larger_is_better == !smaller);
  }
  CHECK(find_metric("f1") == nullptr);
}

TEST_CASE("a target as a value, and back") {
  const ModelTarget target{LearningTask::classification, "species", "w", {"a", "b"}};
  const Value value = to_value(target);
  CHECK(value == parse_json(R"({"task": "classification", "label": "species", "weight": "w",
                               "classes": ["a", "b"]})",
                            "wanted"));
  const ModelTarget back = model_target_from(value);
  CHECK(back.task == target.task);
  CHECK(back.label == target.label);
  CHECK(back.weight == target.weight);
  CHECK(back.classes == target.classes);
  CHECK(to_value(ModelTarget()) ==
        parse_json(R"({"task": null, "label": null, "weight": null, "classes": null})", "wanted"));
  // What others have written: YAML makes numbers of classes, and anything may stand there.
  const ModelTarget odd =
      model_target_from(parse_json(R"({"task": "ranking", "label": 3, "classes": [1, 2.5, "x"]})", "odd"));
  CHECK(!odd.task);
  CHECK(odd.label.empty());
  CHECK(odd.classes == std::vector<std::string>{"1", "2.5", "x"});
  CHECK(model_target_from(Value("text")).classes.empty());
}
