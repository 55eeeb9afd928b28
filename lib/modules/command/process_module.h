#pragma once

// A model that runs in processes of its own, rows in and rows out: what the backend PROCESS gives, of a
// command module and of any other.
//
// A session is one child for a whole stream. Rows are written to it while its answers are read, so that
// neither waits for the other; run() is a session of one batch. The program gets the rows in the module's
// format, as lib/data writes them (in jsonl, cells that are numbers in JSON's grammar without quotes), and
// answers with a row for each, in order, with the columns
//
//   prediction                       what it predicts; an empty cell is a missing prediction
//   probability_<class>              taken with RunOptions::probabilities
//   prediction_1, score_1, ...       in place of prediction with RunOptions::top
//   error                            not empty: why this row could not be predicted
//
// and any others, which are handed on. In the format text a line is the prediction. Whatever else it prints,
// a row too few or too many, an end that is not exit status 0: a ProgramError that shows the line.

#include <functional>

#include "lib/core/module.h"
#include "lib/modules/command/program.h"

namespace ostler {

// At the end of a column's name, where ProcessPlan::marked_numbers: its predictions are numbers.
inline constexpr char kNumberMark = '#';

struct ProcessPlan {
  std::string name;  // for messages: "the program predict.py of module churn"
  std::string format = "csv";
  bool numbers = false;         // predictions are numbers
  bool marked_numbers = false;  // those of columns with the mark are
  std::vector<InputColumn> input_columns;
  std::size_t batch_rows = 1024;
  std::vector<std::string> methods = {"run"};
  std::string library_version;
  ModelTarget target;
  // What an exit status means, where it is not the program's fault.
  std::function<StatusCode(const ProgramEnd&)> judge;
  // Starts the child of a session, ready for its first row.
  std::function<std::unique_ptr<Program>(const RunOptions&)> begin;
};

class ProcessModule : public Module {
 public:
  explicit ProcessModule(ProcessPlan plan);
  RecordBatch run(const RecordBatch& input, const RunOptions& options) const override;
  std::unique_ptr<RunSession> start(const RunOptions& options) const override;
  // A child gets no rows and must end well.
  void check() const override;
  std::vector<std::string> run_methods() const override { return plan_.methods; }
  std::vector<InputColumn> input_columns() const override { return plan_.input_columns; }
  std::size_t batch_rows() const override { return plan_.batch_rows; }
  ModelTarget target() const override { return plan_.target; }
  SaveResult save(const std::string& directory) const override;
  std::string library_version() const override { return plan_.library_version; }

 private:
  ProcessPlan plan_;
};

}  // namespace ostler
