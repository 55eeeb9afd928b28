// encode_batch of table_module.h.

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "lib/base/error.h"
#include "lib/base/strings.h"
#include "lib/data/rows.h"
#include "lib/modules/table/label_column.h"
#include "lib/modules/table/table_module.h"

namespace ostler {

namespace {

constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();

float to_float(double number) {
  constexpr double kLargest = std::numeric_limits<float>::max();
  return static_cast<float>(std::clamp(number, -kLargest, kLargest));  // NaN stays NaN
}

float code_of(const TableFeature& feature, std::string_view text) {
  const auto place = std::lower_bound(feature.categories.begin(), feature.categories.end(), text);
  if (place == feature.categories.end() || *place != text) return kMissing;
  return static_cast<float>(place - feature.categories.begin());
}

void encode_numbers(const TableFeature& feature, const Column& column, float* to, std::size_t step) {
  for (const double number : column.numbers) {
    if (feature.kind == ColumnKind::number)
      *to = to_float(number);
    else if (number == number)
      *to = code_of(feature, number_to_text(number));
    to += step;
  }
}

void encode_texts(const TableFeature& feature, const Column& column, const RecordBatch& batch, float* to,
                  std::size_t step, std::vector<RowError>* errors) {
  for (std::size_t row = 0; row < column.texts.size(); ++row, to += step) {
    const std::string_view cell = column.texts[row];
    if (feature.kind == ColumnKind::text) {
      if (cell.data() != nullptr) *to = code_of(feature, cell);
    } else {
      double number = 0;
      if (parse_number_cell(cell, number)) {
        *to = to_float(number);
        continue;
      }
      const std::string message =
          cell_text(batch, row, feature.name, cell) + " is not a number, as it was in training";
      if (errors == nullptr) throw invalid_argument(message);
      errors->push_back({row, message});
    }
  }
}

}  // namespace

std::vector<float> encode_batch(const TableSchema& schema, const RecordBatch& batch,
                                std::vector<RowError>* errors) {
  batch.check_shape();
  const std::size_t features = schema.features.size();
  std::vector<const Column*> columns;
  std::vector<std::string> missing;
  for (const TableFeature& feature : schema.features) {
    columns.push_back(batch.find(feature.name));
    if (columns.back() == nullptr) missing.push_back(feature.name);
  }
  if (!missing.empty())
    throw invalid_argument(fmt::format("{}{}the model needs the column{} {}, which the data does not have",
                                       batch.source, batch.source.empty() ? "" : ": ",
                                       missing.size() == 1 ? "" : "s", join(missing, ", ")));
  std::vector<float> cells(batch.rows * features, kMissing);
  if (cells.empty()) return cells;  // there is no place in it to point to
  for (std::size_t i = 0; i < features; ++i) {
    if (columns[i]->kind == ColumnKind::number)
      encode_numbers(schema.features[i], *columns[i], cells.data() + i, features);
    else
      encode_texts(schema.features[i], *columns[i], batch, cells.data() + i, features, errors);
  }
  return cells;
}

}  // namespace ostler
