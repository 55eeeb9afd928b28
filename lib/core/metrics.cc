#include "lib/core/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ostler {

namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();
constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
constexpr std::size_t kMostBins = 32;
// The first error's bins are this much finer than the error, so that errors which differ little are told
// apart.
constexpr int kFinerBits = 40;
// A bin's number beyond this would not be exact.
constexpr double kLargestBin = 1LL << 50;

void add_defined(Value& metrics, const char* name, double value) {
  if (std::isfinite(value)) metrics[name] = value;
}

}  // namespace

ClassificationMetrics::ClassificationMetrics(std::vector<std::string> classes, Wanted wanted)
    : classes_(std::move(classes)), known_(classes_.size()), wanted_(wanted), counts_(known_) {
  for (std::size_t i = 0; i < known_; ++i) numbers_.emplace(classes_[i], i);
}

std::size_t ClassificationMetrics::class_of(std::string_view label) {
  if (const auto place = numbers_.find(label); place != numbers_.end()) return place->second;
  const std::size_t number = classes_.size();
  classes_.emplace_back(label);
  counts_.emplace_back();
  numbers_.emplace(classes_.back(), number);
  return number;
}

void ClassificationMetrics::add(std::size_t truth, std::size_t predicted, const double* probabilities,
                                double weight) {
  counts_[truth].seen = counts_[predicted].seen = true;
  if (weight == 0) return;
  total_ += weight;
  counts_[truth].truth += weight;
  counts_[predicted].predicted += weight;
  if (truth == predicted) {
    right_ += weight;
    counts_[truth].right += weight;
  } else {
    wrong_[static_cast<std::uint64_t>(truth) << 32 | predicted] += weight;
  }
  if (!wanted_.probabilities) return;
  add_log_loss(truth, probabilities, weight);
  if (!wanted_.auc) return;
  if (probabilities_.size() + kept_a_row() > kMostKept) {
    wanted_.auc = false;
    probabilities_ = weights_ = {};
    truths_ = {};
    return;
  }
  truths_.push_back(static_cast<std::uint32_t>(truth));
  weights_.push_back(weight);
  probabilities_.insert(probabilities_.end(), probabilities + (known_ - kept_a_row()),
                        probabilities + known_);
}

void ClassificationMetrics::add_log_loss(std::size_t truth, const double* probabilities, double weight) {
  // A NaN goes through and makes the sum one.
  const auto cut = [](double probability) { return std::clamp(probability, kEpsilon, 1 - kEpsilon); };
  double sum = 0;
  for (std::size_t k = 0; k < known_; ++k) sum += cut(probabilities[k]);
  if (!knows(truth)) sum += kEpsilon;
  log_loss_ -= weight * std::log((knows(truth) ? cut(probabilities[truth]) : kEpsilon) / sum);
}

double ClassificationMetrics::macro_f1() const {
  double sum = 0, classes = 0;
  for (const Counts& counts : counts_) {
    if (!counts.seen) continue;
    ++classes;
    if (counts.right > 0) sum += 2 * counts.right / (counts.truth + counts.predicted);
  }
  return sum / classes;
}

double ClassificationMetrics::auc_of(std::size_t number) const {
  struct Row {
    double probability, weight;  // the weight of the others is negative
  };
  const std::size_t stride = kept_a_row(), at = stride == 1 ? 0 : number;
  std::vector<Row> rows(truths_.size());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    rows[row] = {probabilities_[row * stride + at], truths_[row] == number ? weights_[row] : -weights_[row]};
    if (std::isnan(rows[row].probability)) return kUndefined;
  }
  std::sort(rows.begin(), rows.end(),
            [](const Row& left, const Row& right) { return left.probability < right.probability; });
  // How often one of the class is above one of the others; ties count half.
  double below = 0, positive = 0, area = 0;
  for (std::size_t row = 0; row < rows.size();) {
    const double probability = rows[row].probability;
    double tied_positive = 0, tied_others = 0;
    for (; row < rows.size() && rows[row].probability == probability; ++row)
      (rows[row].weight > 0 ? tied_positive : tied_others) += std::abs(rows[row].weight);
    area += tied_positive * (below + tied_others / 2);
    below += tied_others;
    positive += tied_positive;
  }
  return positive > 0 && below > 0 ? area / (positive * below) : kUndefined;
}

double ClassificationMetrics::auc() const {
  if (known_ == 2) return auc_of(1);
  double sum = 0, classes = 0;
  for (std::size_t k = 0; k < known_; ++k) {
    if (counts_[k].truth == 0) continue;
    sum += auc_of(k);
    ++classes;
  }
  return sum / classes;
}

Value ClassificationMetrics::metrics() const {
  Value metrics = Value::object();
  if (!(total_ > 0)) return metrics;
  add_defined(metrics, "accuracy", right_ / total_);
  add_defined(metrics, "macro_f1", macro_f1());
  if (!wanted_.probabilities) return metrics;
  add_defined(metrics, "log_loss", log_loss_ / total_);
  if (wanted_.auc) add_defined(metrics, "auc", auc());
  return metrics;
}

Value ClassificationMetrics::confusion() const {
  Value names = Value::array(), rows = Value::array();
  for (std::size_t truth = 0; truth < classes_.size(); ++truth) {
    names.push_back(classes_[truth]);
    Value row = Value::array();
    for (std::size_t predicted = 0; predicted < classes_.size(); ++predicted) {
      const auto wrong = wrong_.find(static_cast<std::uint64_t>(truth) << 32 | predicted);
      row.push_back(truth == predicted ? counts_[truth].right : wrong == wrong_.end() ? 0 : wrong->second);
    }
    rows.push_back(std::move(row));
  }
  return Value::object({{"classes", std::move(names)}, {"counts", std::move(rows)}});
}

void ErrorHistogram::join_bins() {
  const auto half = [](std::int64_t number) { return number >= 0 ? number / 2 : (number - 1) / 2; };
  std::deque<double> joined;
  const std::int64_t first = half(first_);
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    const auto to = static_cast<std::size_t>(half(first_ + static_cast<std::int64_t>(i)) - first);
    if (to == joined.size()) joined.push_back(0);
    joined[to] += counts_[i];
  }
  first_ = first;
  counts_ = std::move(joined);
  width_ *= 2;
}

void ErrorHistogram::add(double error, double weight) {
  if (!std::isfinite(error)) return;
  if (error == 0 && width_ == 0) {
    zeros_ += weight;
    return;
  }
  if (width_ == 0) {
    width_ = std::ldexp(1, std::max(std::ilogb(error) - kFinerBits, -1000));
    if (zeros_ > 0) counts_.push_back(zeros_);
  }
  while (std::abs(error / width_) > kLargestBin) join_bins();
  for (;;) {
    const auto bin = static_cast<std::int64_t>(std::floor(error / width_));
    if (counts_.empty()) first_ = bin;
    const std::int64_t last = first_ + static_cast<std::int64_t>(counts_.size()) - 1;
    const std::int64_t from = std::min(first_, bin), to = std::max(last, bin);
    if (to - from >= static_cast<std::int64_t>(kMostBins)) {
      join_bins();
      continue;
    }
    if (bin < first_) counts_.insert(counts_.begin(), static_cast<std::size_t>(first_ - bin), 0);
    if (bin > last) counts_.insert(counts_.end(), static_cast<std::size_t>(bin - last), 0);
    first_ = from;
    counts_[static_cast<std::size_t>(bin - first_)] += weight;
    return;
  }
}

Value ErrorHistogram::to_value() const {
  Value edges = Value::array(), counts = Value::array();
  const auto histogram = [&] { return Value::object({{"edges", edges}, {"counts", counts}}); };
  if (width_ == 0) {
    if (zeros_ == 0) return histogram();
    for (const double edge : {0.0, 1.0}) edges.push_back(edge);
    counts.push_back(zeros_);
    return histogram();
  }
  for (std::size_t i = 0; i <= counts_.size(); ++i)
    edges.push_back(static_cast<double>(first_ + static_cast<std::int64_t>(i)) * width_);
  for (const double count : counts_) counts.push_back(count);
  return histogram();
}

void RegressionMetrics::add(double truth, double predicted, double weight) {
  ++rows_;
  if (weight == 0) return;
  const double error = predicted - truth;
  total_ += weight;
  squares_ += weight * error * error;
  distances_ += weight * std::abs(error);
  // Welford's way, which does not lose what is small beside the mean.
  const double from_mean = truth - mean_;
  mean_ += from_mean * (weight / total_);
  spread_ += weight * from_mean * (truth - mean_);
  histogram_.add(error, weight);
}

Value RegressionMetrics::metrics() const {
  Value metrics = Value::object();
  if (!(total_ > 0)) return metrics;
  add_defined(metrics, "rmse", std::sqrt(squares_ / total_));
  add_defined(metrics, "mae", distances_ / total_);
  if (rows_ < 2) return metrics;
  add_defined(metrics, "r2", spread_ > 0 ? 1 - squares_ / spread_ : squares_ > 0 ? 0 : 1);
  return metrics;
}

}  // namespace ostler
