#include "lib/modules/linear/design.h"

#include <cmath>

#include "lib/base/error.h"

namespace ostler {

namespace {

// Mean and (population) deviation of numbers that are added one by one, without the cancellation of sums of
// squares.
struct Moments {
  double count = 0, mean = 0, squares = 0;
  void add(double value) {
    ++count;
    const double difference = value - mean;
    mean += difference / count;
    squares += difference * (value - mean);
  }
  double deviation() const { return count > 0 ? std::sqrt(squares / count) : 0; }
};

int columns_of(const TableFeature& feature) {
  return feature.kind == ColumnKind::text ? static_cast<int>(feature.categories.size()) : 1;
}

}  // namespace

LinearDesign::LinearDesign(const TrainingData& data, std::size_t rows) {
  const std::size_t features = data.schema.features.size();
  std::vector<Moments> moments(features);
  for (std::size_t row = 0; row < rows; ++row) {
    const float* cells = data.cells.row(row);
    for (std::size_t i = 0; i < features; ++i)
      if (!std::isnan(cells[i])) moments[i].add(cells[i]);
  }
  for (std::size_t i = 0; i < features; ++i) {
    const TableFeature& feature = data.schema.features[i];
    is_text_.push_back(feature.kind == ColumnKind::text);
    LinearFeature& place = features_.emplace_back();
    place.column = columns_ + 1;
    columns_ += columns_of(feature);
    if (is_text_.back()) continue;
    place.mean = moments[i].mean;
    // What is left of a constant by rounding is no deviation.
    const double deviation = moments[i].deviation();
    place.deviation = deviation > 1e-12 * std::abs(place.mean) ? deviation : 0;
  }
  if (data.schema.task == TableTask::classification) return;
  Moments label;
  for (std::size_t row = 0; row < rows; ++row) label.add(data.labels[row]);
  label_mean_ = label.mean;
  label_deviation_ = label.deviation() > 0 ? label.deviation() : 1;
}

// The intercept is regularized like every other weight. A constant column of 10 makes that a hundredth of it,
// so that rare classes are not thought commoner than they are.
double LinearDesign::bias() { return 10; }

feature_node* LinearDesign::write_row(const float* cells, feature_node* to) const {
  for (std::size_t i = 0; i < features_.size(); ++i) {
    const LinearFeature& feature = features_[i];
    const double cell = static_cast<double>(cells[i]);
    if (std::isnan(cell)) continue;
    if (is_text_[i])
      *to++ = {feature.column + static_cast<int>(cell), 1};
    else if (feature.deviation > 0)
      *to++ = {feature.column, (cell - feature.mean) / feature.deviation};
  }
  *to++ = {columns_ + 1, bias()};
  *to++ = {-1, 0};
  return to;
}

Value LinearDesign::to_value(const TableSchema& schema) const {
  Value features = Value::array();
  for (std::size_t i = 0; i < features_.size(); ++i) {
    Value item = Value::object({{"name", schema.features[i].name}, {"column", features_[i].column}});
    if (!is_text_[i]) {
      item["mean"] = features_[i].mean;
      item["deviation"] = features_[i].deviation;
    }
    features.push_back(std::move(item));
  }
  return Value::object({{"ostler_linear", 1},
                        {"bias", bias()},
                        {"features", std::move(features)},
                        {"label", Value::object({{"mean", label_mean_}, {"deviation", label_deviation_}})}});
}

LinearDesign LinearDesign::from_value(const Value& value, const TableSchema& schema) {
  if (value.at("ostler_linear").as_integer() != 1 || value.at("bias").as_number() != bias())
    throw invalid_argument("it is of another version than 1; a newer ostler wrote it");
  LinearDesign design;
  const Value::Array& features = value.at("features").as_array();
  if (features.size() != schema.features.size())
    throw invalid_argument("it has another number of features than schema.json");
  for (std::size_t i = 0; i < features.size(); ++i) {
    LinearFeature& feature = design.features_.emplace_back();
    design.is_text_.push_back(schema.features[i].kind == ColumnKind::text);
    feature.column = static_cast<int>(features[i].at("column").as_integer());
    if (features[i].at("name").as_string() != schema.features[i].name ||
        feature.column != design.columns_ + 1)
      throw invalid_argument("its features are not those of schema.json");
    design.columns_ += columns_of(schema.features[i]);
    if (design.is_text_.back()) continue;
    feature.mean = features[i].at("mean").as_number();
    feature.deviation = features[i].at("deviation").as_number();
  }
  design.label_mean_ = value.at("label").at("mean").as_number();
  design.label_deviation_ = value.at("label").at("deviation").as_number();
  return design;
}

}  // namespace ostler
