#include "lib/manager/event_reporter.h"

#include <fcntl.h>

#include <cmath>
#include <cstdio>
#include <utility>

#include "lib/base/error.h"
#include "lib/base/files.h"

namespace ostler {

namespace {

constexpr Duration kReportInterval = std::chrono::milliseconds(200);
// Points of a curve before it is thinned out, and then between two thinnings.
constexpr std::size_t kDensePoints = 2000, kPointsAStride = 1000;

}  // namespace

CurveWriter::CurveWriter(std::string path) : path_(std::move(path)) { remove_file_if_there(path_); }

void CurveWriter::add(double done, const Value& metrics) {
  if (metrics.size() == 0 || !(done > last_done_) || metrics == last_metrics_) return;
  if (reports_++ % stride_ != 0) return;
  last_done_ = done;
  last_metrics_ = metrics;
  ++points_;
  if (points_ >= kDensePoints && (points_ - kDensePoints) % kPointsAStride == 0) {
    stride_ *= 2;
    reports_ = 1;
  }
  lines_ += to_json(Value::object({{"done", done}, {"metrics", metrics}})) + "\n";
}

void CurveWriter::write() {
  if (lines_.empty()) return;
  try {
    const UniqueFd file = open_file(path_, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0600);
    write_all(file.get(), std::exchange(lines_, {}), path_);
  } catch (const Error&) {
    // The disk is full: a curve with gaps is no reason to lose the model.
  }
}

EventReporter::EventReporter(const JobPaths& paths)
    : events_path_(paths.events),
      curve_(paths.curve),
      thread_([this](const std::stop_token& stop) { write_later(stop); }) {}

EventReporter::~EventReporter() {
  thread_.request_stop();
  thread_.join();
  flush();
}

void EventReporter::progress(double done, double total, std::string_view unit, const Value& metrics) {
  const std::lock_guard lock(mutex_);
  curve_.add(done, metrics);
  pending_ = Value::object({{"event", "progress"},
                            {"time", format_time(Clock::system().now())},
                            {"done", done},
                            {"total", std::isfinite(total) ? Value(total) : Value()},
                            {"unit", unit},
                            {"metrics", metrics}});
  if (Clock::system().steady() - last_ >= kReportInterval) {
    write_pending();
  } else {
    wake_.notify_one();
  }
}

void EventReporter::flush() {
  const std::lock_guard lock(mutex_);
  write_pending();
}

void EventReporter::log(std::string_view line) {
  const std::lock_guard lock(mutex_);
  std::printf("%s%.*s\n", to_line_start(1), static_cast<int>(line.size()), line.data());
  std::fflush(stdout);
}

void EventReporter::write_pending() {
  if (pending_.is_null()) return;
  curve_.write();
  append_event(events_path_, std::exchange(pending_, Value()));
  last_ = Clock::system().steady();
}

void EventReporter::write_later(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (wake_.wait(lock, stop, [this] { return !pending_.is_null(); })) {
    const Duration left = last_ + kReportInterval - Clock::system().steady();
    if (left <= Duration(0)) {
      write_pending();
    } else {
      wake_.wait_for(lock, stop, left, [] { return false; });
    }
  }
}

}  // namespace ostler
