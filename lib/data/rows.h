#pragma once

// Internal to lib/data: how the rows of one source get into batches.
//
// A RowReader knows a format; a Schema says which columns the stream has; a RowBuilder is the batch being
// filled. The hot calls are inline: a reader of numbers spends a few nanoseconds a cell.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/data/records.h"

namespace ostler {

// Where a source's cell goes: columns of the batch, -1 for none.
struct CellUse {
  int number = -1;
  int text = -1;
};

// The columns of a stream: the wanted ones, then the kept ones.
struct Schema {
  std::vector<Column> columns;              // without rows
  std::size_t wanted = 0;                   // how many of them are wanted
  std::vector<std::pair<int, int>> copies;  // (from, to): the same text twice
  bool all = false;                         // every column of a source is read
  std::vector<std::string> names;           // of the first source
  std::string source;                       // its name

  Schema(std::vector<std::string> names, std::string source, const ReadOptions& options);
  // For a source's columns, in its order. Throws where they are not those of the first source.
  std::vector<CellUse> uses(const std::vector<std::string>& source_names,
                            const std::string& source_name) const;
};

// Throws for no, empty and repeated names.
void check_names(const std::vector<std::string>& names, const std::string& place);

class RowBuilder {
 public:
  RowBuilder(const Schema& schema, ErrorMode errors, std::size_t limit)
      : schema_(schema), errors_(errors), limit_(limit == 0 ? 1 : limit) {}

  // Life of a batch: start, then add_row with its cells again and again, then finish.
  void start(RecordBatch& batch, const std::string& source);
  void finish();

  std::size_t rows() const { return rows_; }
  bool full() const { return rows_ >= limit_; }
  // What text cells point into.
  void keep_alive(const std::shared_ptr<const char[]>& block) {
    if (block.get() != kept_) keep_block(block);
  }

  // A row with all cells missing, which the next calls are about.
  void add_row(std::uint64_t line) {
    if (rows_ == room_) grow();
    batch_->lines.push_back(line);
    row_ = rows_++;
  }
  void number(int column, double value) { numbers_[static_cast<std::size_t>(column)][row_] = value; }
  void text(int column, std::string_view value) { texts_[static_cast<std::size_t>(column)][row_] = value; }
  // A kept column is handed on as it stands; what counts as missing concerns those that the module reads.
  bool is_kept(int column) const { return column >= static_cast<int>(schema_.wanted); }
  std::string_view store(std::string_view text) { return batch_->store(text); }
  // Both for one cell, already out of its quotes or whatever the format wraps it in.
  void cell(const CellUse& use, std::string_view value) {
    if (use.text >= 0) text(use.text, value);
    if (use.number >= 0) number_cell(use.number, value);
  }
  void number_cell(int column, std::string_view value);

  // The row cannot be taken: throws, or keeps it with all cells missing and this message.
  void fail_row(const std::string& message);
  // A cell of it cannot: the same, but kept columns stay.
  void fail_cell(const std::string& message);

 private:
  void grow();
  void keep_block(const std::shared_ptr<const char[]>& block);
  void fail(const std::string& message, std::size_t columns);

  const Schema& schema_;
  ErrorMode errors_;
  std::size_t limit_;
  RecordBatch* batch_ = nullptr;
  std::size_t rows_ = 0, row_ = 0, room_ = 0;
  std::vector<double*> numbers_;  // a column's first row; null for a text column
  std::vector<std::string_view*> texts_;
  std::vector<std::size_t> failed_columns_;  // one a row error: so many first columns are missing
  const void* kept_ = nullptr;
};

// The rows of one source.
class RowReader {
 public:
  virtual ~RowReader() = default;
  virtual const std::vector<std::string>& names() const = 0;
  // Adds rows until the builder is full, the source at its end, or more rows would have to be waited for; the
  // first row is waited for. False when there was none. `uses` has one item a name.
  virtual bool read(RowBuilder& out, const std::vector<CellUse>& uses) = 0;
};

}  // namespace ostler
