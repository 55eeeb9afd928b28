// read_labelled_rows of training_data.h.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "lib/base/error.h"
#include "lib/base/strings.h"
#include "lib/data/records.h"
#include "lib/data/rows.h"
#include "lib/modules/table/label_column.h"
#include "lib/modules/table/table_module.h"
#include "lib/modules/table/training_data.h"

namespace ostler {

namespace {

constexpr std::size_t kReadAhead = 4;

class LabelledReader {
 public:
  LabelledReader(const RowFiles& files, const std::string& format, const TableSchema& schema)
      : files_(files), schema_(schema), unknown_texts_(schema.features.size()) {
    options_.format = format;
    options_.fallback_format = kFormatOfUnnamed;
    for (std::size_t i = 0; i < schema.classes.size(); ++i) classes_[schema.classes[i]] = i;
  }

  LabelledRows read() {
    const std::string& first = files_.paths.at(0);
    for (const TableFeature& feature : schema_.features)
      options_.columns.push_back({feature.name, feature.kind});
    options_.columns.push_back({schema_.label, ColumnKind::text});
    LabelledRows rows;
    TrainingData& data = rows.data;
    data.schema = schema_;
    const std::vector<std::string> names = read_column_names(
        {first}, options_.format.empty() && format_of(first).empty() ? kFormatOfUnnamed : options_.format);
    if (std::find(names.begin(), names.end(), schema_.weight) == names.end()) data.schema.weight.clear();
    if (!data.schema.weight.empty()) options_.columns.push_back({data.schema.weight, ColumnKind::text});
    data.cells = FloatMatrix(schema_.features.size());

    const auto stream = read_ahead(open_records(record_sources(files_), options_), kReadAhead);
    RecordBatch batch;
    while (stream->next(batch)) take(batch, data);

    data.unknown_classes = std::move(unknown_classes_);
    for (std::size_t i = 0; i < schema_.features.size(); ++i)
      if (unknown_texts_[i] > 0)
        rows.notes.push_back(
            fmt::format("column \"{}\": {} cells are taken as missing: the model does not "
                        "know their texts",
                        schema_.features[i].name, unknown_texts_[i]));
    if (without_label_ > 0)
      rows.notes.push_back(fmt::format("{} {} left out: the label \"{}\" is missing", without_label_,
                                       without_label_ == 1 ? "row is" : "rows are", schema_.label));
    if (!data.unknown_classes.empty()) rows.notes.push_back(note_of_unknown(data));
    rows.infinite = infinite_;
    if (data.rows() == 0)
      throw invalid_argument(without_label_ > 0 ? fmt::format("{}: the label \"{}\" is missing in every row",
                                                              first, schema_.label)
                                                : fmt::format("{}: there are no rows", first));
    if (!data.weights.empty() && *std::max_element(data.weights.begin(), data.weights.end()) == 0)
      throw invalid_argument(
          fmt::format("{}: the weight \"{}\" is 0 in every row", first, data.schema.weight));
    return rows;
  }

 private:
  static std::string note_of_unknown(const TrainingData& data) {
    const auto known = static_cast<double>(data.schema.classes.size());
    const auto rows =
        std::count_if(data.labels.begin(), data.labels.end(), [&](double label) { return label >= known; });
    constexpr std::size_t kShown = 8;
    std::vector<std::string> shown = data.unknown_classes;
    if (shown.size() > kShown) shown.resize(kShown);
    return fmt::format("{} {} as wrong: the model does not know the label \"{}\"{}", rows,
                       rows == 1 ? "row counts" : "rows count", join(shown, "\", \""),
                       shown.size() < data.unknown_classes.size() ? ", ..." : "");
  }

  void take(const RecordBatch& batch, TrainingData& data) {
    const std::vector<float> cells = encode_batch(schema_, batch, nullptr);
    const auto& labels = batch.find(schema_.label)->texts;
    const Column* weights = data.schema.weight.empty() ? nullptr : batch.find(data.schema.weight);
    const std::size_t columns = schema_.features.size();
    for (std::size_t row = 0; row < batch.rows; ++row) {
      if (labels[row].empty()) {
        ++without_label_;
        continue;
      }
      data.labels.push_back(label_of(batch, row, labels[row]));
      if (weights != nullptr)
        data.weights.push_back(weight_of(batch, row, weights->name, weights->texts[row]));
      std::copy_n(cells.begin() + static_cast<std::ptrdiff_t>(row * columns), columns,
                  data.cells.add_rows(1));
      look_at_cells(batch, row, cells.data() + row * columns);
    }
  }

  // Counts what the schema cannot say, and finds the first infinite number.
  void look_at_cells(const RecordBatch& batch, std::size_t row, const float* cells) {
    for (std::size_t i = 0; i < schema_.features.size(); ++i) {
      const TableFeature& feature = schema_.features[i];
      const Column& column = batch.columns[i];  // as asked for
      if (feature.kind == ColumnKind::text) {
        if (std::isnan(cells[i]) && column.texts[row].data() != nullptr) ++unknown_texts_[i];
      } else if (infinite_.empty() && std::isinf(column.numbers[row])) {
        infinite_ = cell_text(batch, row, feature.name, number_to_text(column.numbers[row]));
      }
    }
  }

  double label_of(const RecordBatch& batch, std::size_t row, std::string_view cell) {
    const bool regression = schema_.task == TableTask::regression;
    std::string name(cell);
    if (regression || schema_.numeric_label) {
      double number = 0;
      const bool is_number = parse_number_cell(cell, number);
      if (regression && !is_number)
        throw invalid_argument(cell_text(batch, row, schema_.label, cell) +
                               " is not a number, which regression needs as the label");
      if (is_number && !std::isfinite(number))
        throw invalid_argument(cell_text(batch, row, schema_.label, cell) +
                               " is no label: leave the cell empty, or the row out");
      if (regression) return number;
      if (is_number) name = number_to_text(number + 0.0);  // -0 becomes 0
    }
    const auto [place, is_new] = classes_.emplace(name, schema_.classes.size() + unknown_classes_.size());
    if (is_new) unknown_classes_.push_back(std::move(name));
    return static_cast<double>(place->second);
  }

  const RowFiles& files_;
  const TableSchema& schema_;
  ReadOptions options_;
  std::map<std::string, std::size_t> classes_;  // by name: their numbers
  std::vector<std::string> unknown_classes_;    // to the schema
  std::vector<std::size_t> unknown_texts_;      // cells, one number a feature
  std::size_t without_label_ = 0;
  std::string infinite_;
};

}  // namespace

LabelledRows read_labelled_rows(const RowFiles& files, const std::string& format, const TableSchema& schema) {
  return LabelledReader(files, format, schema).read();
}

}  // namespace ostler
