#pragma once

// Small data in, readable rows out.

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/base/value.h"
#include "lib/data/bytes.h"
#include "lib/data/stream.h"

namespace ostler::test {

using namespace std::string_literals;

// Rows of a batch, cells in angle brackets, "-" for a missing one: "<1><a b>-".
inline std::string show_row(const RecordBatch& batch, std::size_t row) {
  std::string shown;
  for (const Column& column : batch.columns) {
    if (column.kind == ColumnKind::number)
      shown += std::isnan(column.numbers[row]) ? "-" : "<" + number_to_text(column.numbers[row]) + ">";
    else
      shown += column.texts[row].data() == nullptr ? "-" : "<" + std::string(column.texts[row]) + ">";
  }
  return shown;
}

inline std::vector<std::string> show(const RecordBatch& batch) {
  std::vector<std::string> rows;
  for (std::size_t row = 0; row < batch.rows; ++row) rows.push_back(show_row(batch, row));
  return rows;
}

// All rows with their lines, "2:<1><a>"; an error at the end, "! x.csv:3: ...".
inline std::vector<std::string> drain(RecordStream& stream) {
  std::vector<std::string> rows;
  try {
    RecordBatch batch;
    while (stream.next(batch)) {
      CHECK(batch.rows > 0);
      CHECK(batch.lines.size() == batch.rows);
      for (std::size_t row = 0; row < batch.rows; ++row)
        rows.push_back(std::to_string(batch.lines[row]) + ":" + show_row(batch, row));
      for (const RowError& error : batch.row_errors)
        rows.push_back("? " + std::to_string(error.row) + " " + error.message);
    }
  } catch (const Error& error) {
    CHECK(error.code() == StatusCode::invalid_argument);
    rows.push_back("! "s + error.what());
  }
  return rows;
}

inline std::string write_source(const std::string& name, std::string_view content) {
  remove_file_if_there(name);  // truncating a file makes some file systems write it out at once
  write_file(name, content, Sync::no);
  return name;
}

// The rows, or the error of opening it.
inline std::vector<std::string> read_rows(const std::string& name, std::string_view content,
                                          const ReadOptions& options = {},
                                          std::size_t block_bytes = 1 << 20) {
  write_source(name, content);
  try {
    return drain(*open_records({{name}}, options, block_bytes));
  } catch (const Error& error) {
    CHECK(error.code() == StatusCode::invalid_argument);
    return {"! "s + error.what()};
  }
}

template <typename Function>
std::string error_of(Function function, StatusCode code = StatusCode::invalid_argument) {
  try {
    function();
  } catch (const Error& error) {
    CHECK(error.code() == code);
    return error.what();
  }
  return {};
}

// Bytes from memory, at most `chunk` a read.
class MemoryBytes : public ByteSource {
 public:
  MemoryBytes(std::string content, std::size_t chunk) : content_(std::move(content)), chunk_(chunk) {}
  std::size_t read(char* data, std::size_t size) override {
    const std::size_t got = content_.copy(data, std::min(size, chunk_), at_);
    at_ += got;
    return got;
  }
  bool ready() override { return true; }

 private:
  std::string content_;
  std::size_t chunk_, at_ = 0;
};

struct Pipe {
  UniqueFd reader, writer;
  Pipe() {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    reader = UniqueFd(ends[0]);
    writer = UniqueFd(ends[1]);
  }
  void write(std::string_view text) const { write_all(writer.get(), text, "pipe"); }
};

}  // namespace ostler::test
