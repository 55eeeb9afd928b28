#pragma once

// Reading the rows that a table module learns from.
//
// The files are read once if every feature is a number, and once more for each batch that shows otherwise:
// columns are taken as numbers until a cell is none, then as text (categories), and the pass starts again. So
// nothing is held but the matrix that the library is given.
//
// What is left out is said in the log: rows without a label, columns without a cell, and text columns with so
// many different texts that they are names or ids, not categories. So is a number column that counts the rows
// up, which stays.

#include <cstddef>
#include <string>
#include <vector>

#include "lib/core/module.h"
#include "lib/modules/table/float_matrix.h"
#include "lib/modules/table/schema.h"

namespace ostler {

// Of a file whose name does not tell, such as spooled standard input.
inline constexpr char kFormatOfUnnamed[] = "csv";

struct TrainingData {
  TableSchema schema;
  FloatMatrix cells{0};         // rows x features
  std::vector<double> labels;   // the class's number, or the value to predict; one a row
  std::vector<double> weights;  // one a row, or empty: all 1
  // Classes that the schema does not know; their numbers follow those of its own. Only of rows to measure.
  std::vector<std::string> unknown_classes;

  std::size_t rows() const { return labels.size(); }
  double weight(std::size_t row) const { return weights.empty() ? 1 : weights[row]; }
};

// Throws Error (invalid_argument), with file, line, column and value where there are such, for data or
// parameters that do not fit each other or cannot be learned from.
TrainingData read_training_data(const TrainRequest& request, const TableParameters& parameters,
                                TrainReporter& reporter);

// The cell of the weight column as a weight. Throws Error for what is none: missing, negative, infinite.
double weight_of(const RecordBatch& batch, std::size_t row, const std::string& column, std::string_view cell);

// Rows with labels, read as a model sees them: to measure it, or to go on from it.
struct LabelledRows {
  // Its schema is the model's. Rows without a label are left out. The weight is the schema's where the data
  // has such a column, else none.
  TrainingData data;
  std::vector<std::string> notes;  // for the log: rows that were left out, texts that are taken as missing
  std::string infinite;            // where the first infinite cell is; it is cut to the largest number
};

// Throws Error (invalid_argument) for data without the schema's columns or label, for cells that are no
// numbers where the model needs them, for labels that are NaN or infinite, and where no row has a label or
// all weights are 0.
LabelledRows read_labelled_rows(const RowFiles& files, const std::string& format, const TableSchema& schema);

}  // namespace ostler
