#pragma once

// Reading and writing rows: CSV, TSV, JSON Lines and plain text, compressed or not, from files and pipes.
//
// Formats (cli.md, Data): "csv", "tsv", "jsonl", "text". The format is the one asked for, else the
// extension's, else the fallback; content is never guessed at, compression excepted (gzip, zstd, xz, bzip2 by
// their magic bytes).
//   csv, tsv   RFC 4180: the first line names the columns; quotes, doubled quotes, line ends in quotes, CRLF,
//   a BOM.
//              An empty cell, NA or an unquoted missing cell is missing; "" in quotes is an empty text in a
//              text column and missing in a number column. Blank lines are skipped. (RFC 4180 section 2; tabs
//              for tsv, with the same quoting.)
//   jsonl      an object a line; columns are the keys of the first object, in order; a key that is absent
//   later, and
//              null, is missing; a key that the first object has not is ignored; true and false are the texts
//              "true" and "false"; a list or object as a cell is an error.
//   text       a row a line, one text column named "text".
//
// Errors are Error (invalid_argument) with source, line and what is wrong: a ragged row, bytes that are not
// UTF-8, an empty file, a header without rows is a stream without batches, a duplicate or empty column name,
// a NUL byte, a cell that is not a number where one is needed (with column and cell).
//
// Memory is flat: a stream holds a few blocks. Several sources make one stream; each must have the first
// one's columns (by name; their order may differ).

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/core/module.h"
#include "lib/core/record_batch.h"

namespace ostler {

enum class ErrorMode { fail, keep };  // keep: a bad row is there, with missing cells and a RowError

struct ReadOptions {
  std::string format;           // empty: by extension
  std::string fallback_format;  // when there is neither option nor extension
  // Columns wanted; others are not kept. Empty: all, as text. A missing one is an Error that names it, the
  // nearest column that is there, and the source.
  std::vector<InputColumn> columns;
  // Further columns to keep as text (`predict --keep`), by name; one of them may be in `columns` as a number:
  // then both are in the batch, the text under the name with role value, after the wanted ones.
  std::vector<std::string> keep;
  bool keep_all = false;
  std::size_t batch_rows = 1024;
  ErrorMode errors = ErrorMode::fail;
};

// One source: a path, or an open descriptor (standard input) with a name for messages.
struct RecordSource {
  std::string path;
  int fd = -1;  // not owned; when >= 0 it is read and `path` is only its name
};

// Opens the first source (its header is read) and gives the stream.
std::unique_ptr<RecordStream> open_records(const std::vector<RecordSource>& sources,
                                           const ReadOptions& options);

// Reads ahead in a thread of its own, up to `depth` batches, so that reading, predicting and writing overlap.
// An Error of the source comes out of next(), in its place. Destroying it ends the thread.
std::unique_ptr<RecordStream> read_ahead(std::unique_ptr<RecordStream> stream, std::size_t depth);

// The header alone: column names in order. For checks before a job is made.
std::vector<std::string> read_column_names(const RecordSource& source, const std::string& format);

// "csv", "tsv", "jsonl", "text" from a name such as "x.csv.gz"; empty when the extension says nothing.
std::string format_of(const std::string& path);
// Throws Error (invalid_argument) with the nearest name for what is no format.
void check_format(const std::string& format);

// Writes batches in the order given. Nothing is written by the constructor but, for csv and tsv, the header
// with the first batch (or by finish, so that no rows still gives a header).
class RecordWriter {
 public:
  virtual ~RecordWriter() = default;
  // Appends the batch's rows to the text that take() gives. Columns of role probability are named
  // probability_<class> in csv, and are members of "probabilities" in jsonl; text writes the prediction
  // column alone.
  virtual void write(const RecordBatch& batch) = 0;
  // The text written since the last take; whole rows.
  virtual std::string take() = 0;
};
// `columns` (of the first batch) decide the header. Names that clash are an Error (invalid_argument).
std::unique_ptr<RecordWriter> make_writer(const std::string& format, const std::vector<Column>& columns);

}  // namespace ostler
