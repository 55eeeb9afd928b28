#include "lib/modules/xgboost/held_back.h"

#include <algorithm>
#include <cmath>

#include "lib/modules/table/metrics.h"

namespace ostler::xgb {

std::size_t margins_a_row(const TableSchema& schema) { return schema.outputs() == 2 ? 1 : schema.outputs(); }

void to_scores(const TableSchema& schema, const double* margins, float* scores) {
  const std::size_t outputs = schema.outputs();
  if (schema.task == TableTask::regression) {
    *scores = static_cast<float>(*margins);
  } else if (outputs == 2) {
    scores[1] = static_cast<float>(1 / (1 + std::exp(-*margins)));
    scores[0] = 1 - scores[1];
  } else {
    const double largest = *std::max_element(margins, margins + outputs);
    double sum = 0;
    for (std::size_t k = 0; k < outputs; ++k) sum += std::exp(margins[k] - largest);
    for (std::size_t k = 0; k < outputs; ++k)
      scores[k] = static_cast<float>(std::exp(margins[k] - largest) / sum);
  }
}

void add_first_class(float* scores, std::size_t rows) {
  // From the last row down, so that none is overwritten before it was read.
  for (std::size_t row = rows; row-- > 0;) {
    const float second = scores[row];
    scores[2 * row] = 1 - second;
    scores[2 * row + 1] = second;
  }
}

HeldBack::HeldBack(const TrainingData& data, std::size_t first, double base)
    : data_(data),
      first_(first),
      rows_(data.rows() - first),
      base_(base),
      margins_(rows_ * margins_a_row(data.schema), base),
      round_(margins_.size()),
      scores_(rows_ * data.schema.outputs()) {}

Value HeldBack::add(const Booster& booster, int begin, int end) {
  const std::size_t margins = margins_a_row(data_.schema), outputs = data_.schema.outputs();
  booster.predict(data_.cells.row(first_), rows_, data_.cells.columns(), margins, round_.data(),
                  Booster::Output::margin, begin, end);
  for (std::size_t i = 0; i < margins_.size(); ++i) margins_[i] += static_cast<double>(round_[i]) - base_;
  for (std::size_t row = 0; row < rows_; ++row)
    to_scores(data_.schema, margins_.data() + row * margins, scores_.data() + row * outputs);
  return round_metrics(data_, first_, rows_, scores_.data());
}

Value HeldBack::kept_metrics() const {
  return kept_.empty() ? Value::object()
                       : table_metrics(data_, first_, rows_, kept_.data(), Probabilities::yes);
}

}  // namespace ostler::xgb
