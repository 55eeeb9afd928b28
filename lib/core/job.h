#pragma once

// A background job as everybody sees it: its states, the snapshot of what is known (caikit's JobInfo) and the
// durable handle on it (caikit's futures).
//
// States and legal moves; COMPLETED, CANCELED and ERRORED are terminal and final:
//   QUEUED -> RUNNING -> COMPLETED | CANCELED | ERRORED
//   QUEUED -> CANCELED | ERRORED
//   RUNNING -> QUEUED, of a job that was lost, where its instance is configured with on_lost: requeue

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/clock.h"
#include "lib/base/value.h"

namespace ostler {

enum class JobStatus { QUEUED, RUNNING, COMPLETED, CANCELED, ERRORED };
std::string_view job_status_name(JobStatus status);
std::optional<JobStatus> job_status_from(std::string_view name);
inline bool is_terminal(JobStatus status) { return status >= JobStatus::COMPLETED; }
// The only place that knows the legal moves.
bool is_legal_move(JobStatus from, JobStatus to);

// Why a job ended as it did; none for COMPLETED.
enum class JobReason {
  none,
  exit,
  signal,
  out_of_memory,
  time_limit,
  dependency,
  lost,
  requirement,
  disk_full,
  module,
  user
};
std::string_view job_reason_name(JobReason reason);  // "" for none
std::optional<JobReason> job_reason_from(std::string_view name);

enum class JobKind { train, predict };
std::string_view job_kind_name(JobKind kind);

// What a submit under an external id does where a job of that id (and kind) is there already.
//                an active one             one that has ended
//   fail         already_exists            a new run
//   attach       that job                  a new run
//   reuse        that job                  that job where it is COMPLETED, else a new run
//   replace      canceled, then a new run  a new run
// An active job of the other kind is only ever replaced.
enum class IfExists { fail, attach, reuse, replace };
std::optional<IfExists> if_exists_from(std::string_view name);

// The hash of caikit that turns an instance name into the first half of a job id (lifecycle row JOB-1):
// hash_instance_name("default") == "wTHxlsu". Reversible.
std::string hash_instance_name(std::string_view name);
std::string unhash_instance_name(std::string_view hash);

// A snapshot. What is unknown is nothing.
struct JobInfo {
  std::string id;    // the external id, or hash(instance):uuid
  std::string uuid;  // of this run
  std::optional<std::string> external_id;
  JobKind kind = JobKind::train;
  std::string instance;  // of the trainer or predictor
  JobStatus status = JobStatus::QUEUED;
  JobReason reason = JobReason::none;
  std::vector<std::string> errors;
  Time submission_time{};
  std::optional<Time> start_time, completion_time;
  std::string module_name, module_id, module_version;
  std::string model;                     // a prediction's model, as given
  std::optional<std::string> save_path;  // training: where the model goes, made absolute, ids included
  std::optional<std::string> result;     // where the result is, once COMPLETED
  // Training to a save path, once COMPLETED: false where keep_best left the model there as it was; then
  // `result` is in the job's directory.
  std::optional<bool> replaced;
  // Training: what it is measured on ({"data": [...]} or {"fraction": 0.2}, or null), and its gates.
  Value validation, require;  // require: a list, may be null
  std::string keep_best;
  std::string note;  // what the user should know of the end, beside `errors`; one line
  std::string host, directory, log_path, working_directory, executor;
  std::string group;  // of a sweep; empty
  int attempt = 0, cpus = 1, gpus = 0, priority = 0;
  std::string gpu_devices;  // those that it was given, while and after it ran: "0,1"
  int retries = 0;          // attempts that may follow the first
  int requeues = 0;         // how often it was lost and queued again: attempts that are no retries
  std::optional<Duration> time_limit;
  std::optional<Time> next_attempt_time;  // while it waits for another attempt
  bool cancel_requested = false;
  Value parameters, tags, data, command, after;  // maps and lists; may be null
  Value progress;                                // {done, total, unit, rate, eta} or null
  Value metrics;                                 // a map; empty until known
  std::optional<int> exit_status, signal;
  std::optional<double> cpu_seconds;
  std::optional<std::int64_t> max_rss_bytes;
};

// The durable handle. It holds no process and no lock: any number of them, in any process, speak of one job.
// Thread-safe. Every call may throw Error (not_found) once the job was purged.
class JobFutureBase {
 public:
  virtual ~JobFutureBase() = default;
  virtual std::string id() const = 0;
  // Of this run: unlike an external id it never comes to mean another.
  virtual std::string uuid() const = 0;
  virtual JobInfo get_info() const = 0;
  // Asks for the end and returns when nothing of the work's processes is left; a job that has ended is left
  // as it is.
  virtual void cancel() = 0;
  // Blocks until terminal; nothing when `timeout` ran out first.
  virtual std::optional<JobInfo> wait(std::optional<Duration> timeout = {}) const = 0;
  // Throws the job's own error: `aborted` when it is ERRORED, `cancelled` when it was canceled.
  // The model's path (training) or the file of the rows (prediction).
  virtual std::string result() const = 0;
};

// Throws what result() throws for a terminal job that did not complete.
void throw_if_not_completed(const JobInfo& info);

}  // namespace ostler
