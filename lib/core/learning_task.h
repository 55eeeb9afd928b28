#pragma once

// What a model does with a row, and how well: the task, and the metrics of each task with their direction.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/value.h"

namespace ostler {

enum class LearningTask { classification, regression };
std::string_view learning_task_name(LearningTask task);
std::optional<LearningTask> learning_task_from(std::string_view name);

// What labels that are all numbers are taken for where nobody says: few different whole ones are classes.
// `different`: how many; `rows`: how many rows have one.
LearningTask task_of_numbers(bool all_whole, std::size_t different, std::size_t rows);

// What a model was trained to predict: for who compares its predictions with the truth. What is not known is
// empty.
struct ModelTarget {
  std::optional<LearningTask> task;
  std::string label;                 // the column; empty for lines of text, whose labels are in them
  std::string weight;                // the column of the rows' weights
  std::vector<std::string> classes;  // in the order of the probabilities
};

// {"task", "label", "weight", "classes"}, what is empty as null; and back, leaving empty what is no such
// thing.
Value to_value(const ModelTarget& target);
ModelTarget model_target_from(const Value& value);

struct MetricSpec {
  std::string_view name;
  LearningTask task;
  bool larger_is_better;
};
// The metrics that ostler measures itself, as metrics.h defines them:
//   classification: accuracy, macro_f1, log_loss, auc     regression: rmse, mae, r2
const std::vector<MetricSpec>& known_metrics();
const MetricSpec* find_metric(std::string_view name);  // null: none

}  // namespace ostler
