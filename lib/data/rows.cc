#include "lib/data/rows.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>
#include <unordered_set>

#include "lib/base/error.h"
#include "lib/base/strings.h"

namespace ostler {

namespace {

constexpr std::size_t kFirstRoom = 1024;
constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

std::string no_column(const std::string& name, const std::string& source,
                      const std::vector<std::string>& names) {
  std::string message = source + " has no column \"" + name + "\"";
  const std::string hint = did_you_mean(name, names);
  if (!hint.empty()) return message + hint;
  std::vector<std::string> shown(names.begin(),
                                 names.begin() + std::min<std::ptrdiff_t>(20, std::ssize(names)));
  return message + "; it has: " + join(shown, ", ") + (shown.size() < names.size() ? ", ..." : "");
}

std::string shortened(std::string_view cell) {
  constexpr std::size_t kShown = 60;
  if (cell.size() <= kShown) return std::string(cell);
  std::size_t end = kShown;
  while (end > 0 && (cell[end] & 0xC0) == 0x80) --end;  // not within a character
  return std::string(cell.substr(0, end)) + "...";
}

}  // namespace

void check_names(const std::vector<std::string>& names, const std::string& place) {
  if (names.empty()) throw invalid_argument(place + ": there are no columns");
  std::unordered_set<std::string_view> seen;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty())
      throw invalid_argument(place + ": column " + std::to_string(i + 1) + " has no name");
    if (!seen.insert(names[i]).second)
      throw invalid_argument(place + ": the column \"" + names[i] + "\" is there twice");
  }
}

bool parse_number_cell(std::string_view cell, double& number) {
  cell = trim(cell);
  number = kMissing;
  if (cell.empty() || cell == "NA" || cell == "NaN" || cell == "nan") return true;
  const auto parsed = parse_number(cell);
  if (parsed) number = *parsed;
  return parsed.has_value();
}

Schema::Schema(std::vector<std::string> first_names, std::string first_source, const ReadOptions& options)
    : all(options.columns.empty() || options.keep_all),
      names(std::move(first_names)),
      source(std::move(first_source)) {
  const std::unordered_set<std::string_view> known(names.begin(), names.end());
  const auto add = [&](const std::string& name, ColumnKind kind) {
    if (known.count(name) == 0) throw invalid_argument(no_column(name, source, names));
    Column& column = columns.emplace_back();
    column.name = name;
    column.kind = kind;
  };
  for (const InputColumn& column : options.columns) add(column.name, column.kind);
  if (options.columns.empty())
    for (const std::string& name : names) add(name, ColumnKind::text);
  else if (options.wanted_if_there && known.count(*options.wanted_if_there) > 0)
    add(*options.wanted_if_there, ColumnKind::text);
  wanted = columns.size();
  for (const std::string& name : options.keep_all ? names : options.keep) add(name, ColumnKind::text);

  // A cell is read into the last column of its name and kind, the kept one, and copied to the others.
  std::unordered_map<std::string_view, int> last[2];
  for (int i = static_cast<int>(columns.size()) - 1; i >= 0; --i) {
    const Column& column = columns[static_cast<std::size_t>(i)];
    const auto [at, fresh] = last[column.kind == ColumnKind::text].try_emplace(column.name, i);
    if (!fresh) copies.emplace_back(at->second, i);
  }
}

std::vector<CellUse> Schema::uses(const std::vector<std::string>& source_names,
                                  const std::string& source_name) const {
  std::unordered_map<std::string_view, std::size_t> index;
  for (std::size_t i = 0; i < source_names.size(); ++i) index.emplace(source_names[i], i);
  if (all) {
    for (const std::string& name : names)
      if (index.count(name) == 0) throw invalid_argument(no_column(name, source_name, source_names));
    for (const std::string& name : source_names)
      if (std::find(names.begin(), names.end(), name) == names.end())
        throw invalid_argument(source_name + " has a column \"" + name + "\", which " + source + " has not");
  }
  std::vector<CellUse> found(source_names.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto at = index.find(columns[i].name);
    if (at == index.end()) throw invalid_argument(no_column(columns[i].name, source_name, source_names));
    CellUse& use = found[at->second];
    (columns[i].kind == ColumnKind::number ? use.number : use.text) =
        static_cast<int>(i);  // the last one stays
  }
  return found;
}

void RowBuilder::start(RecordBatch& batch, const std::string& source) {
  // The columns' memory is used again; texts and the rest go.
  std::vector<Column> columns = std::move(batch.columns);
  batch.clear();
  const auto same = [](const Column& a, const Column& b) {
    return a.kind == b.kind && a.role == b.role && a.name == b.name;
  };
  if (!std::equal(columns.begin(), columns.end(), schema_.columns.begin(), schema_.columns.end(), same))
    columns = schema_.columns;
  batch.columns = std::move(columns);
  batch.source = source;
  batch_ = &batch;
  rows_ = room_ = 0;
  for (Column& column : batch.columns) {
    column.numbers.clear();
    column.texts.clear();
  }
  numbers_.assign(batch.columns.size(), nullptr);
  texts_.assign(batch.columns.size(), nullptr);
  failed_columns_.clear();
  kept_ = nullptr;
}

void RowBuilder::grow() {
  room_ = std::min(limit_, std::max(kFirstRoom, room_ * 2));
  for (std::size_t i = 0; i < numbers_.size(); ++i) {
    Column& column = batch_->columns[i];
    if (column.kind == ColumnKind::number) {
      column.numbers.resize(room_, kMissing);
      numbers_[i] = column.numbers.data();
    } else {
      column.texts.resize(room_);
      texts_[i] = column.texts.data();
    }
  }
}

void RowBuilder::keep_block(const std::shared_ptr<const char[]>& block) {
  kept_ = block.get();
  batch_->keep_alive.push_back(block);
}

void RowBuilder::number_cell(int column, std::string_view value) {
  double parsed = kMissing;
  if (!parse_number_cell(value, parsed))
    fail_cell("column \"" + schema_.columns[static_cast<std::size_t>(column)].name + "\": \"" +
              shortened(value) + "\" is not a number");
  number(column, parsed);
}

void RowBuilder::fail_row(const std::string& message) { fail(message, schema_.columns.size()); }
void RowBuilder::fail_cell(const std::string& message) { fail(message, schema_.wanted); }

void RowBuilder::fail(const std::string& message, std::size_t columns) {
  const std::string full = batch_->place(row_) + ": " + message;
  if (errors_ == ErrorMode::fail) throw invalid_argument(full);
  if (batch_->row_errors.empty() || batch_->row_errors.back().row != row_) {
    batch_->row_errors.push_back({row_, full});
    failed_columns_.push_back(columns);
  } else {
    failed_columns_.back() = std::max(failed_columns_.back(), columns);
  }
}

void RowBuilder::finish() {
  batch_->rows = rows_;
  for (Column& column : batch_->columns) {
    if (column.kind == ColumnKind::number)
      column.numbers.resize(rows_);
    else
      column.texts.resize(rows_);
  }
  for (const auto& [from, to] : schema_.copies) {
    Column& source = batch_->columns[static_cast<std::size_t>(from)];
    Column& target = batch_->columns[static_cast<std::size_t>(to)];
    target.texts = source.texts;
    // The kept one holds what stands there; for the module NA is missing.
    if (is_kept(from) && !is_kept(to))
      for (std::string_view& text : target.texts)
        if (text == "NA") text = {};
    target.numbers = source.numbers;
  }
  for (std::size_t i = 0; i < failed_columns_.size(); ++i) {
    const std::size_t row = batch_->row_errors[i].row;
    for (std::size_t c = 0; c < failed_columns_[i]; ++c) {
      Column& column = batch_->columns[c];
      if (column.kind == ColumnKind::number)
        column.numbers[row] = kMissing;
      else
        column.texts[row] = {};
    }
  }
}

}  // namespace ostler
