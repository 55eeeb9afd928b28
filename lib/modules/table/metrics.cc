#include "lib/modules/table/metrics.h"

#include <algorithm>
#include <cmath>

namespace ostler {

Value table_metrics(const TrainingData& data, std::size_t first, std::size_t count, const float* scores,
                    Probabilities probabilities, const std::string& prefix) {
  const std::size_t outputs = data.schema.outputs();
  const bool regression = data.schema.task == TableTask::regression;
  double total = 0, right = 0, log_loss = 0, squares = 0, distances = 0;
  for (std::size_t i = 0; i < count; ++i, scores += outputs) {
    const double label = data.labels[first + i], weight = data.weight(first + i);
    total += weight;
    if (regression) {
      const double difference = static_cast<double>(scores[0]) - label;
      squares += weight * difference * difference;
      distances += weight * std::abs(difference);
    } else {
      const auto truth = static_cast<std::ptrdiff_t>(label);
      if (std::max_element(scores, scores + outputs) - scores == truth) right += weight;
      // A probability of 0 would make the loss infinite; float's epsilon is what the scores can tell from it.
      log_loss -= weight * std::log(std::clamp<double>(scores[truth], 1.2e-7, 1));
    }
  }
  Value metrics = Value::object();
  if (!(total > 0)) return metrics;
  if (regression) {
    metrics[prefix + "rmse"] = std::sqrt(squares / total);
    metrics[prefix + "mae"] = distances / total;
  } else {
    metrics[prefix + "accuracy"] = right / total;
    if (probabilities == Probabilities::yes) metrics[prefix + "log_loss"] = log_loss / total;
  }
  return metrics;
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
