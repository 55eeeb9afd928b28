#pragma once

// How good scores are, on rows whose labels are known.

#include <cstddef>
#include <string>

#include "lib/base/value.h"
#include "lib/modules/table/table_module.h"
#include "lib/modules/table/training_data.h"

namespace ostler {

enum class Probabilities { no, yes };

// Metrics of the rows from `first` on, weighted as the data are: "accuracy" and (where scores are
// probabilities) "log_loss", or "rmse" and "mae"; each name with `prefix` before it ("train_" for data that
// was learned from). `scores` are outputs() numbers a row, of the rows from `first` on. No rows, or only rows
// of weight 0: an empty map.
Value table_metrics(const TrainingData& data, std::size_t first, std::size_t count, const float* scores,
                    Probabilities probabilities, const std::string& prefix = {});

// The metrics of a trained module on all rows that it was trained on, with "train_" before their names.
Value training_metrics(const TableModule& module, const TrainingData& data);

// Copies `from`'s members into `to`.
void add_metrics(Value& to, const Value& from);

}  // namespace ostler
