// ostler evaluate MODEL DATA...: metrics on labelled data, conditions on them, and another model to compare.

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <thread>

#include "commands/command.h"
#include "commands/output.h"
#include "commands/stdout_guard.h"
#include "lib/base/end_signals.h"
#include "lib/core/requirement.h"
#include "lib/manager/evaluate.h"

namespace ostler {

namespace {

constexpr int kRequirementNotMet = 7;

std::vector<std::string> metric_names(std::optional<LearningTask> task = std::nullopt) {
  std::vector<std::string> names;
  for (const MetricSpec& metric : known_metrics())
    if (!task || metric.task == *task) names.emplace_back(metric.name);
  return names;
}

std::vector<Requirement> read_requirements(const Invocation& invocation, bool has_baseline) {
  std::vector<Requirement> requirements;
  for (const std::string& text : invocation.values("--require")) {
    Requirement requirement = parse_requirement(text);
    if (find_metric(requirement.metric) == nullptr)
      throw invalid_argument(fmt::format(
          "--require \"{}\": there is no metric \"{}\"{}; metrics: {}", requirement.text, requirement.metric,
          did_you_mean(requirement.metric, metric_names()), join(metric_names(), ", ")));
    if (requirement.of_baseline && !has_baseline)
      throw invalid_argument(
          fmt::format("--require \"{}\" compares with a baseline: name that model with --baseline MODEL",
                      requirement.text));
    requirements.push_back(std::move(requirement));
  }
  return requirements;
}

void check_task(const std::vector<Requirement>& requirements, LearningTask task) {
  for (const Requirement& requirement : requirements)
    if (find_metric(requirement.metric)->task != task)
      throw invalid_argument(fmt::format("--require \"{}\": the model does {}, which has no {}; it has: {}",
                                         requirement.text, learning_task_name(task), requirement.metric,
                                         join(metric_names(task), ", ")));
}

void check_same_task(LearningTask task, LearningTask baseline) {
  if (task != baseline)
    throw invalid_argument(fmt::format("the model does {} and the baseline {}: they cannot be compared",
                                       learning_task_name(task), learning_task_name(baseline)));
}

std::string metric_lines(const Value& metrics, std::string_view prefix) {
  std::string text;
  for (const auto& [name, value] : metrics.as_object())
    text += fmt::format("{}{}: {}\n", prefix, name, number_to_text(value.as_number()));
  return text;
}

std::string number(const Value& value) { return number_to_text(value.as_number()); }

std::string confusion_table(const Value& confusion) {
  const Value::Array& classes = confusion.at("classes").as_array();
  const Value::Array& counts = confusion.at("counts").as_array();
  std::vector<std::vector<std::string>> rows(1, {"TRUE \\ PREDICTED"});
  for (const Value& name : classes) rows[0].push_back(in_one_line(name.as_string()));
  for (std::size_t truth = 0; truth < classes.size(); ++truth) {
    std::vector<std::string>& row = rows.emplace_back(1, rows[0][truth + 1]);
    for (const Value& count : counts[truth].as_array()) row.push_back(number(count));
  }
  return format_table(rows);
}

std::string histogram_table(const Value& histogram) {
  const Value::Array& edges = histogram.at("edges").as_array();
  const Value::Array& counts = histogram.at("counts").as_array();
  std::vector<std::vector<std::string>> rows(1, {"ERROR FROM", "TO", "ROWS"});
  for (std::size_t i = 0; i < counts.size(); ++i)
    rows.push_back({number(edges[i]), number(edges[i + 1]), number(counts[i])});
  return format_table(rows);
}

std::string details_table(const Evaluation& evaluation) {
  if (evaluation.details.is_null()) return {};
  return "\n" + (evaluation.task == LearningTask::classification ? confusion_table(evaluation.details)
                                                                 : histogram_table(evaluation.details));
}

void say_notes(const Evaluation& evaluation) {
  if (evaluation.without_label > 0)
    say(fmt::format("note: {} of {} rows have no label and are left out", evaluation.without_label,
                    evaluation.without_label + evaluation.rows));
  if (evaluation.unknown_rows == 0) return;
  std::vector<std::string> names;
  for (const std::string& name : evaluation.unknown_labels) names.push_back(in_one_line(name));
  say(fmt::format("note: the labels of {} of {} rows are none of the model's classes, and count as wrong: {}",
                  evaluation.unknown_rows, evaluation.rows, join(names, ", ")));
}

Value document_of(const Invocation& invocation, const Evaluation& evaluation,
                  const std::optional<Evaluation>& baseline, const Value& requirements) {
  Value unknown = Value::array();
  for (const std::string& name : evaluation.unknown_labels) unknown.push_back(name);
  const auto other = invocation.value("--baseline");
  return Value::object({{"schema", 1},
                        {"model", invocation.arguments[0][0]},
                        {"baseline", other ? Value(*other) : Value()},
                        {"task", learning_task_name(evaluation.task)},
                        {"rows", evaluation.rows},
                        {"without_label", evaluation.without_label},
                        {"unknown_rows", evaluation.unknown_rows},
                        {"unknown_labels", std::move(unknown)},
                        {"metrics", evaluation.metrics},
                        {"baseline_metrics", baseline ? baseline->metrics : Value()},
                        {"requirements", requirements},
                        {"details", evaluation.details}});
}

void print_result(const Invocation& invocation, const Evaluation& evaluation,
                  const std::optional<Evaluation>& baseline, const Value& requirements) {
  if (invocation.json() || invocation.has("--format")) {
    const Value document = document_of(invocation, evaluation, baseline, requirements);
    if (invocation.has("--format"))
      print_structured(invocation, Value::object({{"evaluations", Value::array({document})}}), "evaluations");
    else
      print(to_json(document, true) + "\n");
    return;
  }
  std::string text = metric_lines(evaluation.metrics, "");
  if (baseline) text += metric_lines(baseline->metrics, "baseline_");
  if (invocation.verbose()) text += details_table(evaluation);
  print(text);
}

int run(const Invocation& invocation) {
  const auto other = invocation.value("--baseline");
  const std::vector<Requirement> requirements = read_requirements(invocation, other.has_value());
  EvaluationPlan plan;
  plan.format = invocation.value_or("--input-format", "");
  if (!plan.format.empty()) check_format(plan.format);
  plan.label = invocation.value_or("--label", "");
  const std::vector<std::string>& given = invocation.arguments[1];
  if (other && (given.empty() || std::find(given.begin(), given.end(), "-") != given.end()))
    throw invalid_argument(
        "with --baseline the data are read twice, and standard input can be read once: name a file");
  plan.sources = data_sources(invocation, given, plan.format);

  StdoutGuard standard_output;
  end_cleanly_on_signals();
  const int threads = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  const auto load = [&](const std::string& name) {
    return invocation.manager().load(name, invocation.value_or("--finder", "default"),
                                     invocation.value_or("--initializer", "default"), {.threads = threads});
  };
  std::optional<LoadedModel> baseline_model;
  const LoadedModel model = load(invocation.arguments[0][0]);
  if (other) baseline_model.emplace(load(*other));
  const ModelTarget target = target_of(model);
  if (target.task) {
    check_task(requirements, *target.task);
    if (baseline_model)
      if (const auto task = target_of(*baseline_model).task) check_same_task(*target.task, *task);
  }

  const Evaluation evaluation = evaluate_model(model, plan);
  check_task(requirements, evaluation.task);
  std::optional<Evaluation> baseline;
  if (baseline_model) {
    // The same rows count the same for both.
    if (!evaluation.label.empty()) plan.label = evaluation.label;
    plan.weight = evaluation.weight;
    baseline = evaluate_model(*baseline_model, plan);
    check_same_task(evaluation.task, baseline->task);
  }

  Value judged = Value::array();
  std::vector<std::string> failures;
  for (const Requirement& requirement : requirements) {
    std::string message =
        why_not_met(requirement, evaluation.metrics, baseline ? baseline->metrics : Value());
    judged.push_back(Value::object({{"condition", requirement.text},
                                    {"met", message.empty()},
                                    {"message", message.empty() ? Value() : Value(message)}}));
    if (!message.empty()) failures.push_back(std::move(message));
  }
  standard_output.restore();
  if (!invocation.quiet()) say_notes(evaluation);
  print_result(invocation, evaluation, baseline, judged);
  for (const std::string& failure : failures) say(failure);
  return failures.empty() ? 0 : kRequirementNotMet;
}

}  // namespace

CommandSpec evaluate_command() {
  CommandSpec command;
  command.name = "evaluate";
  command.summary = "Measure a model on data whose labels are known; --require makes it a gate";
  command.usage = "ostler evaluate MODEL DATA...";
  command.examples = {
      "ostler evaluate models/penguins penguins.test.csv",
      "ostler evaluate models/penguins penguins.test.csv --require 'accuracy>=0.95'  # else exit 7",
      "ostler evaluate models/new test.csv --baseline models/old --require 'auc>=baseline-0.01'"};
  command.arguments = {model_argument(), rows_argument()};
  command.options = {
      {"--require", "", "CONDITION", "a quoted condition on a metric, such as 'accuracy>=0.95' (repeatable)",
       "Metrics", true},
      {"--baseline", "", "MODEL", "another model, measured on the same rows: 'accuracy>=baseline-0.01'",
       "Metrics"},
      {"--label", "", "COLUMN", "the column of the labels (default: as trained)", "Rows"},
      {"--input-format", "", "FORMAT",
       "csv, tsv, jsonl, json or text (default: by extension, then as trained)", "Rows"},
      {"--finder", "", "NAME", "the finder to ask (default: default)", "The model"},
      {"--initializer", "", "NAME", "the initializer to use (default: default)", "The model"},
      {"--trust-code", "", "", "run the program that the model itself names", "The model"}};
  command.notes =
      "Metrics, as scikit-learn defines them: accuracy, macro_f1, log_loss and auc of classes; rmse, mae and "
      "r2 of\nnumbers. With -v a confusion matrix (rows: the truth) or a histogram of the errors follows. "
      "Rows "
      "without a\nlabel are left out; a label that the model does not know counts as wrong. Exit 7: a "
      "condition "
      "is not met.";
  command.group = "Models";
  command.exit_codes = {3, 7};
  command.run = run;
  return command;
}

}  // namespace ostler
