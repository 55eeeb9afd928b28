#include "lib/modules/table/metrics.h"

#include <algorithm>
#include <vector>

#include "lib/base/strings.h"
#include "lib/core/metrics.h"

namespace ostler {

namespace {

enum class Detail { each_round, all };

Value measure(const TrainingData& data, std::size_t first, std::size_t count, const float* scores,
              Probabilities probabilities, Detail detail) {
  const std::size_t outputs = data.schema.outputs();
  const auto number = [&](float score) {
    return detail == Detail::all ? shortest(score) : static_cast<double>(score);
  };
  if (data.schema.task == TableTask::regression) {
    RegressionMetrics metrics;
    for (std::size_t i = 0; i < count; ++i)
      metrics.add(data.labels[first + i], number(scores[i]), data.weight(first + i));
    return metrics.metrics();
  }
  ClassificationMetrics metrics(data.schema.classes, {.probabilities = probabilities == Probabilities::yes,
                                                      .auc = detail == Detail::all});
  for (const std::string& name : data.unknown_classes) metrics.class_of(name);
  std::vector<double> row(outputs);
  for (std::size_t i = 0; i < count; ++i, scores += outputs) {
    std::transform(scores, scores + outputs, row.begin(), number);
    metrics.add(static_cast<std::size_t>(data.labels[first + i]),
                static_cast<std::size_t>(std::max_element(scores, scores + outputs) - scores), row.data(),
                data.weight(first + i));
  }
  return metrics.metrics();
}

}  // namespace

Value table_metrics(const TrainingData& data, std::size_t first, std::size_t count, const float* scores,
                    Probabilities probabilities, const std::string& prefix) {
  Value metrics = Value::object();
  const Value measured = measure(data, first, count, scores, probabilities, Detail::all);
  for (const auto& [name, value] : measured.as_object()) metrics[prefix + name] = value;
  return metrics;
}

Value round_metrics(const TrainingData& data, std::size_t first, std::size_t count, const float* scores) {
  return measure(data, first, count, scores, Probabilities::yes, Detail::each_round);
}

Value training_metrics(const TableModule& module, const TrainingData& data) {
  std::vector<float> scores(data.rows() * data.schema.outputs());
  module.score_all(data.cells.data(), data.rows(), scores.data());
  return table_metrics(data, 0, data.rows(), scores.data(),
                       module.has_probabilities() ? Probabilities::yes : Probabilities::no, "train_");
}

void add_metrics(Value& to, const Value& from) {
  for (const auto& [name, value] : from.as_object()) to[name] = value;
}

}  // namespace ostler
