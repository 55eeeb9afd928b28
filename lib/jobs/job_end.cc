#include "lib/jobs/job_end.h"

#include <sys/wait.h>

#include "lib/base/process.h"

namespace ostler {

const char* const kToldToEnd = "the job's runner was told to end (SIGTERM), as when the machine shuts down";

namespace {

// Metrics at the end, else those that came with the last progress.
Value last_metrics(const LastEvents& events) {
  for (const Value* event : {&events.metrics, &events.progress})
    if (const Value* metrics = event->find("metrics"); metrics != nullptr && metrics->size() > 0)
      return *metrics;
  return Value();
}

void fail(Outcome& outcome, JobReason reason, std::string error) {
  outcome.status = JobStatus::ERRORED;
  outcome.reason = reason;
  outcome.errors.push_back(std::move(error));
}

void judge_exit(Outcome& outcome, int status, const LastEvents& events) {
  outcome.exit_status = status;
  if (!events.error.is_null()) {
    // Of the program that did the work, where one did.
    const Value* program_exit = events.error.find("exit_status");
    const Value* program_signal = events.error.find("signal");
    if (program_exit != nullptr && program_exit->is_integer())
      outcome.exit_status = static_cast<int>(program_exit->as_integer());
    if (program_signal != nullptr && program_signal->is_integer()) {
      outcome.exit_status.reset();
      outcome.signal = static_cast<int>(program_signal->as_integer());
    }
    const bool disk_full = events.error.get_string("code") == "RESOURCE_EXHAUSTED";
    fail(outcome,
         disk_full ? JobReason::disk_full
                   : job_reason_from(events.error.get_string("reason")).value_or(JobReason::module),
         events.error.get_string("message", "the work failed without saying why"));
    return;
  }
  if (status != 0)
    return fail(outcome, JobReason::exit, "the work ended with exit status " + std::to_string(status));
  if (!events.done_is_last)
    return fail(outcome, JobReason::exit,
                "the work ended without a result: it exited with status 0, but was not done");
  outcome.status = JobStatus::COMPLETED;
  outcome.result = events.done.get_string("result");
  if (const Value* publish = events.done.find("publish"); publish != nullptr && publish->is_object()) {
    outcome.staged = publish->get_string("staged");
    outcome.target = publish->get_string("target");
    outcome.tracking_id = publish->get_string("tracking_id");
  }
}

void judge_signal(Outcome& outcome, int signal, const WorkEnd& end, const LastEvents& events) {
  outcome.signal = signal;
  if (end.told_to_end) {
    fail(outcome, JobReason::signal, kToldToEnd);
  } else if (end.out_of_memory) {
    fail(outcome, JobReason::out_of_memory, "the kernel killed the work for want of memory");
  } else {
    fail(outcome, JobReason::signal, "the work died of " + signal_text(signal));
  }
  if (!events.error.is_null()) outcome.errors.push_back(events.error.get_string("message"));
}

}  // namespace

std::string time_limit_text(std::optional<Duration> limit) {
  return "the job ran longer than its time limit" + (limit ? " of " + format_duration(*limit) : "");
}

void turn_into_canceled(Outcome& outcome) {
  turn_into_error(outcome, JobReason::user, "");
  outcome.status = JobStatus::CANCELED;
  outcome.errors.clear();
}

void turn_into_error(Outcome& outcome, JobReason reason, const std::string& error) {
  outcome.status = JobStatus::ERRORED;
  outcome.reason = reason;
  outcome.errors = {error};
  outcome.result.reset();
  outcome.replaced.reset();
  outcome.note.clear();
  outcome.staged = outcome.target = outcome.tracking_id = outcome.note = {};
  outcome.keep_previous = 0;
  outcome.replaced.reset();
}

bool may_be_retried(const Outcome& outcome) {
  if (outcome.status != JobStatus::ERRORED) return false;
  switch (outcome.reason) {
    case JobReason::user:
    case JobReason::time_limit:
    case JobReason::requirement:
    case JobReason::dependency:
      return false;
    default:
      return true;
  }
}

Outcome outcome_of(const WorkEnd& end, const LastEvents& events, std::optional<Duration> time_limit) {
  Outcome outcome;
  if (WIFSIGNALED(end.wait_status)) {
    judge_signal(outcome, WTERMSIG(end.wait_status), end, events);
  } else {
    judge_exit(outcome, WEXITSTATUS(end.wait_status), events);
    if (end.told_to_end && outcome.status != JobStatus::COMPLETED) outcome.errors.emplace_back(kToldToEnd);
  }
  if (end.canceled) turn_into_canceled(outcome);
  if (end.time_limit) turn_into_error(outcome, JobReason::time_limit, time_limit_text(time_limit));
  outcome.progress = events.progress;
  outcome.metrics = last_metrics(events);
  outcome.cpu_seconds = end.cpu_seconds;
  outcome.max_rss_bytes = end.max_rss_bytes;
  return outcome;
}

}  // namespace ostler
