#pragma once

// The directory of a job: the record of what it was to do and of what became of it. SQLite is only the index.
//
//   <home>/jobs/<uuid>/
//     spec.json      what to do; written once by submit                     (job_spec.h describes it)
//     environment    the captured environment, "K=V" NUL-separated, 0600; overwritten and removed at the end
//     lock           the runner's fcntl(F_SETLK) lock, which the kernel frees at any death; in it, JobStart
//     events         JSON lines appended by the worker: progress, metrics, error, done
//     curve          the learning curve: JSON lines {"done":12,"metrics":{"log_loss":0.3}}
//     log            what the work printed
//     cancel         there once a cancel was asked for
//     finished       there once the command of --on-finish was started; its process id
//     outcome.json   how it ended; made once, by link(2): who comes second has lost
//     input          spooled standard input
//     code/          the copy of a command module's code
//     training/      what a module needs while it trains
//     model/ or result.<format>   the result when no path was named
//
// Events, one JSON object a line, each with "event":
//   {"event":"progress","time":T,"done":12,"total":100,"unit":"rounds","metrics":{"log_loss":0.3}}
//   {"event":"metrics","time":T,"metrics":{"accuracy":0.97}}
//   {"event":"compared","time":T,"better":false,"tracking_id":ID,"old":0.97,"new":0.95,"note":"..."}
//                                   by `ostler-job compare` (lib/manager/compare.h), which says what they
//                                   mean
//   {"event":"error","time":T,"code":"INVALID_ARGUMENT","reason":"module","message":"..."}
//   {"event":"retry","time":T,"attempt":2,"at":T}   by the runner, while it waits for another attempt
//   {"event":"done","time":T,"result":PATH,"publish":{"staged":PATH,"target":PATH,"tracking_id":ID},"rows":N}

#include <optional>
#include <string>

#include "lib/base/value.h"
#include "lib/core/job.h"

namespace ostler {

struct JobPaths {
  explicit JobPaths(std::string job_directory);
  std::string directory, spec, environment, lock, events, log, cancel, outcome, input, code, finished, curve;
};

// What the worker moves to its final place is staged beside it: ".<name>.ostler-<uuid>" in the target's
// folder.
std::string staged_path(const std::string& target, const std::string& uuid);

// Appends one line with a single write(2), so that lines of several writers never mix.
void append_event(const std::string& events_path, Value event);

// The newest event of each kind, read from the end of the file (at most the last 256 KiB). A last line
// without its line end, or one that is no event, is passed over.
struct LastEvents {
  Value progress, metrics, error, retry, done, compared;  // null: none
  bool done_is_last = false;
};
LastEvents read_last_events(const std::string& events_path);

// The learning curve as far as it was written: a list of its lines; what is no line of it is passed over.
Value read_curve(const JobPaths& paths);

// What tells, without the row, that a job was started: its runner writes it into the lock's file once the row
// is RUNNING, before there is a worker.
struct JobStart {
  int attempt = 1;
  Time time{};
  std::string host;
  std::string gpu_devices;
  std::optional<int> requeues_left = {};  // when it started
};
std::string to_text(const JobStart& start);
std::optional<JobStart> read_start(const JobPaths& paths);

// outcome.json.
struct Outcome {
  JobStatus status = JobStatus::ERRORED;
  JobReason reason = JobReason::none;
  std::vector<std::string> errors;
  int attempt = 0;
  std::optional<Time> start_time;
  Time completion_time{};
  std::optional<int> exit_status, signal;
  std::optional<double> cpu_seconds;
  std::optional<std::int64_t> max_rss_bytes;
  std::optional<std::string> result;
  std::string staged, target, tracking_id;  // what is to be published; empty: nothing
  int keep_previous = 0;                    // replaced models to keep beside the target (publish.h)
  std::optional<bool> replaced;             // as JobInfo's
  std::string note;
  Value progress, metrics;
  std::string host;
};
Value to_value(const Outcome& outcome);
Outcome outcome_from(const Value& value);
// Nothing when there is none (yet). Throws Error when it is damaged.
std::optional<Outcome> read_outcome(const JobPaths& paths);
// The same for whoever decides what the job is: a damaged one is an end too, ERRORED and lost, since nobody
// will ever write another.
std::optional<Outcome> read_outcome_as_found(const JobPaths& paths);

}  // namespace ostler
