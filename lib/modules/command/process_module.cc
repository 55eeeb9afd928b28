#include "lib/modules/command/process_module.h"

#include <signal.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <thread>

#include "lib/base/strings.h"
#include "lib/data/records.h"
#include "lib/modules/command/recent_lines.h"

namespace ostler {

namespace {

// What has closed its output is about to end, and its exit status tells most.
constexpr Duration kLastMoment = std::chrono::seconds(2);

// What a column of the program's is.
enum class Use { value, prediction, number_prediction, probability, score, error, dropped };

class Session : public RunSession {
 public:
  // `whole`: the first batch is all there is, so that a count of rows is the stream's.
  Session(const ProcessPlan& plan, const RunOptions& options, bool whole = false)
      : plan_(plan), options_(options), program_(plan.begin(options)), whole_(whole) {}

  void feed(const RecordBatch& input) override {
    if (closed_) return;
    if (plan_.format == "text" && input.columns.size() != 1)
      throw invalid_argument(plan_.name + " takes lines of text, and the data have " +
                             std::to_string(input.columns.size()) + " columns");
    if (!writer_) writer_ = make_writer(plan_.format, input.columns, true);
    writer_->write(input);
    // What reads no more is judged by its answers.
    if (!program_->write(writer_->take())) closed_ = true;
  }

  void end_of_input() override {
    whole_ = closed_ = true;
    program_->close_input();
  }

  RecordBatch collect(std::size_t rows) override {
    if (rows == 0 && !answers_) return nothing();
    RecordBatch output;
    while (output.rows < rows) {
      if (taken_ == ready_.rows && !read_more()) {
        throw failed("gave " + std::to_string(collected_ + output.rows) + " rows where there were " +
                         std::to_string(collected_ + rows) + (whole_ ? "" : " or more"),
                     kLastMoment);
      }
      take_rows(output, std::min(rows - output.rows, ready_.rows - taken_));
    }
    collected_ += rows;
    return finished_batch(std::move(output));
  }

  void finish() override {
    if (!answers_) open_answers(true);
    if (taken_ < ready_.rows || (answers_ && read_more()))
      throw failed("gave more rows than the " + std::to_string(collected_) +
                   " that there were; the first of them: " + lines_.at(ready_.lines[taken_]));
    const auto end = program_->wait();
    if (end->exit_status != 0) throw failed("");
  }

  void interrupt() override { program_->kill(); }

 private:
  ProgramError failed(const std::string& what, Duration patience = std::chrono::milliseconds(200)) {
    ProgramError error = program_->failure(what, patience);
    if (plan_.judge) return {plan_.judge(error.end()), error.what(), error.end()};
    return error;
  }

  void open_answers(bool may_be_empty) {
    ReadOptions read;
    read.format = plan_.format;
    read.batch_rows = plan_.batch_rows;
    read.errors = ErrorMode::keep;
    RecordSource source{plan_.name, program_->output(),
                        [this](std::string_view bytes) { lines_.add(bytes); }};
    try {
      answers_ = open_records({source}, read);
    } catch (const Error&) {
      if (lines_.empty()) {
        if (may_be_empty) return;
        throw failed("gave no rows", kLastMoment);
      }
      throw failed("printed something else than rows in the format " + plan_.format + ": " + lines_.first());
    }
    for (const Column& column : answers_->columns()) uses_.push_back(use_of(column.name));
    const bool predicts = std::any_of(uses_.begin(), uses_.end(), is_prediction);
    if (!predicts)
      throw failed(std::string("gives no column \"prediction") + (options_.top > 0 ? "_1" : "") +
                   "\"; the first line that it printed: " + lines_.first());
    if (options_.probabilities && !options_.probabilities_or_none &&
        std::find(uses_.begin(), uses_.end(), Use::probability) == uses_.end())
      throw failed("gives no probabilities: columns named probability_<class>");
  }

  static bool is_prediction(Use use) { return use == Use::prediction || use == Use::number_prediction; }

  Use use_of(std::string name) const {
    Use prediction = plan_.numbers ? Use::number_prediction : Use::prediction;
    if (plan_.marked_numbers && ends_with(name, std::string_view(&kNumberMark, 1))) {
      prediction = Use::number_prediction;
      name.pop_back();
    }
    if (plan_.format == "text") return prediction;
    if (name == "error") return Use::error;
    if (starts_with(name, "probability_")) return options_.probabilities ? Use::probability : Use::dropped;
    if (options_.top > 0) {
      if (starts_with(name, "prediction_")) return prediction;
      if (starts_with(name, "score_")) return Use::score;
      if (name == "prediction") return Use::dropped;
    }
    return name == "prediction" ? prediction : Use::value;
  }

  // The next rows of the program into ready_; false at their end.
  bool read_more() {
    if (!answers_) open_answers(false);
    taken_ = 0;
    if (!answers_->next(ready_)) return false;
    if (!ready_.row_errors.empty()) {
      const RowError& error = ready_.row_errors.front();
      std::string why = error.message;
      if (const std::size_t colon = why.rfind(": "); colon != std::string::npos) why = why.substr(colon + 2);
      throw failed("printed something else than a row (" + why + "): " + lines_.at(ready_.lines[error.row]));
    }
    return true;
  }

  void take_rows(RecordBatch& output, std::size_t count) {
    if (output.columns.empty()) output.columns = answers_->columns();
    for (std::size_t c = 0; c < output.columns.size(); ++c) {
      const auto from = ready_.columns[c].texts.begin() + static_cast<std::ptrdiff_t>(taken_);
      output.columns[c].texts.insert(output.columns[c].texts.end(), from,
                                     from + static_cast<std::ptrdiff_t>(count));
    }
    output.keep_alive.insert(output.keep_alive.end(), ready_.keep_alive.begin(), ready_.keep_alive.end());
    output.lines.insert(output.lines.end(), ready_.lines.begin() + static_cast<std::ptrdiff_t>(taken_),
                        ready_.lines.begin() + static_cast<std::ptrdiff_t>(taken_ + count));
    output.rows += count;
    taken_ += count;
  }

  // Texts to what they stand for.
  RecordBatch finished_batch(RecordBatch batch) {
    std::vector<Column> columns;
    for (std::size_t c = 0; c < batch.columns.size(); ++c) {
      Column& column = batch.columns[c];
      const Use use = uses_[c];
      if (use == Use::dropped) continue;
      if (use == Use::error) {
        take_errors(batch, column);
        continue;
      }
      if (plan_.format == "text") column.name = "prediction";
      if (is_prediction(use)) column.role = ColumnRole::prediction;
      if (plan_.marked_numbers && column.name.back() == kNumberMark) column.name.pop_back();
      if (use == Use::probability) {
        column.role = ColumnRole::probability;
        column.name = column.name.substr(std::string_view("probability_").size());
      }
      const bool number = use == Use::probability || use == Use::score || use == Use::number_prediction;
      if (number) make_numbers(batch, column);
      columns.push_back(std::move(column));
    }
    batch.columns = std::move(columns);
    batch.lines.clear();
    return batch;
  }

  void make_numbers(const RecordBatch& batch, Column& column) {
    column.numbers.resize(batch.rows);
    for (std::size_t row = 0; row < batch.rows; ++row)
      if (!parse_number_cell(column.texts[row], column.numbers[row]))
        throw failed("gave a " + column.name + " that is no number: " + lines_.at(batch.lines[row]));
    column.texts.clear();
    column.kind = ColumnKind::number;
  }

  void take_errors(RecordBatch& batch, const Column& column) {
    for (std::size_t row = 0; row < batch.rows; ++row) {
      if (column.texts[row].empty()) continue;
      const std::string message = plan_.name + ", row " + std::to_string(collected_ - batch.rows + row + 1) +
                                  ": " + std::string(column.texts[row]);
      if (!options_.keep_errors) throw invalid_argument(message);
      batch.row_errors.push_back({row, message});
    }
  }

  // For no rows: the columns that there would be.
  RecordBatch nothing() {
    open_answers(true);
    RecordBatch batch;
    if (answers_) {
      batch.columns = answers_->columns();
      return finished_batch(std::move(batch));
    }
    batch.add_texts("prediction").role = ColumnRole::prediction;
    return batch;
  }

  const ProcessPlan& plan_;
  const RunOptions options_;
  std::unique_ptr<Program> program_;
  std::unique_ptr<RecordWriter> writer_;
  std::atomic<bool> closed_ = false;  // no row goes to it any more
  std::atomic<bool> whole_;           // nor would there be one
  RecentLines lines_;
  std::unique_ptr<RecordStream> answers_;
  std::vector<Use> uses_;
  RecordBatch ready_;
  std::size_t taken_ = 0;  // rows of ready_
  std::size_t collected_ = 0;
};

}  // namespace

ProcessModule::ProcessModule(ProcessPlan plan) : plan_(std::move(plan)) {}

std::unique_ptr<RunSession> ProcessModule::start(const RunOptions& options) const {
  return std::make_unique<Session>(plan_, options);
}

RecordBatch ProcessModule::run(const RecordBatch& input, const RunOptions& options) const {
  const auto session = std::make_unique<Session>(plan_, options, true);
  // Both at once: a program may answer before it has read all.
  std::exception_ptr error;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread feeder([&] {
    try {
      session->feed(input);
    } catch (...) {
      error = std::current_exception();
    }
    session->end_of_input();
  });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  RecordBatch output;
  try {
    output = session->collect(input.rows);
    feeder.join();
    if (error) std::rethrow_exception(error);
    session->finish();
  } catch (...) {
    if (feeder.joinable()) {
      session->interrupt();
      feeder.join();
    }
    throw;
  }
  return output;
}

void ProcessModule::check() const {
  const auto program = plan_.begin({});
  program->close_input();
  if (program->wait()->exit_status != 0) throw program->failure("cannot be run");
}

SaveResult ProcessModule::save(const std::string&) const {
  throw internal_error(plan_.name + " cannot save what it has only loaded");
}

}  // namespace ostler
