#pragma once

// Reading the rows that a table module learns from.
//
// The files are read once if every feature is a number, and once more for each batch that shows otherwise:
// columns are taken as numbers until a cell is none, then as text (categories), and the pass starts again. So
// nothing is held but the matrix that the library is given.
//
// What is left out is said in the log: rows without a label, columns without a cell, and text columns with so
// many different texts that they are names or ids, not categories.

#include <cstddef>
#include <vector>

#include "lib/core/module.h"
#include "lib/modules/table/float_matrix.h"
#include "lib/modules/table/schema.h"

namespace ostler {

struct TrainingData {
  TableSchema schema;
  FloatMatrix cells{0};         // rows x features
  std::vector<double> labels;   // the class's number, or the value to predict; one a row
  std::vector<double> weights;  // one a row, or empty: all 1

  std::size_t rows() const { return labels.size(); }
  double weight(std::size_t row) const { return weights.empty() ? 1 : weights[row]; }
};

// Throws Error (invalid_argument), with file, line, column and value where there are such, for data or
// parameters that do not fit each other or cannot be learned from.
TrainingData read_training_data(const TrainRequest& request, const TableParameters& parameters,
                                TrainReporter& reporter);

}  // namespace ostler
