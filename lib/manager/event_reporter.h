#pragma once

// What a work writes down while it runs: progress into the job's events file, the learning curve into its
// curve file, and remarks into its log. Thread-safe.

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

#include "lib/base/clock.h"
#include "lib/core/module.h"
#include "lib/jobs/job_directory.h"

namespace ostler {

// The learning curve (job_directory.h): each report whose metrics are new, up to a number of points, and from
// there on every second, every fourth, ... of them, so that a million rounds are some thousand lines.
class CurveWriter {
 public:
  // Nothing is left of an earlier attempt's.
  explicit CurveWriter(std::string path);
  void add(double done, const Value& metrics);
  // Appends what was added since.
  void write();

 private:
  std::string path_, lines_;
  double last_done_ = -1;
  Value last_metrics_;
  std::size_t reports_ = 0, points_ = 0, stride_ = 1;
};

// Progress is written at once when the last was a while ago, else a little later, by a thread, so that the
// newest is always written even when the work then stands still.
class EventReporter : public TrainReporter {
 public:
  explicit EventReporter(const JobPaths& paths);
  ~EventReporter() override;
  void progress(double done, double total, std::string_view unit, const Value& metrics) override;
  void log(std::string_view line) override;
  // Writes what is still to be written, before another event.
  void flush();

 private:
  void write_pending();
  void write_later(const std::stop_token& stop);

  std::string events_path_;
  std::mutex mutex_;  // guards what follows
  CurveWriter curve_;
  Value pending_;
  Duration last_{};
  std::condition_variable_any wake_;
  std::jthread thread_;
};

}  // namespace ostler
