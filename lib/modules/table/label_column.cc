#include "lib/modules/table/label_column.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "lib/base/error.h"
#include "lib/base/strings.h"
#include "lib/data/rows.h"

namespace ostler {

namespace {

// Below this many rows, anything goes: toy data.
constexpr std::size_t kFewRows = 20;

std::vector<double> sorted_distinct(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

std::string list_some(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 8;
  if (names.size() <= kShown) return join(names, ", ");
  return join({names.begin(), names.begin() + kShown}, ", ") + ", ...";
}

}  // namespace

void LabelColumn::start_pass() {
  values_.clear();
  codes_.clear();
  not_finite_.clear();
}

bool LabelColumn::add(const RecordBatch& batch, std::size_t row, std::string_view cell) {
  if (text_) {
    auto place = codes_.find(cell);
    if (place == codes_.end())
      place = codes_.emplace(std::string(cell), static_cast<int>(codes_.size())).first;
    values_.push_back(place->second);
    return true;
  }
  double number = 0;
  if (!parse_number_cell(cell, number)) {
    not_a_number_ = cell_text(batch, row, name_, cell);
    if (task_ == TableTask::regression)
      throw invalid_argument(not_a_number_ + " is not a number, which regression needs as the label");
    text_ = true;
    return false;
  }
  if (!std::isfinite(number) && not_finite_.empty()) not_finite_ = cell_text(batch, row, name_, cell);
  values_.push_back(number + 0.0);  // -0 becomes 0
  return true;
}

TableTask LabelColumn::decide() const {
  if (task_) return *task_;
  if (text_) return TableTask::classification;
  const auto is_whole = [](double value) { return value == std::floor(value); };
  const bool whole = std::all_of(values_.begin(), values_.end(), is_whole);
  return task_of_numbers(whole, whole ? sorted_distinct(values_).size() : 0, values_.size());
}

void LabelColumn::name_classes(TableSchema& schema) {
  if (text_) {
    // Classes are sorted, so that their order does not depend on the order of the rows.
    std::vector<double> position(codes_.size());
    for (const auto& [name, code] : codes_) {
      position[static_cast<std::size_t>(code)] = static_cast<double>(schema.classes.size());
      schema.classes.push_back(name);
    }
    for (double& value : values_) value = position[static_cast<std::size_t>(value)];
    return;
  }
  const std::vector<double> classes = sorted_distinct(values_);
  for (const double number : classes) schema.classes.push_back(number_to_text(number));
  for (double& value : values_)
    value = static_cast<double>(std::lower_bound(classes.begin(), classes.end(), value) - classes.begin());
}

void LabelColumn::check_classes(const TableSchema& schema) const {
  const std::size_t classes = schema.classes.size(), rows = values_.size();
  if (classes == 1)
    throw invalid_argument(
        fmt::format("the label \"{}\" is \"{}\" in all {} rows: classification needs at least two classes to "
                    "tell apart{}",
                    name_, schema.classes[0], rows, text_ ? "" : "; task=regression estimates a number"));
  if (rows < kFewRows || 2 * classes <= rows) return;
  std::string message = fmt::format(
      "the label \"{}\" has {} different values in {} rows, too many to be classes", name_, classes, rows);
  if (!text_)
    message += "; task=regression estimates a number";
  else if (!not_a_number_.empty())
    message += fmt::format("; it is taken as text because {} is not a number", not_a_number_);
  throw invalid_argument(message);
}

std::vector<double> LabelColumn::finish(TableSchema& schema, TrainReporter& reporter) {
  if (!not_finite_.empty())
    throw invalid_argument(not_finite_ +
                           " cannot be learned as a label: leave the cell empty, or the row out");
  schema.task = decide();
  schema.label = name_;
  schema.numeric_label = !text_;
  const bool regression = schema.task == TableTask::regression;
  if (!regression) {
    name_classes(schema);
    check_classes(schema);
  }
  std::string line = regression ? fmt::format("regression: the number \"{}\" is estimated", name_)
                                : fmt::format("classification: \"{}\" has {} classes ({})", name_,
                                              schema.classes.size(), list_some(schema.classes));
  if (!task_)
    line += fmt::format("; told from the data{}", text_        ? ", whose label is text"
                                                  : regression ? ", task=classification says otherwise"
                                                               : ", task=regression says otherwise");
  reporter.log(line);
  return std::move(values_);
}

}  // namespace ostler
