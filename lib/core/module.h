#pragma once

// What a module implements (caikit's ModuleBase), in two parts: ModuleClass makes modules, a Module is one
// that is ready to run. A plugin gives ModuleClass objects (plugin.h); everything known beforehand is in its
// manifest.
//
// Life of a training, in a worker process of its own: train() once; then Module::save() once, into an empty
// directory; then the process ends. Life of a model in use: load() once, run() any number of times from any
// number of threads.
//
// Failures are thrown as Error: invalid_argument for the user's data and parameters (with file, line, column,
// value), data_loss for a model that cannot be read, internal for what the library says. Other
// std::exceptions are reported as they are; nothing may leave through exit() or abort().

#include <memory>
#include <string>
#include <vector>

#include "lib/base/value.h"
#include "lib/core/learning_task.h"
#include "lib/core/module_config.h"
#include "lib/core/record_batch.h"
#include "lib/core/row_choice.h"

namespace ostler {

// What a training tells about itself while it runs. Calls are cheap and may come from any thread; writing to
// disk is limited to a few lines a second.
class TrainReporter {
 public:
  virtual ~TrainReporter() = default;
  // `done` of `total` units ("rounds"); `metrics` is a map of name to number as of now, may be empty.
  virtual void progress(double done, double total, std::string_view unit, const Value& metrics) = 0;
  // A remark for the job's log.
  virtual void log(std::string_view line) = 0;
};

// Files of rows, and which rows of each are meant.
struct RowFiles {
  std::vector<std::string> paths;  // absolute, in order
  std::vector<RowChoice> rows;     // empty: all of them; else one a file
  RowChoice rows_of(std::size_t file) const { return rows.empty() ? RowChoice() : rows.at(file); }
};

struct TrainRequest {
  RowFiles data;            // to learn from
  std::string data_format;  // of both; "csv", "tsv", "jsonl", "json", "text"; empty: by extension
  // To measure on, and never to learn from: for metrics by round, and to stop early by. Without paths the
  // user gave none. Whatever a module makes of it, the model's metrics on these rows are measured by the
  // caller, from the saved model. Where it is given, a module holds back no rows of its own.
  RowFiles validation;
  Value parameters;       // complete and checked: check_parameters(); of a model: the path of its directory
                          // to read from, verified, the same model throughout
  int cpus = 1;           // threads to use
  std::string directory;  // the job's: a module that needs files while it trains puts them there
};

// What a module hands to its saver.
struct SaveResult {
  Value config;  // keys of its own for config.yml
};

struct RunOptions {
  bool probabilities = false;
  int top = 0;  // > 0: the best classes: columns prediction_1, score_1, prediction_2, ... instead of one
  bool keep_errors =
      false;  // rows that cannot be predicted become missing cells and row_errors, not an Error
  std::string method = "run";
  // With `probabilities`: where the model has none, there are none, in place of an Error.
  bool probabilities_or_none = false;
};

// The columns that `run` reads from a batch. A reader may skip all others, and reads number columns as
// numbers.
struct InputColumn {
  std::string name;
  ColumnKind kind = ColumnKind::text;
};

// A stream of rows on its way through a module that would waste time if it were asked block by block: a
// program at the other end of two pipes. One thread feeds, one collects (it may be the same where the rows
// are few); what is fed and not collected yet is the module's to buffer. Failures come out of collect and
// finish.
class RunSession {
 public:
  // Given up where finish() was not called: whatever still works at it is ended.
  virtual ~RunSession() = default;
  // The next rows; of none only the columns matter. Waits while the module is busy.
  virtual void feed(const RecordBatch& input) = 0;
  virtual void end_of_input() = 0;
  // The predictions of the next `rows` rows that were fed, as run() gives them.
  virtual RecordBatch collect(std::size_t rows) = 0;
  // After the last: nothing may be left over, and the module must end well.
  virtual void finish() = 0;
  // From any thread: feed() returns soon, collect() and finish() throw.
  virtual void interrupt() = 0;
};

class Module {
 public:
  virtual ~Module() = default;

  // Predicts a batch: a batch of as many rows, with one column of role prediction (named "prediction") and,
  // when asked for, one of role probability for each class. Thread-safe; the result does not refer to
  // `input`.
  virtual RecordBatch run(const RecordBatch& input, const RunOptions& options) const = 0;
  // For modules that take streams; null: call run() block by block. A session belongs to the thread that
  // starts it and must not outlive it.
  virtual std::unique_ptr<RunSession> start(const RunOptions&) const { return nullptr; }
  // Proves, as far as that goes without rows, that it is ready to run: a program is started and ended.
  virtual void check() const {}
  // Names of the methods that RunOptions::method may name.
  virtual std::vector<std::string> run_methods() const { return {"run"}; }
  // Empty: all columns as text, in their order (text modules).
  virtual std::vector<InputColumn> input_columns() const = 0;
  // Rows that make a good block for run().
  virtual std::size_t batch_rows() const { return 1024; }

  // Writes the model's files into the directory, which is there and empty. config.yml is written by the
  // caller.
  virtual SaveResult save(const std::string& directory) const = 0;

  // Metrics on the training's own held-back or training data ("accuracy", "train_accuracy", ...), after
  // train().
  virtual Value metrics() const { return Value::object(); }
  // What it predicts; after train() and after load().
  virtual ModelTarget target() const { return {}; }
  // The version of the ML library at run time, "1.7.4".
  virtual std::string library_version() const { return {}; }
};

struct LoadRequest {
  const ModuleConfig& config;
  std::string directory;                   // read the files below this path; all were verified
  std::string load_backend;                // the backend that loads it: "LOCAL"
  int threads = 1;                         // for the library's own use inside one run()
  Value backend_config = Value::object();  // the backend's configuration for this module
  Value arguments = {};                    // what the caller of load gave (LoadArguments::more); may be null
};

class ModuleClass {
 public:
  virtual ~ModuleClass() = default;
  virtual std::string module_id() const = 0;  // as in the manifest
  virtual std::unique_ptr<Module> train(const TrainRequest& request, TrainReporter& reporter) const = 0;
  virtual std::unique_ptr<Module> load(const LoadRequest& request) const = 0;
};

}  // namespace ostler
