#pragma once

// What the targets of the readers of rows share: bytes that come in pieces, and rows as text, to be compared.

#include <algorithm>
#include <functional>
#include <memory>

#include "lib/data/bytes.h"
#include "lib/data/rows.h"
#include "tests/fuzz/fuzz.h"

namespace ostler::fuzz {

// Bytes from memory, at most `chunk` a read, with a wait between the reads where `waits`.
class MemoryBytes : public ByteSource {
 public:
  MemoryBytes(std::string_view content, std::size_t chunk, bool waits)
      : content_(content), chunk_(chunk), waits_(waits) {}
  std::size_t read(char* data, std::size_t size) override {
    const std::size_t got = content_.copy(data, std::min(size, chunk_), at_);
    at_ += got;
    return got;
  }
  bool ready() override { return !waits_; }

 private:
  std::string_view content_;
  std::size_t chunk_, at_ = 0;
  bool waits_;
};

// How bytes come, and in how small pieces they are worked on. Nothing of it may be seen in the rows.
struct Pieces {
  std::size_t block = 1 << 13, chunk = 1 << 13, batch = 1024;
  bool waits = false;
};
// From the first three bytes of an input.
inline Pieces pieces_of(const std::uint8_t* data) {
  return {1 + data[0] % 64u, 1 + data[1] % 32u, 1 + data[2] % 8u, data[2] >= 128};
}

struct Cell {
  std::optional<std::string> text;  // none: missing, or a number's
  std::optional<double> number;
  bool operator==(const Cell&) const = default;
};
struct Row {
  std::uint64_t line = 0;
  std::vector<Cell> cells;
  std::string error;
  bool operator==(const Row&) const = default;
};
struct Rows {
  std::vector<std::string> names;  // of the source
  std::vector<Row> rows;
  std::string error;  // that ended it
  bool operator==(const Rows&) const = default;
  bool is_clean() const {
    return error.empty() &&
           std::all_of(rows.begin(), rows.end(), [](const Row& row) { return row.error.empty(); });
  }
};

using OpenReader = std::function<std::unique_ptr<RowReader>(std::unique_ptr<ByteSource>, std::size_t block)>;

// Reads all; `choose` makes the options from the names of the source's columns, `batches` sees each batch.
inline Rows read_rows(std::string_view content, const OpenReader& open, const Pieces& pieces,
                      ErrorMode errors,
                      const std::function<void(const std::vector<std::string>&, ReadOptions&)>& choose = {},
                      const std::function<void(const RecordBatch&)>& batches = {}) {
  Rows read;
  const auto end = [&](const Error& error) {
    promise(error.code() == StatusCode::invalid_argument && error.what()[0] != '\0',
            "wrong data is the user's");
    read.error = error.what();
  };
  try {
    const auto reader =
        open(std::make_unique<MemoryBytes>(content, pieces.chunk, pieces.waits), pieces.block);
    read.names = reader->names();
    ReadOptions options;
    if (choose) choose(read.names, options);
    const Schema schema(read.names, "x", options);
    const std::vector<CellUse> uses = schema.uses(read.names, "x");
    RowBuilder builder(schema, errors, pieces.batch);
    RecordBatch batch;
    const auto take = [&] {
      builder.finish();
      batch.check_shape();
      promise(batch.lines.size() == batch.rows, "every row has its line");
      const std::size_t first = read.rows.size();
      for (std::size_t i = 0; i < batch.rows; ++i) {
        Row& row = read.rows.emplace_back();
        row.line = batch.lines[i];
        for (const Column& column : batch.columns) {
          Cell& cell = row.cells.emplace_back();
          if (column.kind == ColumnKind::text) {
            if (column.texts[i].data() != nullptr) cell.text = column.texts[i];
          } else if (!std::isnan(column.numbers[i])) {
            cell.number = column.numbers[i];
          }
        }
      }
      for (const RowError& error : batch.row_errors) {
        promise(error.row < batch.rows && !error.message.empty(), "a row's error says which and why");
        read.rows[first + error.row].error = error.message;
      }
      if (batches) batches(batch);
    };
    for (;;) {
      builder.start(batch, "x");
      bool some = false;
      try {
        some = reader->read(builder, uses);
      } catch (const Error& error) {
        end(error);
        if (errors == ErrorMode::keep) take();  // whole rows, up to what the source threw
        return read;
      }
      take();
      promise(some == (batch.rows > 0) && batch.rows <= pieces.batch, "a batch has at least one row");
      if (!some) return read;
    }
  } catch (const Error& error) {
    end(error);
  }
  return read;
}

inline std::string show(const Rows& read) {
  std::string shown = "columns";
  for (const std::string& name : read.names) shown += " <" + name + ">";
  for (const Row& row : read.rows) {
    shown += "\n" + std::to_string(row.line) + ":";
    for (const Cell& cell : row.cells)
      shown += cell.text ? " <" + *cell.text + ">" : cell.number ? " " + number_to_text(*cell.number) : " -";
    if (!row.error.empty()) shown += " ? " + row.error;
  }
  return shown + "\n" + read.error + "\n";
}

inline void promise_same(const Rows& left, const Rows& right, const std::string& what) {
  if (!(left == right)) promise(false, what + "\n" + show(left) + "---\n" + show(right));
}

// Whatever the pieces, the rows are the same; and where a bad row ends the reading, what came before it in a
// batch of one row is what is read where bad rows are kept, up to the first, with the same message.
inline void promise_pieces(
    std::string_view content, const OpenReader& open, const Rows& kept, const Pieces& pieces,
    const std::function<void(const std::vector<std::string>&, ReadOptions&)>& choose = {}) {
  promise_same(kept, read_rows(content, open, pieces, ErrorMode::keep, choose),
               "pieces are not seen in the rows");
  Pieces single = pieces;
  single.batch = 1;
  const Rows failed = read_rows(content, open, single, ErrorMode::fail, choose);
  Rows expected = kept;
  for (std::size_t i = 0; i < expected.rows.size(); ++i)
    if (!expected.rows[i].error.empty()) {
      expected.error = expected.rows[i].error;
      expected.rows.resize(i);
    }
  promise_same(expected, failed, "the first bad row ends the reading");
}

// The cells alone, of all columns as text; what a writer makes of a stream and a reader of that.
inline void promise_same_cells(const Rows& left, Rows right, const std::string& what) {
  promise(left.rows.size() == right.rows.size(),
          what + ": the number of rows\n" + show(left) + "---\n" + show(right));
  for (std::size_t i = 0; i < left.rows.size(); ++i) right.rows[i].line = left.rows[i].line;
  promise_same(left, right, what);
}

}  // namespace ostler::fuzz
