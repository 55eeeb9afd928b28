#pragma once

// Rows on their way between a file and a module: the unit in which data is read, predicted and written.
//
// Memory layout. A RecordBatch is columnar. A number column is a contiguous array of double, one a row, NaN
// for a missing cell. A text column is an array of std::string_view, one a row; a missing cell is a view with
// a null data pointer (an empty text is a view of length 0 with a data pointer). The views point into memory
// that the batch keeps alive (`keep_alive`, shared: copying a batch does not copy the text) or into memory
// that its maker promises to outlive it.
//
// A batch to be predicted is made by hand as it is by a reader: `rows` first, then the columns that
// Module::input_columns names, in any order, numbers as numbers or as text; others do no harm. A Column& is
// good until the next one is added. Texts of the caller's own may be pointed at, or copied with store(); both
// must last until run() has returned, and no longer: what it gives refers to nothing of its input.
//
// Ownership. A batch owns its numbers and its arrays of views, and shares what is in keep_alive: a copy is
// good after the original has gone, and each goes on storing on its own.
//
// Threads. A batch is plain data: const access from several threads is safe. A RecordStream is used by one
// thread at a time. One module may predict different batches, or the same one, in any number of threads.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ostler {

enum class ColumnKind { number, text };

// What a column of predictions stands for; `value` for everything that was read.
enum class ColumnRole { value, prediction, probability };

struct Column {
  std::string name;  // for a probability: the class's name
  ColumnKind kind = ColumnKind::text;
  ColumnRole role = ColumnRole::value;
  std::vector<double> numbers;          // kind number: one a row
  std::vector<std::string_view> texts;  // kind text: one a row
};

// Why a row could not be taken: see ErrorMode.
struct RowError {
  std::size_t row = 0;  // index in the batch; its cells are all missing
  std::string message;  // "penguins.csv:17: 6 cells, but the header has 8"
};

class RecordBatch {
 public:
  std::size_t rows = 0;
  std::vector<Column> columns;
  // Line of the first row in its source, from 1, and the source's name: for messages. Rows that span lines
  // make the number of later rows of one batch inexact only where `lines` is empty.
  std::string source;
  std::vector<std::uint64_t> lines;  // one a row
  std::vector<RowError> row_errors;  // ErrorMode::keep: rows that are here as missing cells
  std::vector<std::shared_ptr<const void>> keep_alive;

  // Null when there is none of that name.
  const Column* find(std::string_view name) const;
  Column& add_numbers(std::string name);  // `rows` NaNs
  Column& add_texts(std::string name);    // `rows` missing cells
  // Copies the text into memory that this batch keeps alive.
  std::string_view store(std::string_view text);
  // "penguins.csv:17"
  std::string place(std::size_t row) const;
  // Throws Error (invalid_argument) naming the first column that has not one cell for each row.
  void check_shape() const;
  // Empties it for reuse; the columns' memory is kept by the vectors where it can be.
  void clear();

 private:
  // Where store() goes on; the memory itself is in keep_alive. A copy of the batch starts in memory of its
  // own.
  struct Free {
    Free() = default;
    Free(const Free&) {}
    Free(Free&& other) noexcept : at(std::exchange(other.at, nullptr)), left(std::exchange(other.left, 0)) {}
    Free& operator=(Free other) noexcept {
      std::swap(at, other.at);
      std::swap(left, other.left);
      return *this;
    }
    char* at = nullptr;
    std::size_t left = 0;
  };
  Free free_;
};

// "data.csv:17: column \"age\": \"old\" is not a number": how all messages about one cell begin. Long cells
// are cut.
std::string cell_text(const RecordBatch& batch, std::size_t row, const std::string& column,
                      std::string_view cell);

// A source of batches that all have the same columns, in the same order.
class RecordStream {
 public:
  virtual ~RecordStream() = default;
  // The columns, without rows; known once the stream is open.
  virtual const std::vector<Column>& columns() const = 0;
  // Every column's name in the source, also of those that are not read.
  virtual std::vector<std::string> source_columns() const {
    std::vector<std::string> names;
    for (const Column& column : columns()) names.push_back(column.name);
    return names;
  }
  // Fills `batch` with the next rows, at least one, as many as are there without waiting for a slow writer.
  // False at the end. Throws Error (invalid_argument) with source and line for data that cannot be read.
  virtual bool next(RecordBatch& batch) = 0;
};

}  // namespace ostler
