#pragma once

// How good scores are, on rows whose labels are known.

#include <cstddef>
#include <string>

#include "lib/base/value.h"
#include "lib/modules/table/table_module.h"
#include "lib/modules/table/training_data.h"

namespace ostler {

enum class Probabilities { no, yes };

// Metrics of the rows from `first` on, weighted as the data are: those of lib/core/metrics.h, each name with
// `prefix` before it ("train_" for data that was learned from). `scores` are outputs() numbers a row, of the
// rows from `first` on; they count as the numbers that run() gives for them.
Value table_metrics(const TrainingData& data, std::size_t first, std::size_t count, const float* scores,
                    Probabilities probabilities, const std::string& prefix = {});
// The same for each round of a training, in a fraction of the time: without auc, and scores count as they
// are, so that the last digits of log_loss differ.
Value round_metrics(const TrainingData& data, std::size_t first, std::size_t count, const float* scores);

// The metrics of a trained module on all rows that it was trained on, with "train_" before their names.
Value training_metrics(const TableModule& module, const TrainingData& data);

// Copies `from`'s members into `to`.
void add_metrics(Value& to, const Value& from);

}  // namespace ostler
