#pragma once

// Measuring a model on rows whose labels are known: the rows are predicted as `ostler predict` would, without
// their labels, and compared with these by the definitions of lib/core/metrics.h. Whatever backend runs the
// model, and whatever it was trained with, the metrics mean the same. Probabilities are measured where the
// model gives them.
//
// A label is a cell of a column, or stands in a line of text as __label__x. Rows without one are left out. A
// bad row is an Error, as predict_stream's, and so are a label that is not a finite number where numbers are
// estimated, a weight that is not a finite number from 0 up, and a row that the model does not predict, with
// file, line and column. Where a model's classes are numbers, labels are compared as such: 1.0 is 1.
//
// Several labels in a line of text: the prediction is right when it is one of them, and accuracy is the one
// metric.
//
// Memory does not grow with the rows, but for auc (lib/core/metrics.h) and by each different label that the
// model does not know; a program that answers only when it has read all has its rows' labels held until then.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lib/core/learning_task.h"
#include "lib/core/model_management.h"
#include "lib/data/records.h"

namespace ostler {

struct EvaluationPlan {
  std::vector<RecordSource> sources;
  std::string format;  // empty: by extension, else as the model was trained, else the module's natural one
  std::string label;   // empty: the column that the model was trained to predict
  // None given: the column of the training where the data have it, else none. Empty: none.
  std::optional<std::string> weight;
};

struct Evaluation {
  LearningTask task = LearningTask::classification;
  Value metrics = Value::object();  // name to number, in the order of metrics.h
  // confusion() or error_histogram(); null for several labels in a line and for more than 1000 classes.
  Value details;
  std::uint64_t rows = 0;  // measured
  std::uint64_t without_label = 0;
  std::vector<std::string> unknown_labels;  // that the model does not know (at most 10), and how many rows
  std::uint64_t unknown_rows = 0;
  std::string label, weight;  // the columns that were used
};

// What the model predicts: as its module says, else as its config.yml does ("target"), else as its training's
// parameters do ("label", "weight", "task"); each for itself. A program's task is also taken from what its
// declaration says of it, where that names one.
ModelTarget target_of(const LoadedModel& model);

// The task, where target_of() does not know it, is told from the kind of the predictions: numbers without
// probabilities are estimated, all else are classes.
//
// Error (invalid_argument) where there is no label to be had (name it: --label), for data without it, and for
// data without a single labelled row.
Evaluation evaluate_model(const LoadedModel& model, const EvaluationPlan& plan,
                          const std::function<void(std::uint64_t rows)>& progress = {});

}  // namespace ostler
