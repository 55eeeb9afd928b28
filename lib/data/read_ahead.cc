#include <signal.h>

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

#include "lib/data/stream.h"

namespace ostler {

namespace {

class ReadAhead : public RecordStream {
 public:
  ReadAhead(std::unique_ptr<RecordStream> stream, std::size_t depth)
      : stream_(std::move(stream)), depth_(depth == 0 ? 1 : depth) {
    // Signals are the business of the caller's threads.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_ = std::thread([this] { read(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  ~ReadAhead() override {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    changed_.notify_all();
    if (auto* waiting = dynamic_cast<Interruptible*>(stream_.get())) waiting->interrupt();
    thread_.join();
  }

  const std::vector<Column>& columns() const override { return stream_->columns(); }
  std::vector<std::string> source_columns() const override { return stream_->source_columns(); }

  bool next(RecordBatch& batch) override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !ready_.empty() || ended_; });
    if (ready_.empty()) {
      batch.clear();
      if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
      return false;
    }
    std::swap(batch, ready_.front());
    // The caller's old batch goes back: its memory is used again.
    ready_.front().keep_alive.clear();
    if (used_.size() < depth_) used_.push_back(std::move(ready_.front()));
    ready_.pop_front();
    lock.unlock();
    changed_.notify_all();
    return true;
  }

 private:
  void read() {
    std::exception_ptr error;
    try {
      while (read_one()) {
      }
    } catch (...) {
      error = std::current_exception();
    }
    const std::lock_guard lock(mutex_);
    error_ = error;
    ended_ = true;
    changed_.notify_all();
  }

  bool read_one() {
    RecordBatch batch;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stop_ || ready_.size() < depth_; });
      if (stop_) return false;
      if (!used_.empty()) {
        std::swap(batch, used_.back());
        used_.pop_back();
      }
    }
    if (!stream_->next(batch)) return false;
    const std::lock_guard lock(mutex_);
    ready_.push_back(std::move(batch));
    changed_.notify_all();
    return true;
  }

  std::unique_ptr<RecordStream> stream_;
  const std::size_t depth_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<RecordBatch> ready_;
  std::deque<RecordBatch> used_;
  bool stop_ = false, ended_ = false;
  std::exception_ptr error_;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<RecordStream> read_ahead(std::unique_ptr<RecordStream> stream, std::size_t depth) {
  return std::make_unique<ReadAhead>(std::move(stream), depth);
}

}  // namespace ostler
