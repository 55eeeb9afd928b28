#pragma once

// Predicting a stream: rows are read, run through a module in blocks and written, one block after the other,
// so that memory does not grow with the data and rows come out while others go in. Used by the foreground
// `predict` and by the worker of a prediction job.

#include <functional>
#include <string>
#include <vector>

#include "lib/core/model_management.h"
#include "lib/data/records.h"

namespace ostler {

struct PredictPlan {
  std::vector<RecordSource> sources;
  std::string input_format, output_format;  // see plan_formats
  Value keep;                               // list of columns, the text "all", or null
  bool probabilities = false;
  int top = 0;
  std::string on_error = "fail";  // fail, skip, null
  std::string method = "run";
  std::string label;  // of the training: that the data have it, too, is worth no note
};

// Fills the formats that were not given: input by the extension of the first source, else the format that the
// model was trained with, else the module's natural one; output by the extension of `output_file`, else like
// the input (jsonl for json). Throws Error (invalid_argument) for what is no format, an unknown --on-error or
// method.
void plan_formats(PredictPlan& plan, const LoadedModel& model, const std::string& output_file);

struct PredictSummary {
  std::uint64_t rows = 0;    // written
  std::uint64_t failed = 0;  // skipped or written as null
  std::string first_failure;
  std::vector<std::string> ignored_columns;  // of the data, not used by the model nor kept
};

// Calls `sink` with text (whole rows) as it is made. `note` gets remarks for the user once, before the first
// row.
PredictSummary predict_stream(const Module& module, const PredictPlan& plan,
                              const std::function<void(std::string_view)>& sink,
                              const std::function<void(const std::string&)>& note,
                              const std::function<void(std::uint64_t rows)>& progress = {});

}  // namespace ostler
