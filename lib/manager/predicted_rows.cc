#include "lib/manager/predicted_rows.h"

#include <fmt/format.h>

#include <iterator>
#include <limits>

#include "lib/base/error.h"
#include "lib/data/stream.h"

namespace ostler {

namespace {

constexpr std::size_t kReadAhead = 4;

std::vector<Column> take_kept(std::vector<Column>& columns, std::size_t kept) {
  const auto first = columns.end() - static_cast<std::ptrdiff_t>(kept);
  std::vector<Column> last(std::make_move_iterator(first), std::make_move_iterator(columns.end()));
  columns.resize(columns.size() - kept);
  return last;
}

// Feeds a session while the stream is read ahead, in the thread that does so.
class FeedingStream : public RecordStream, public Interruptible {
 public:
  FeedingStream(std::unique_ptr<RecordStream> stream, RunSession& session, std::size_t kept)
      : stream_(std::move(stream)), session_(session), kept_(kept) {}

  const std::vector<Column>& columns() const override { return stream_->columns(); }
  std::vector<std::string> source_columns() const override { return stream_->source_columns(); }
  bool next(RecordBatch& batch) override {
    try {
      if (stream_->next(batch)) {
        feed(batch);
        return true;
      }
      // Of no rows it gets the columns.
      if (!fed_) {
        batch.columns = stream_->columns();
        feed(batch);
      }
    } catch (...) {
      session_.end_of_input();  // what came before the error is predicted
      throw;
    }
    session_.end_of_input();
    return false;
  }
  void interrupt() override {
    session_.interrupt();
    if (auto* waiting = dynamic_cast<Interruptible*>(stream_.get())) waiting->interrupt();
  }

 private:
  // The module gets its columns; only those that are kept stay in memory until the predictions are there.
  void feed(RecordBatch& batch) {
    fed_ = true;
    std::vector<Column> kept = take_kept(batch.columns, kept_);
    session_.feed(batch);
    batch.columns = std::move(kept);
    if (kept_ == 0) batch.keep_alive.clear();
  }

  std::unique_ptr<RecordStream> stream_;
  RunSession& session_;
  std::size_t kept_;
  bool fed_ = false;
};

}  // namespace

std::string format_for(const LoadedModel& model, const std::vector<RecordSource>& sources,
                       const std::string& asked) {
  std::string format = asked;
  if (format.empty() && !sources.empty()) format = format_of(sources[0].path);
  if (format.empty())
    if (const Value* train = model.config.values().find("train")) format = train->get_string("data_format");
  if (format.empty()) format = model.manifest.input == "text" ? "text" : "csv";
  check_format(format);
  return format;
}

PredictedRows::PredictedRows(const Module& module, std::unique_ptr<RecordStream> stream, std::size_t kept,
                             const RunOptions& options)
    : module_(module), kept_(kept), options_(options), session_(module.start(options)) {
  if (session_) {
    stream = std::make_unique<FeedingStream>(std::move(stream), *session_, kept);
    // No bound: it may be that it answers nothing before it has read all.
    stream_ = read_ahead(std::move(stream), std::numeric_limits<std::size_t>::max());
  } else {
    stream_ = read_ahead(std::move(stream), kReadAhead);
  }
}

RecordBatch PredictedRows::predict(const RecordBatch& input) {
  RecordBatch output = session_ ? session_->collect(input.rows) : module_.run(input, options_);
  if (output.rows != input.rows)
    throw internal_error(fmt::format("the module gave {} predictions for {} rows; this is a defect of it",
                                     output.rows, input.rows));
  return output;
}

bool PredictedRows::next(RecordBatch& read, RecordBatch& predictions) {
  if (!stream_->next(read)) return false;
  if (session_) {
    predictions = predict(read);
    return true;
  }
  std::vector<Column> kept = take_kept(read.columns, kept_);
  predictions = predict(read);
  // Without any, the columns that were read stay: their memory is used again.
  if (kept_ > 0) read.columns = std::move(kept);
  return true;
}

void PredictedRows::empty(RecordBatch& read, RecordBatch& predictions) {
  read.clear();
  read.columns = stream_->columns();
  std::vector<Column> kept = take_kept(read.columns, kept_);
  predictions = predict(read);
  read.columns = std::move(kept);
}

void PredictedRows::finish() {
  if (session_) session_->finish();
}

}  // namespace ostler
