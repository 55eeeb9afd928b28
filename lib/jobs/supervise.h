#pragma once

// Runs the work of one job as a process, and sees to it that nothing of its process tree is left afterwards:
// children that moved to sessions of their own and double-forked ones included, since this process is their
// subreaper.
//
// Single-threaded; the caller has blocked the signals of supervised_signals() (posix_spawn gives the work a
// clean mask). Order of calls: one run(), once.

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/clock.h"
#include "lib/base/process.h"
#include "lib/jobs/job_log.h"

namespace ostler {

struct WorkEnd {
  int wait_status = 0;       // of the work itself
  bool canceled = false;     // ended because a cancel was asked for
  bool time_limit = false;   // ended because its time was over
  bool told_to_end = false;  // the runner got SIGTERM
  bool killed_by_us = false;
  bool out_of_memory =
      false;  // the kernel killed for memory while the work died of a SIGKILL that was not ours
  double cpu_seconds = 0;
  std::int64_t max_rss_bytes = 0;
};

struct WorkOrder {
  SpawnRequest process;
  std::string cancel_path;           // its being there asks for the end
  std::optional<Duration> deadline;  // of the steady clock: when its time is over
  Duration grace;                    // from SIGTERM to SIGKILL
  std::function<void()> on_spawned;
};

// Blocks the signals that run() handles, and makes this process the subreaper of what it starts.
void prepare_to_supervise();

// Throws Error when the process cannot be started.
WorkEnd supervise(const WorkOrder& order, JobLog& log);

// Lets time pass between two attempts, until `end` of the steady clock, a cancel or a signal that tells this
// process to end.
enum class PauseEnd { over, canceled, told_to_end };
PauseEnd supervised_pause(const std::string& cancel_path, Duration end);

}  // namespace ostler
