#include "lib/core/learning_task.h"

namespace ostler {

std::string_view learning_task_name(LearningTask task) {
  return task == LearningTask::classification ? "classification" : "regression";
}

std::optional<LearningTask> learning_task_from(std::string_view name) {
  for (const LearningTask task : {LearningTask::classification, LearningTask::regression})
    if (learning_task_name(task) == name) return task;
  return std::nullopt;
}

LearningTask task_of_numbers(bool all_whole, std::size_t different, std::size_t rows) {
  // More than this many are something to estimate.
  constexpr std::size_t kMostClasses = 20;
  if (!all_whole) return LearningTask::regression;
  // One value only is a class that stands alone, which is refused with a better message than a constant gets.
  if (different == 1) return LearningTask::classification;
  return different <= kMostClasses && 2 * different < rows ? LearningTask::classification
                                                           : LearningTask::regression;
}

Value to_value(const ModelTarget& target) {
  const auto text = [](const std::string& name) { return name.empty() ? Value() : Value(name); };
  Value classes;
  for (const std::string& name : target.classes) classes.push_back(name);
  return Value::object({{"task", target.task ? Value(learning_task_name(*target.task)) : Value()},
                        {"label", text(target.label)},
                        {"weight", text(target.weight)},
                        {"classes", std::move(classes)}});
}

ModelTarget model_target_from(const Value& value) {
  const auto text = [&](std::string_view key) {
    const Value* given = value.find(key);
    return given != nullptr && given->is_string() ? given->as_string() : std::string();
  };
  ModelTarget target{learning_task_from(text("task")), text("label"), text("weight"), {}};
  if (const Value* classes = value.find("classes"); classes != nullptr && classes->is_array())
    for (const Value& name : classes->as_array())
      target.classes.push_back(name.is_string() ? name.as_string() : to_json(name));
  return target;
}

const std::vector<MetricSpec>& known_metrics() {
  static const std::vector<MetricSpec> metrics = {{"accuracy", LearningTask::classification, true},
                                                  {"macro_f1", LearningTask::classification, true},
                                                  {"log_loss", LearningTask::classification, false},
                                                  {"auc", LearningTask::classification, true},
                                                  {"rmse", LearningTask::regression, false},
                                                  {"mae", LearningTask::regression, false},
                                                  {"r2", LearningTask::regression, true}};
  return metrics;
}

const MetricSpec* find_metric(std::string_view name) {
  for (const MetricSpec& metric : known_metrics())
    if (metric.name == name) return &metric;
  return nullptr;
}

}  // namespace ostler
