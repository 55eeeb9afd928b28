#pragma once

// Reading and writing rows: CSV, TSV, JSON Lines and plain text, compressed or not, from files and pipes.
//
// The format is the one asked for, else the extension's, else the fallback; content is never guessed at,
// compression excepted (gzip, zstd, xz, bzip2 by their magic bytes). A byte order mark is skipped.
//
// "csv", "tsv": RFC 4180. The first line names the columns; quotes, doubled quotes, line ends in quotes,
// CRLF. An empty cell and NA are missing, unless they are quoted: "" is an empty text, "NA" a text. In a
// number column both are missing all the same, as is NaN, and blanks around a number do not matter. Blank
// lines are skipped.
//
// "jsonl": an object a line. The columns are the keys of the first object, in order; a key that is absent
// later, and null, is missing; a key that the first object has not is ignored. As text a number is what was
// written, true and false are "true" and "false"; a list or object as a cell is an error. Number columns take
// numbers, and texts as in CSV. Blank lines are skipped.
//
// "json": one array of such objects, read as JSON Lines; the line that an Error names is the object's number.
// It is not written.
//
// "text": a row a line, blank ones too; one column, named "text", or like the one text column that is wanted:
// a model that learned from the column "summary" of a table takes lines as well.
//
// Errors are Error (invalid_argument) with source, line and what is wrong: a ragged row, bytes that are not
// UTF-8, a NUL byte, an empty file, a duplicate or empty column name, a cell that is not a number where one
// is needed (with column and cell), a row of more than 64 MiB. A header without rows is a stream without
// batches.
//
// Memory is flat: a stream holds a few blocks of 1 MiB, and a batch those that its texts are in.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/module.h"
#include "lib/core/record_batch.h"
#include "lib/core/row_choice.h"

namespace ostler {

// keep: a bad row is there, with a RowError and all its cells missing; kept columns stay where only a cell of
// a wanted one is wrong.
enum class ErrorMode { fail, keep };

struct ReadOptions {
  std::string format;           // empty: by extension
  std::string fallback_format;  // when there is neither option nor extension
  // Columns wanted, in this order. Empty: all, as text. A missing one is an Error that names it, the nearest
  // column that is there, and the source.
  std::vector<InputColumn> columns;
  // Beside those that are named: also wanted, after them, as text, where the first source has it.
  std::optional<std::string> wanted_if_there;
  // Columns to keep as text (`predict --keep`). They are the batch's last columns, in this order, also when
  // one of them is among the wanted ones already; with keep_all they are the source's, in its order.
  std::vector<std::string> keep;
  bool keep_all = false;
  std::size_t batch_rows = 1024;
  ErrorMode errors = ErrorMode::fail;
};

// One source: a path, or an open descriptor (standard input) with a name for messages.
struct RecordSource {
  std::string path;
  int fd = -1;  // not owned; when >= 0 it is read and `path` is only its name
  // Called with the bytes as they are read, by the thread that reads, before a row of them comes out.
  std::function<void(std::string_view)> seen = {};
  // The rows that come out; the others are read, too, and an error in one is an error.
  RowChoice rows = {};
};

// The files of a training.
std::vector<RecordSource> record_sources(const RowFiles& files);

// Opens the first source (its header is read), sees that the others are there, and gives the stream.
//
// Columns of later sources go by name; their order may differ. Where all columns are read (none named, or
// keep_all) they must be the first one's, else they must have those that are read; a later JSON Lines source
// may lack keys, but not all of them. A batch never spans sources.
std::unique_ptr<RecordStream> open_records(const std::vector<RecordSource>& sources,
                                           const ReadOptions& options);

// Reads ahead in a thread of its own, up to `depth` batches, so that reading, predicting and writing overlap.
// An Error of the source comes out of next(), in its place. Destroying it ends the thread, also where that
// waits for a slow writer.
std::unique_ptr<RecordStream> read_ahead(std::unique_ptr<RecordStream> stream, std::size_t depth);

// The header alone: column names in order. For checks before a job is made. What was read of a descriptor is
// gone.
std::vector<std::string> read_column_names(const RecordSource& source, const std::string& format);

// A cell of a number column, as the readers take it: false when it is no number; NaN when it is missing.
bool parse_number_cell(std::string_view cell, double& number);

// "csv", "tsv", "jsonl", "json", "text" from a name such as "x.csv.gz"; empty when the extension says
// nothing.
std::string format_of(const std::string& path);
// Throws Error (invalid_argument) with the nearest name for what is no format.
void check_format(const std::string& format);

// Writes batches in the order given, so that the readers give the same cells back. A missing cell is an empty
// cell in csv and tsv ("" where it is the only one of its row: a blank line is no row), null in jsonl, an
// empty line in text.
class RecordWriter {
 public:
  virtual ~RecordWriter() = default;
  // Appends the batch's rows to the text that take() gives. Columns of role probability are named
  // probability_<class> in csv, and are members of "probabilities" in jsonl; text writes the prediction
  // column alone.
  virtual void write(const RecordBatch& batch) = 0;
  // The text written since the last take; whole rows. The header of csv and tsv is in the first one, whether
  // there were rows or not.
  virtual std::string take() = 0;
};
// `columns` (of the first batch) decide the header. Names that clash are an Error (invalid_argument). With
// `bare_numbers` jsonl writes a text cell that is a number in JSON's grammar without quotes: for whoever
// reads cells of which nobody has said what they are.
std::unique_ptr<RecordWriter> make_writer(const std::string& format, const std::vector<Column>& columns,
                                          bool bare_numbers = false);

}  // namespace ostler
