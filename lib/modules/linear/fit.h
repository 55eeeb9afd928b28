#pragma once

// Calls LIBLINEAR to fit a model.

#include <linear.h>

#include <memory>
#include <string>

#include "lib/modules/linear/design.h"

namespace ostler {

struct FreeModel {
  void operator()(model* memory) const { free_and_destroy_model(&memory); }
};
using LiblinearModel = std::unique_ptr<model, FreeModel>;

struct LinearParameters {
  std::string solver;  // "logistic", "logistic_l1", "svm", "svr"
  double cost = 1;
  double epsilon = 0;    // svr: errors up to it count nothing, in deviations of the label
  double tolerance = 0;  // 0: the solver's own
  unsigned seed = 0;
};

// From a checked map; the solver is chosen by the task where none is named. Throws Error (invalid_argument)
// for a solver of the other task.
LinearParameters linear_parameters(const Value& parameters, TableTask task);

// Fits the first `rows` rows. A row of weight 2 counts as two rows; weights that are no whole numbers are
// rounded to about a sixteenth of their mean, because LIBLINEAR knows no weights of rows.
LiblinearModel fit(const TrainingData& data, std::size_t rows, const LinearDesign& design,
                   const LinearParameters& parameters);

}  // namespace ostler
