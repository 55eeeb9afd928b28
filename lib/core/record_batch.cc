#include "lib/core/record_batch.h"

#include <cmath>
#include <cstring>

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
  if (text.size() > arena_left_ || arena_at_ == nullptr) {
    if (!arena_) {
      arena_ = std::make_shared<std::vector<std::unique_ptr<char[]>>>();
      keep_alive.push_back(arena_);
    }
    arena_left_ = std::max(kArenaBlock, text.size());
    arena_->push_back(std::make_unique<char[]>(arena_left_));
    arena_at_ = arena_->back().get();
  }
  char* start = arena_at_;
  std::memcpy(start, text.data(), text.size());
  arena_at_ += text.size();
  arena_left_ -= text.size();
  return {start, text.size()};
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
  arena_.reset();
  arena_left_ = 0;
  arena_at_ = nullptr;
}

}  // namespace ostler
