// The CSV reader: three bytes that say in how small pieces (rows.h), one for the separator and the kinds of
// the columns, then the source. For any bytes: rows and errors of rows, or an Error; the same rows in any
// pieces; numbers are what their text says; rows without an error are read back from what the writers of CSV,
// TSV and JSON Lines make of them.

#include "lib/data/formats.h"
#include "lib/data/line_readers.h"
#include "tests/fuzz/rows.h"

using namespace ostler;
using namespace ostler::fuzz;

namespace {

// What has all columns as text, and a missing cell alone in its row as an empty text: so it is written.
Rows as_written(Rows read) {
  for (Row& row : read.rows)
    if (row.cells.size() == 1 && !row.cells[0].text) row.cells[0].text = "";
  return read;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  const Pieces pieces = pieces_of(data);
  const unsigned kinds = data[3];
  const std::string_view content = text_of(data + 4, size - 4);
  const auto open_as = [](char separator) {
    return [separator](std::unique_ptr<ByteSource> bytes, std::size_t block) {
      return open_csv(std::move(bytes), "x", separator, block);
    };
  };
  const OpenReader open = open_as(kinds & 1 ? '\t' : ',');

  std::vector<std::unique_ptr<RecordWriter>> writers;
  std::vector<std::string> written(3);
  const auto write = [&](const RecordBatch& batch) {
    if (writers.empty())
      for (const char* format : {"csv", "tsv", "jsonl"})
        writers.push_back(make_writer(format, batch.columns));
    for (std::size_t i = 0; i < writers.size(); ++i) {
      writers[i]->write(batch);
      written[i] += writers[i]->take();
    }
  };
  const Rows texts = read_rows(content, open, {}, ErrorMode::keep, {}, write);
  promise_pieces(content, open, texts, pieces);

  // Columns of numbers, as they are read alone, and beside the text that is kept of them.
  const auto choose = [&](const std::vector<std::string>& names, ReadOptions& options) {
    for (std::size_t i = 0; i < names.size(); ++i)
      if ((kinds >> (1 + i % 7) & 1) != 0) options.columns.push_back({names[i], ColumnKind::number});
  };
  const Rows numbers = read_rows(content, open, {}, ErrorMode::keep, choose);
  promise_pieces(content, open, numbers, pieces, choose);
  const Rows both =
      read_rows(content, open, {}, ErrorMode::keep, [&](const auto& names, ReadOptions& options) {
        choose(names, options);
        for (const InputColumn& column : options.columns) options.keep.push_back(column.name);
      });
  promise(numbers.rows.size() == both.rows.size() || (kinds >> 1) == 0, "kept columns make no rows");
  for (std::size_t i = 0; (kinds >> 1) != 0 && i < numbers.rows.size(); ++i) {
    const Row &alone = numbers.rows[i], &beside = both.rows[i];
    promise(alone.error == beside.error,
            "a kept column changes no error: " + alone.error + " / " + beside.error);
    for (std::size_t c = 0; c < alone.cells.size(); ++c) {
      promise(alone.cells[c] == beside.cells[c], "a kept column changes no number");
      double number = 0;
      if (beside.cells.size() != 2 * alone.cells.size()) continue;  // all columns, as text
      const auto& text = beside.cells[alone.cells.size() + c].text;
      if (!alone.error.empty()) continue;
      promise(parse_number_cell(text.value_or(""), number), "what is no number is an error");
      promise(std::isnan(number) ? !alone.cells[c].number : alone.cells[c].number == number,
              "a number is what its text says");
    }
  }

  if (!texts.is_clean() || texts.rows.empty()) return 0;
  static const auto open_jsonl = reinterpret_cast<OpenJsonl*>(format_entry("jsonl", kJsonlEntry));
  const Rows expected = as_written(texts);
  promise_same_cells(expected, as_written(read_rows(written[0], open_as(','), {}, ErrorMode::keep)), "CSV");
  promise_same_cells(expected, as_written(read_rows(written[1], open_as('\t'), {}, ErrorMode::keep)), "TSV");
  const Rows lines = read_rows(
      written[2],
      [](std::unique_ptr<ByteSource> bytes, std::size_t block) {
        return std::unique_ptr<RowReader>(open_jsonl(std::move(bytes), "x", block, {}));
      },
      {}, ErrorMode::keep);
  promise_same_cells(texts, lines, "JSON Lines");
  return 0;
}
