#pragma once

// Measuring a model on rows whose labels are known: the rows are predicted as `ostler predict` would, and
// compared with their labels by the definitions of lib/core/metrics.h. Whatever backend runs the model, and
// whatever it was trained with, the metrics mean the same.
//
// Rows without a label are left out. A bad row is an Error, as predict_stream's. Several labels in a line of
// text: the prediction is right when it is one of them.

#include <functional>
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
  std::string weight;  // empty: the column of the training where the data have it, else none
};

struct Evaluation {
  LearningTask task = LearningTask::classification;
  Value metrics = Value::object();  // name to number, in the order of metrics.h
  Value details;                    // confusion() or error_histogram()
  std::uint64_t rows = 0;           // measured
  std::uint64_t without_label = 0;
  std::vector<std::string> unknown_labels;  // that the model does not know (at most 10), and how many rows
  std::uint64_t unknown_rows = 0;
};

// What the model predicts: as its module says, else as its config.yml does ("target"), else as its training's
// parameters do; the task, where nobody says, from the kind of the predictions.
ModelTarget target_of(const LoadedModel& model);

// Error (invalid_argument) where there is no label to be had (name it: --label), for data without it, and for
// data without a single labelled row.
Evaluation evaluate_model(const LoadedModel& model, const EvaluationPlan& plan,
                          const std::function<void(std::uint64_t rows)>& progress = {});

}  // namespace ostler
