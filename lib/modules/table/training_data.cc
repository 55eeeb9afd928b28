#include "lib/modules/table/training_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <map>

#include "lib/base/error.h"
#include "lib/base/strings.h"
#include "lib/data/records.h"
#include "lib/data/rows.h"
#include "lib/modules/table/label_column.h"

namespace ostler {

namespace {

// A text column with more different texts than this is no category.
constexpr std::size_t kMostCategories = 1000;
// Nor is one in which most texts are different, once there are more than a few.
constexpr std::size_t kFewCategories = 20;
// Batches: rows are cut in one thread and taken as numbers in another.
constexpr std::size_t kReadAhead = 4;

struct FeatureColumn {
  std::string name;
  bool forced = false;  // named in `categorical`
  bool text = false;
  std::string left_out;  // why, when it is
  // Of one pass:
  std::size_t present = 0;
  std::map<std::string, int, std::less<>> codes;
  std::string infinite;  // where the first infinite number is
  // Whether each number is whole and larger than the one before.
  bool rises = true;
  double first = 0, last = 0;
};

class TrainingReader {
 public:
  TrainingReader(const TrainRequest& request, const TableParameters& parameters)
      : request_(request), parameters_(parameters), label_(parameters.label, parameters.task), cells_(0) {}

  TrainingData read(TrainReporter& reporter) {
    if (request_.data.paths.empty()) throw invalid_argument("there is no data to learn from");
    const bool unnamed = request_.data_format.empty() && format_of(request_.data.paths[0]).empty();
    names_ = read_column_names({request_.data.paths[0]}, unnamed ? kFormatOfUnnamed : request_.data_format);
    for (const std::string& name : feature_columns(parameters_, names_, request_.data.paths[0])) {
      FeatureColumn& column = columns_.emplace_back();
      column.name = name;
      const auto& forced = parameters_.categorical;
      column.forced = column.text = std::find(forced.begin(), forced.end(), name) != forced.end();
    }
    while (!read_pass()) {
    }
    return finish(reporter);
  }

 private:
  // One pass over all files. False when a column has turned out to be text.
  bool read_pass() {
    label_.start_pass();
    cells_ = FloatMatrix(columns_.size());
    weights_.clear();
    without_label_ = 0;
    for (FeatureColumn& column : columns_) {
      column.present = 0;
      column.codes.clear();
      column.infinite.clear();
      column.rises = true;
    }
    ReadOptions options;
    options.format = request_.data_format;
    options.fallback_format = kFormatOfUnnamed;
    for (const FeatureColumn& column : columns_) options.columns.push_back({column.name, ColumnKind::text});
    options.columns.push_back({parameters_.label, ColumnKind::text});
    if (!parameters_.weight.empty()) options.columns.push_back({parameters_.weight, ColumnKind::text});
    const auto stream = read_ahead(open_records(record_sources(request_.data), options), kReadAhead);
    RecordBatch batch;
    while (stream->next(batch))
      if (!take(batch)) return false;
    return true;
  }

  static const std::vector<std::string_view>& texts(const RecordBatch& batch, const std::string& name) {
    const Column* column = batch.find(name);
    if (column == nullptr || column->kind != ColumnKind::text)
      throw internal_error("the reader gives no text column \"" + name + "\"");
    return column->texts;
  }

  bool take(const RecordBatch& batch) {
    bool fits = true;
    rows_.clear();
    const auto& labels = texts(batch, parameters_.label);
    for (std::size_t row = 0; row < batch.rows; ++row) {
      if (labels[row].empty()) {
        ++without_label_;
        continue;
      }
      rows_.push_back(row);
      fits = label_.add(batch, row, labels[row]) && fits;
    }
    if (rows_.empty()) return fits;
    float* first = cells_.add_rows(rows_.size());
    // All columns are looked at even when one does not fit, so that one new pass sets right all that this
    // batch shows.
    for (std::size_t i = 0; i < columns_.size(); ++i)
      if (columns_[i].left_out.empty()) fits = take_column(batch, columns_[i], first + i) && fits;
    if (!parameters_.weight.empty()) take_weights(batch);
    return fits;
  }

  bool take_column(const RecordBatch& batch, FeatureColumn& column, float* to) const {
    const auto& cells = texts(batch, column.name);
    for (const std::size_t row : rows_) {
      const std::string_view cell = cells[row];
      if (!column.text) {
        double number = 0;
        if (!parse_number_cell(cell, number)) {
          column.text = true;
          return false;
        }
        if (column.present == 0) column.first = column.last = number;
        column.rises =
            column.rises && number == std::floor(number) && (column.present == 0 || number > column.last);
        column.last = number;
        if (!std::isnan(number)) ++column.present;
        if (std::abs(number) > FLT_MAX && column.infinite.empty())
          column.infinite = cell_text(batch, row, column.name, cell);
        *to = static_cast<float>(number);
      } else if (cell.data() != nullptr) {
        ++column.present;
        auto place = column.codes.find(cell);
        if (place == column.codes.end()) {
          if (column.codes.size() >= kMostCategories && !column.forced) {
            column.left_out = fmt::format("it has more than {} different texts", kMostCategories);
            column.codes.clear();
            return true;
          }
          place = column.codes.emplace(std::string(cell), static_cast<int>(column.codes.size())).first;
        }
        *to = static_cast<float>(place->second);
      }
      to += columns_.size();
    }
    return true;
  }

  void take_weights(const RecordBatch& batch) {
    const auto& cells = texts(batch, parameters_.weight);
    for (const std::size_t row : rows_)
      weights_.push_back(weight_of(batch, row, parameters_.weight, cells[row]));
  }

  // Categories in the order of their texts, so that a model does not depend on the order of the rows.
  void sort_categories(std::size_t index, TableFeature& feature) {
    FeatureColumn& column = columns_[index];
    std::vector<float> position(column.codes.size());
    for (const auto& [text, code] : column.codes) {
      position[static_cast<std::size_t>(code)] = static_cast<float>(feature.categories.size());
      feature.categories.push_back(text);
    }
    for (std::size_t row = 0; row < cells_.rows(); ++row) {
      float& cell = cells_.row(row)[index];
      if (!std::isnan(cell)) cell = position[static_cast<std::size_t>(cell)];
    }
  }

  // Rows of the files, those included that are not chosen or have no label.
  double rows_there() const {
    std::size_t rows = cells_.rows() + without_label_;
    for (const RowChoice& choice : request_.data.rows)
      if (choice.marks != nullptr)
        rows +=
            static_cast<std::size_t>(std::count(choice.marks->begin(), choice.marks->end(), !choice.chosen));
    return static_cast<double>(rows);
  }

  // A column such as an exported index: it tells where a row stood in the file, which new rows do not have.
  void warn_of_counting(const FeatureColumn& column, TrainReporter& reporter) const {
    if (column.text || !column.rises || column.present != cells_.rows() || column.present <= kFewCategories ||
        column.last - column.first >= rows_there())
      return;
    reporter.log(fmt::format(
        "note: column \"{}\" counts the rows ({} to {}), like an id: what is learned from it says nothing of "
        "new rows; ignore={} leaves it out",
        column.name, number_to_text(column.first), number_to_text(column.last), column.name));
  }

  void choose_columns(TableSchema& schema, TrainReporter& reporter) {
    std::vector<bool> keep;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      FeatureColumn& column = columns_[i];
      const std::size_t texts = column.codes.size();
      const bool ids = column.text && !column.forced && texts > kFewCategories && 2 * texts > column.present;
      if (ids)
        column.left_out = fmt::format("its {} texts are mostly different ones ({}), like names or ids",
                                      column.present, texts);
      if (!column.left_out.empty())
        reporter.log(fmt::format(
            "column \"{}\" is left out: {}; categorical={} uses it, ignore={} leaves it out without "
            "this line",
            column.name, column.left_out, column.name, column.name));
      else if (column.present == 0)
        reporter.log(fmt::format("column \"{}\" is left out: all its cells are missing", column.name));
      keep.push_back(column.left_out.empty() && column.present > 0);
      if (!keep.back()) continue;
      if (!column.text && !column.infinite.empty())
        throw invalid_argument(column.infinite +
                               " cannot be learned from: leave the cell empty, or the column out "
                               "(ignore=" +
                               column.name + ")");
      warn_of_counting(column, reporter);
      TableFeature& feature = schema.features.emplace_back();
      feature.name = column.name;
      feature.kind = column.text ? ColumnKind::text : ColumnKind::number;
      if (column.text) sort_categories(i, feature);
    }
    if (std::find(keep.begin(), keep.end(), false) != keep.end()) cells_.keep_columns(keep);
  }

  TrainingData finish(TrainReporter& reporter) {
    const std::string& source = request_.data.paths[0];
    if (without_label_ > 0)
      reporter.log(fmt::format("{} {} left out: the label \"{}\" is missing", without_label_,
                               without_label_ == 1 ? "row is" : "rows are", parameters_.label));
    if (cells_.rows() == 0)
      throw invalid_argument(without_label_ > 0 ? fmt::format("{}: the label \"{}\" is missing in every row",
                                                              source, parameters_.label)
                                                : fmt::format("{}: there are no rows to learn from", source));
    TrainingData data;
    data.labels = label_.finish(data.schema, reporter);
    choose_columns(data.schema, reporter);
    if (data.schema.features.empty())
      throw invalid_argument(fmt::format("{}: there is no column left to learn from", source));
    data.cells = std::move(cells_);
    data.weights = std::move(weights_);
    if (!data.weights.empty() && *std::max_element(data.weights.begin(), data.weights.end()) == 0)
      throw invalid_argument(
          fmt::format("{}: the weight \"{}\" is 0 in every row", source, parameters_.weight));
    data.schema.weight = parameters_.weight;
    std::size_t texts = 0;
    for (const TableFeature& feature : data.schema.features)
      texts += feature.kind == ColumnKind::text ? 1 : 0;
    for (const std::string& name : names_) {
      const auto is_it = [&](const TableFeature& feature) { return feature.name == name; };
      if (name != parameters_.label && name != parameters_.weight &&
          std::none_of(data.schema.features.begin(), data.schema.features.end(), is_it))
        data.schema.left_out.push_back(name);
    }
    reporter.log(fmt::format("{} rows, {} columns to learn from: {} numbers, {} categories", data.rows(),
                             data.schema.features.size(), data.schema.features.size() - texts, texts));
    return data;
  }

  const TrainRequest& request_;
  const TableParameters& parameters_;
  std::vector<std::string> names_;
  std::vector<FeatureColumn> columns_;
  LabelColumn label_;
  FloatMatrix cells_;
  std::vector<double> weights_;
  std::vector<std::size_t> rows_;  // of the batch: those with a label
  std::size_t without_label_ = 0;
};

}  // namespace

double weight_of(const RecordBatch& batch, std::size_t row, const std::string& column,
                 std::string_view cell) {
  const auto fail = [&](std::string_view what) {
    throw invalid_argument(cell_text(batch, row, column, cell) + std::string(what));
  };
  double weight = 0;
  if (!parse_number_cell(cell, weight)) fail(" is not a number, which the weight must be");
  if (std::isnan(weight)) fail(" is missing, but every row needs its weight");
  if (weight < 0 || weight > FLT_MAX) fail(" is no weight: it must be 0 or more, and finite");
  return weight;
}

TrainingData read_training_data(const TrainRequest& request, const TableParameters& parameters,
                                TrainReporter& reporter) {
  return TrainingReader(request, parameters).read(reporter);
}

}  // namespace ostler
