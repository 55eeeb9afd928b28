#pragma once

// From the cells of a table to the columns of a linear model, and LIBLINEAR's form of a row.
//
// A number column becomes one column, standardized (mean 0, deviation 1); a missing cell counts as the mean.
// A text column becomes a column for each category, 1 where it is the cell's; a missing or unknown text is 0
// in all. Last comes a constant column, for the intercept. Columns count from 1, in the order of the schema's
// features.
//
// It lies in the model directory as linear.json:
//   {"ostler_linear": 1, "solver": "logistic", "bias": 10,
//    "features": [{"name": "year", "column": 1, "mean": 2008, "deviation": 0.8}, {"name": "sex", "column":
//    2}], "label": {"mean": 0, "deviation": 1}}

#include <linear.h>

#include <vector>

#include "lib/base/value.h"
#include "lib/modules/table/training_data.h"

namespace ostler {

struct LinearFeature {
  int column = 1;        // the first
  double mean = 0;       // of a number column
  double deviation = 0;  // 0: a constant column, which is not used
};

class LinearDesign {
 public:
  LinearDesign() = default;
  // Means and deviations are those of the first `rows` rows.
  LinearDesign(const TrainingData& data, std::size_t rows);

  // Columns without the constant one.
  int columns() const { return columns_; }
  static double bias();
  // Most nodes that one row takes, the end mark included.
  std::size_t nodes_a_row() const { return features_.size() + 2; }
  // Writes the row's nodes and gives the place after its end mark.
  feature_node* write_row(const float* cells, feature_node* to) const;

  // The label of a regression, standardized, and back.
  double to_label(double value) const { return (value - label_mean_) / label_deviation_; }
  double from_label(double value) const { return value * label_deviation_ + label_mean_; }

  Value to_value(const TableSchema& schema) const;
  // Throws Error where the value is no such document or does not fit the schema.
  static LinearDesign from_value(const Value& value, const TableSchema& schema);

 private:
  std::vector<LinearFeature> features_;
  std::vector<bool> is_text_;
  int columns_ = 0;
  double label_mean_ = 0, label_deviation_ = 1;
};

}  // namespace ostler
