#include "lib/core/record_batch.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "lib/base/error.h"

namespace ostler {

namespace {
constexpr std::size_t kArenaBlock = 1 << 16;
}

const Column* RecordBatch::find(std::string_view name) const {
  for (const Column& column : columns)
    if (column.name == name) return &column;
  return nullptr;
}

Column& RecordBatch::add_numbers(std::string name) {
  Column& column = columns.emplace_back();
  column.name = std::move(name);
  column.kind = ColumnKind::number;
  column.numbers.assign(rows, std::nan(""));
  return column;
}

Column& RecordBatch::add_texts(std::string name) {
  Column& column = columns.emplace_back();
  column.name = std::move(name);
  column.texts.assign(rows, std::string_view());
  return column;
}

std::string_view RecordBatch::store(std::string_view text) {
  if (text.size() > free_.left || free_.at == nullptr) {
    const std::size_t size = std::max(kArenaBlock, text.size());
    const std::shared_ptr<char[]> block(new char[size]);
    keep_alive.push_back(block);
    free_.at = block.get();
    free_.left = size;
  }
  char* start = free_.at;
  std::memcpy(start, text.data(), text.size());
  free_.at += text.size();
  free_.left -= text.size();
  return {start, text.size()};
}

void RecordBatch::check_shape() const {
  for (const Column& column : columns) {
    const std::size_t cells = column.kind == ColumnKind::number ? column.numbers.size() : column.texts.size();
    if (cells != rows)
      throw invalid_argument("the column \"" + column.name + "\" has " + std::to_string(cells) +
                             " cells, but the batch has " + std::to_string(rows) + " rows");
  }
}

std::string RecordBatch::place(std::size_t row) const {
  return row < lines.size() ? source + ":" + std::to_string(lines[row]) : source;
}

void RecordBatch::clear() {
  rows = 0;
  columns.clear();
  lines.clear();
  row_errors.clear();
  keep_alive.clear();
  free_ = {};
}

std::string cell_text(const RecordBatch& batch, std::size_t row, const std::string& column,
                      std::string_view cell) {
  constexpr std::size_t kShown = 60;
  std::string shown(cell);
  if (cell.size() > kShown) {
    std::size_t end = kShown;
    while (end > 0 && (cell[end] & 0xC0) == 0x80) --end;  // not within a character
    shown = std::string(cell.substr(0, end)) + "...";
  }
  return batch.place(row) + ": column \"" + column + "\": \"" + shown + "\"";
}

}  // namespace ostler
