#pragma once

// How good predictions are where the truth is known. The definitions are scikit-learn's (1.2), each weighted
// by the rows' weights (its sample_weight):
//
//   accuracy   accuracy_score
//   macro_f1   f1_score(average="macro", zero_division=0), over the classes of truth and predictions
//   log_loss   log_loss: probabilities cut at the epsilon of a double and made to sum to 1
//   auc        roc_auc_score: of two classes, the second one's; of more, the mean of each against the rest
//              (multi_class="ovr", average="macro"), of those that the truth has. Probabilities of a row that
//              do not sum to 1, which scikit-learn refuses for more than two classes, are taken as they are
//   rmse, mae  mean_squared_error(squared=False), mean_absolute_error
//   r2         r2_score; of a constant truth 1 where all is right, else 0, as there
//
// A label that the model does not know is a wrong row: a class of its own for macro_f1, of probability 0 for
// log_loss, and one of the rest for auc. Metrics that are not defined for the rows at hand are left out: all
// without rows (or with weights of 0 only), auc of one class, r2 of one row, log_loss and auc where a
// probability is NaN, those of numbers where one is not finite.
//
// Memory does not grow with the rows, but for auc.
//
// Order of calls: add() for each row, then what is asked for. Plain data; one thread at a time.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "lib/base/value.h"
#include "lib/core/learning_task.h"

namespace ostler {

class ClassificationMetrics {
 public:
  // Without probabilities there is no log_loss and no auc. `auc` keeps, of each row, 12 bytes and 8 for each
  // probability (of two classes, one), and takes 16 more while it is made; it is left out where there are
  // more than kMostKept probabilities (1 GiB).
  struct Wanted {
    bool probabilities = false;
    bool auc = true;
  };
  // `classes`: those of the model, in the order of its probabilities.
  ClassificationMetrics(std::vector<std::string> classes, Wanted wanted);
  static constexpr std::size_t kMostKept = std::size_t{1} << 27;

  // The class's number; a new one for a label that the model does not know.
  std::size_t class_of(std::string_view label);
  // The model's classes, then those that class_of() has added.
  const std::vector<std::string>& classes() const { return classes_; }
  bool knows(std::size_t number) const { return number < known_; }

  // `probabilities`: one for each of the model's classes; null without.
  void add(std::size_t truth, std::size_t predicted, const double* probabilities, double weight = 1);

  // A map of name to number, in the order above.
  Value metrics() const;
  // {"classes": [...], "counts": [[...], ...]}: a row for each true class, a column for each predicted one,
  // weights summed. As large as the square of the classes.
  Value confusion() const;

 private:
  struct Counts {
    bool seen = false;  // in the truth or the predictions, whatever the weight
    double truth = 0, predicted = 0, right = 0;
  };

  void add_log_loss(std::size_t truth, const double* probabilities, double weight);
  double macro_f1() const;
  double auc() const;                       // NaN: not defined
  double auc_of(std::size_t number) const;  // of one class against the rest
  std::size_t kept_a_row() const { return known_ == 2 ? 1 : known_; }

  std::vector<std::string> classes_;
  std::map<std::string, std::size_t, std::less<>> numbers_;
  std::size_t known_;
  Wanted wanted_;
  std::vector<Counts> counts_;
  std::unordered_map<std::uint64_t, double> wrong_;  // by truth and prediction
  double total_ = 0, right_ = 0, log_loss_ = 0;
  // For auc, of the rows with a weight.
  std::vector<double> probabilities_, weights_;
  std::vector<std::uint32_t> truths_;
};

// How many errors there are of each size, without knowing beforehand how large they are: the bins, all of one
// width (a power of two) and counted from 0, are joined in pairs whenever they become too many.
class ErrorHistogram {
 public:
  void add(double error, double weight);
  // {"edges": [...], "counts": [...]}: the n-th bin reaches from the n-th edge to before the next.
  Value to_value() const;

 private:
  void join_bins();

  double width_ = 0;        // 0: there were only errors of 0
  double zeros_ = 0;        // their weight
  std::int64_t first_ = 0;  // the first bin begins at this many widths
  std::deque<double> counts_;
};

class RegressionMetrics {
 public:
  void add(double truth, double predicted, double weight = 1);
  Value metrics() const;
  // How the errors (predicted - truth) are spread.
  Value error_histogram() const { return histogram_.to_value(); }

 private:
  std::uint64_t rows_ = 0;
  double total_ = 0, squares_ = 0, distances_ = 0;
  double mean_ = 0, spread_ = 0;  // of the truth: the mean, and the squared distances from it
  ErrorHistogram histogram_;
};

}  // namespace ostler
