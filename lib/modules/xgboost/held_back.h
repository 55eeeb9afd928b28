#pragma once

// Scores of rows that are not learned from while a booster is trained, kept up to date round by round: each
// round's trees are added to what the earlier ones gave. (The library's own evaluation gives text with six
// decimals, too few for labels in millionths.)

#include <vector>

#include "lib/modules/table/training_data.h"
#include "lib/modules/xgboost/api.h"

namespace ostler::xgb {

// Turns a row's margins into scores (a probability for each class, or the number).
void to_scores(const TableSchema& schema, const double* margins, float* scores);
// Margins that the library has for one row: one for two classes.
std::size_t margins_a_row(const TableSchema& schema);

// The library gives one score a row for two classes, the second one's: this makes two of each, in place.
void add_first_class(float* scores, std::size_t rows);

class HeldBack {
 public:
  // The rows of `data` from `first` on; `base`: the margin at which every prediction begins.
  HeldBack(const TrainingData& data, std::size_t first, double base);

  // Adds the trees of the rounds from `begin` (where the last call ended, first 0) to before `end`, and gives
  // the metrics as of then.
  Value add(const Booster& booster, int begin, int end);
  // Keeps the scores as of the last round: it is the best so far. Then all metrics as of the round kept last.
  void keep() { kept_ = scores_; }
  Value kept_metrics() const;

  std::size_t rows() const { return rows_; }

 private:
  const TrainingData& data_;
  std::size_t first_, rows_;
  double base_;
  std::vector<double> margins_;
  std::vector<float> round_, scores_, kept_;
};

}  // namespace ostler::xgb
