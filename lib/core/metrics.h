#pragma once

// How good predictions are where the truth is known. The definitions are scikit-learn's (1.2), each weighted
// by the rows' weights (its sample_weight):
//
//   accuracy   accuracy_score
//   macro_f1   f1_score(average="macro", zero_division=0), over the classes of truth and predictions
//   log_loss   log_loss: probabilities cut at the epsilon of a double and made to sum to 1
//   auc        roc_auc_score: of two classes, the second one's; of more, the mean of each against the rest
//              (multi_class="ovr", average="macro"), of those that the truth has
//   rmse, mae  mean_squared_error(squared=False), mean_absolute_error
//   r2         r2_score
//
// A label that the model does not know is a wrong row: a class of its own for macro_f1, of probability 0 for
// log_loss, and one of the rest for auc. Metrics that are not defined for the rows at hand are left out: all
// without rows (or with weights of 0 only), auc of one class, r2 of one row.
//
// Order of calls: add() for each row, then what is asked for. Plain data; one thread at a time.

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/value.h"
#include "lib/core/learning_task.h"

namespace ostler {

class ClassificationMetrics {
 public:
  // `classes`: those of the model, in the order of its probabilities. Without probabilities there is no
  // log_loss and no auc. `auc` needs every probability kept, 8 bytes each; the others take no memory by rows.
  struct Wanted {
    bool probabilities = false;
    bool auc = true;
  };
  ClassificationMetrics(std::vector<std::string> classes, Wanted wanted);

  // The class's number; a new one for a label that the model does not know.
  std::size_t class_of(std::string_view label);
  // `probabilities`: one for each of the model's classes; null without.
  void add(std::size_t truth, std::size_t predicted, const double* probabilities, double weight = 1);

  // A map of name to number, in the order above.
  Value metrics() const;
  // {"classes": [...], "counts": [[...], ...]}: a row for each true class, a column for each predicted one,
  // weights summed.
  Value confusion() const;

 private:
  std::vector<std::string> classes_;
  std::map<std::string, std::size_t, std::less<>> numbers_;
  std::size_t known_;
  Wanted wanted_;
  std::vector<std::vector<double>> counts_;
  double total_ = 0, right_ = 0, log_loss_ = 0;
  std::vector<double> probabilities_, weights_;  // for auc
  std::vector<std::uint32_t> truths_;
};

class RegressionMetrics {
 public:
  void add(double truth, double predicted, double weight = 1);
  Value metrics() const;
  // {"edges": [...], "counts": [...]}: how the errors (predicted - truth) are spread, in bins of one width.
  Value error_histogram() const;

 private:
  std::vector<double> truths_, errors_, weights_;
};

}  // namespace ostler
