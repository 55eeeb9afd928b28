#include "lib/jobs/reconcile.h"

namespace ostler {

const char* const kLost = "the job was lost: its runner was killed, or the machine went down";

namespace {

constexpr char kDirectoryGone[] = "the job was lost: its directory in the store is gone";
constexpr char kNoStart[] = "the job could not be started";
constexpr char kDependency[] = "the job that it was to run after did not complete: ";

Verdict as_it_is(const JobRow& row) { return {row.status, row.reason, {}, Verdict::Action::none}; }

Verdict with_outcome(const Observation& seen) {
  const Outcome& outcome = *seen.outcome;
  const bool in_hand = seen.lock == Observation::Lock::held;
  // Until the result is at its place, its runner has not finished: who waits must find the model where it
  // belongs.
  if (in_hand && seen.unpublished) return {JobStatus::RUNNING, JobReason::none, {}, Verdict::Action::none};
  const auto action =
      in_hand || seen.lock == Observation::Lock::unknown ? Verdict::Action::none : Verdict::Action::adopt;
  return {outcome.status, outcome.reason, outcome.errors, action};
}

}  // namespace

Verdict reconcile(const JobRow& row, const Observation& seen) {
  if (is_terminal(row.status)) return as_it_is(row);
  if (seen.outcome) return with_outcome(seen);

  const bool free = seen.lock == Observation::Lock::free || seen.directory_gone;
  const bool canceled = row.cancel_requested || seen.cancel_file;
  if (!free) return as_it_is(row);
  if (canceled) return {JobStatus::CANCELED, JobReason::user, {}, Verdict::Action::conclude};
  if (seen.directory_gone)
    return {JobStatus::ERRORED, JobReason::lost, {kDirectoryGone}, Verdict::Action::conclude};
  if (row.status == JobStatus::RUNNING) {
    if (row.requeues_left > 0) return {JobStatus::QUEUED, JobReason::none, {}, Verdict::Action::requeue};
    return {JobStatus::ERRORED, JobReason::lost, {kLost}, Verdict::Action::conclude};
  }
  if (!row.failed_dependency.empty())
    return {JobStatus::ERRORED,
            JobReason::dependency,
            {kDependency + row.failed_dependency},
            Verdict::Action::conclude};
  if (row.failed_starts >= kStartsAllowed)
    return {JobStatus::ERRORED, JobReason::lost, {kNoStart}, Verdict::Action::conclude};
  return as_it_is(row);
}

}  // namespace ostler
