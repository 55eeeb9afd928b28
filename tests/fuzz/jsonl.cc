// The JSON Lines reader, and that of a JSON array: three bytes that say in how small pieces (rows.h), one for
// the kinds of the columns, then the source. For any bytes: rows and errors of rows, or an Error; the same
// rows in any pieces; rows without an error are those of the array of the same objects, are read back from
// what the writers of JSON Lines and CSV make of them, and hold what another JSON parser finds in the lines.

#include "lib/data/formats.h"
#include "lib/data/json_array.h"
#include "lib/data/line_readers.h"
#include "tests/fuzz/rows.h"

using namespace ostler;
using namespace ostler::fuzz;

namespace {

std::unique_ptr<RowReader> open_lines(std::unique_ptr<ByteSource> bytes, std::size_t block) {
  static const auto open = reinterpret_cast<OpenJsonl*>(format_entry("jsonl", kJsonlEntry));
  return std::unique_ptr<RowReader>(open(std::move(bytes), "x", block, {}));
}

std::unique_ptr<RowReader> open_array(std::unique_ptr<ByteSource> bytes, std::size_t block) {
  return open_lines(json_array_lines(std::move(bytes), "x"), block);
}

std::unique_ptr<RowReader> open_comma(std::unique_ptr<ByteSource> bytes, std::size_t block) {
  return open_csv(std::move(bytes), "x", ',', block);
}

// A line's object as the other parser sees it has the cells of the row; what it does not take says nothing.
void promise_cells(std::string_view line, const Rows& read, const Row& row) {
  Value object;
  try {
    object = parse_json(line, "line");
  } catch (const Error&) {
    return;
  }
  promise(object.is_object(), "a row is an object");
  for (std::size_t c = 0; c < read.names.size(); ++c) {
    const Value* value = object.find(read.names[c]);
    const auto& cell = row.cells[c].text;
    if (value == nullptr || value->is_null()) {
      promise(!cell, "what is absent or null is missing");
    } else if (value->is_string()) {
      promise(cell == value->as_string(), "a text is the same to both parsers");
    } else if (value->is_boolean()) {
      promise(cell == (value->as_boolean() ? "true" : "false"), "so is true or false");
    } else {
      const auto number = cell ? parse_number(*cell) : std::nullopt;
      promise(value->is_number() && number == value->as_number(), "so is a number");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  const Pieces pieces = pieces_of(data);
  const unsigned kinds = data[3];
  const std::string_view content = text_of(data + 4, size - 4);

  std::unique_ptr<RecordWriter> lines, bare, csv;
  std::string written_lines, written_bare, written_csv;
  const auto write = [&](const RecordBatch& batch) {
    if (!lines) {
      lines = make_writer("jsonl", batch.columns);
      bare = make_writer("jsonl", batch.columns, true);
      csv = make_writer("csv", batch.columns);
    }
    lines->write(batch);
    bare->write(batch);
    csv->write(batch);
    written_lines += lines->take();
    written_bare += bare->take();
    written_csv += csv->take();
  };
  const Rows texts = read_rows(content, open_lines, {}, ErrorMode::keep, {}, write);
  promise_pieces(content, open_lines, texts, pieces);
  promise_pieces(content, open_array, read_rows(content, open_array, {}, ErrorMode::keep), pieces);
  const auto choose = [&](const std::vector<std::string>& names, ReadOptions& options) {
    for (std::size_t i = 0; i < names.size(); ++i)
      options.columns.push_back({names[i], kinds >> i % 8 & 1 ? ColumnKind::number : ColumnKind::text});
    options.keep_all = kinds >= 128;
  };
  promise_pieces(content, open_lines, read_rows(content, open_lines, {}, ErrorMode::keep, choose), pieces,
                 choose);

  if (!texts.is_clean() || !lines) return 0;
  std::string array = "[";
  std::size_t row = 0;
  for (const std::string& line :
       split(starts_with(content, "\xEF\xBB\xBF") ? content.substr(3) : content, '\n')) {
    if (trim(line).empty()) continue;
    promise(row < texts.rows.size(), "a row a line");
    promise_cells(line, texts, texts.rows[row]);
    if (row++ > 0) array += ',';
    array += line;
  }
  promise(row == texts.rows.size(), "a line a row");
  array += "]";
  promise_same_cells(texts, read_rows(array, open_array, pieces, ErrorMode::keep), "an array of the objects");
  promise_same_cells(texts, read_rows(written_lines, open_lines, pieces, ErrorMode::keep), "JSON Lines");
  promise_same_cells(texts, read_rows(written_bare, open_lines, pieces, ErrorMode::keep),
                     "with bare numbers");

  Rows expected = texts, found = read_rows(written_csv, open_comma, pieces, ErrorMode::keep);
  for (Rows* read : {&expected, &found})
    for (Row& one : read->rows)
      if (one.cells.size() == 1 && !one.cells[0].text) one.cells[0].text = "";
  promise_same_cells(expected, found, "CSV");
  return 0;
}
