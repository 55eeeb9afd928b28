#include "lib/jobs/reconcile.h"

#include <doctest/doctest.h>

using namespace ostler;
using enum JobStatus;
using Action = Verdict::Action;
using Lock = Observation::Lock;

namespace {

Observation seen(Lock lock, std::optional<JobStatus> outcome = {}, bool unpublished = false) {
  Observation observation;
  observation.lock = lock;
  if (outcome) {
    observation.outcome.emplace();
    observation.outcome->status = *outcome;
    observation.outcome->reason = *outcome == ERRORED ? JobReason::module : JobReason::none;
  }
  observation.unpublished = unpublished;
  return observation;
}

}  // namespace

TEST_CASE("what a job is, from its row and what is seen of its directory") {
  struct Row {
    const char* name;
    JobStatus row;
    bool cancel_requested;
    int failed_starts;
    Observation observation;
    JobStatus status;
    JobReason reason;
    Action action;
  };
  const auto none = JobReason::none;
  const Row rows[] = {
      // An ended row is believed, whatever the directory says.
      {"ended", COMPLETED, false, 0, seen(Lock::free), COMPLETED, none, Action::none},
      {"ended, with a request that came too late", ERRORED, true, 0, seen(Lock::held), ERRORED, none,
       Action::none},
      // Queued.
      {"queued", QUEUED, false, 0, seen(Lock::free), QUEUED, none, Action::none},
      {"starting", QUEUED, false, 0, seen(Lock::held), QUEUED, none, Action::none},
      {"canceled while queued, by who died", QUEUED, true, 0, seen(Lock::free), CANCELED, JobReason::user,
       Action::conclude},
      {"being canceled", QUEUED, true, 0, seen(Lock::held), QUEUED, none, Action::none},
      {"failed to start twice", QUEUED, false, 2, seen(Lock::free), QUEUED, none, Action::none},
      {"failed to start three times", QUEUED, false, 3, seen(Lock::free), ERRORED, JobReason::lost,
       Action::conclude},
      {"queued with an end on record", QUEUED, true, 0, seen(Lock::free, CANCELED), CANCELED, none,
       Action::adopt},
      // Running.
      {"running", RUNNING, false, 0, seen(Lock::held), RUNNING, none, Action::none},
      {"running, to be canceled", RUNNING, true, 0, seen(Lock::held), RUNNING, none, Action::none},
      {"lost", RUNNING, false, 0, seen(Lock::free), ERRORED, JobReason::lost, Action::conclude},
      {"lost, but to be canceled anyway", RUNNING, true, 0, seen(Lock::free), CANCELED, JobReason::user,
       Action::conclude},
      {"not ours to look at", RUNNING, false, 0, seen(Lock::unknown), RUNNING, none, Action::none},
      // With an end on record.
      {"ended, row follows", RUNNING, false, 0, seen(Lock::held, ERRORED), ERRORED, JobReason::module,
       Action::none},
      {"ended, row behind", RUNNING, false, 0, seen(Lock::free, ERRORED), ERRORED, JobReason::module,
       Action::adopt},
      {"ended although a cancel was asked for", RUNNING, true, 0, seen(Lock::free, COMPLETED), COMPLETED,
       none, Action::adopt},
      {"being published", RUNNING, false, 0, seen(Lock::held, COMPLETED, true), RUNNING, none, Action::none},
      {"published, row follows", RUNNING, false, 0, seen(Lock::held, COMPLETED), COMPLETED, none,
       Action::none},
      {"never published", RUNNING, false, 0, seen(Lock::free, COMPLETED, true), COMPLETED, none,
       Action::adopt},
      {"another user's, ended", RUNNING, false, 0, seen(Lock::unknown, COMPLETED), COMPLETED, none,
       Action::none},
  };
  for (const Row& row : rows) {
    CAPTURE(std::string(row.name));
    JobRow job;
    job.status = row.row;
    job.cancel_requested = row.cancel_requested;
    job.failed_starts = row.failed_starts;
    const Verdict verdict = reconcile(job, row.observation);
    CHECK(verdict.status == row.status);
    CHECK(verdict.reason == row.reason);
    CHECK(verdict.action == row.action);
    // A settler never has to make an illegal move, and says why.
    if (verdict.action == Action::conclude) CHECK(is_legal_move(row.row, verdict.status));
    if (verdict.status == ERRORED && verdict.action == Action::conclude) CHECK(verdict.errors.size() == 1);
  }
}

TEST_CASE("a job whose directory is gone is lost, or canceled") {
  JobRow job;
  Observation gone = seen(Lock::free);
  gone.directory_gone = true;
  job.status = RUNNING;
  CHECK(reconcile(job, gone).reason == JobReason::lost);
  job.status = QUEUED;
  CHECK(reconcile(job, gone).status == ERRORED);
  job.cancel_requested = true;
  CHECK(reconcile(job, gone).status == CANCELED);
}

TEST_CASE("the cancel file is a request too") {
  JobRow job;
  job.status = RUNNING;
  Observation observation = seen(Lock::free);
  observation.cancel_file = true;
  CHECK(reconcile(job, observation).status == CANCELED);
}

TEST_CASE("a lost job that may be queued again is, as often as that is allowed") {
  JobRow job;
  job.status = RUNNING;
  job.requeues_left = 1;
  Verdict verdict = reconcile(job, seen(Lock::free));
  CHECK(verdict.status == QUEUED);
  CHECK(verdict.action == Action::requeue);
  CHECK(reconcile(job, seen(Lock::held)).action == Action::none);
  CHECK(reconcile(job, seen(Lock::free, COMPLETED)).action == Action::adopt);
  job.cancel_requested = true;
  CHECK(reconcile(job, seen(Lock::free)).status == CANCELED);
  job.cancel_requested = false;
  Observation gone = seen(Lock::free);
  gone.directory_gone = true;
  CHECK(reconcile(job, gone).reason == JobReason::lost);
  job.requeues_left = 0;
  CHECK(reconcile(job, seen(Lock::free)).reason == JobReason::lost);
}

TEST_CASE("what a job waited for did not complete: it is ERRORED, unless it was to be canceled") {
  JobRow job;
  job.failed_dependency = "11111111-1111-4111-8111-111111111111";
  const Verdict verdict = reconcile(job, seen(Lock::free));
  CHECK(verdict.status == ERRORED);
  CHECK(verdict.reason == JobReason::dependency);
  CHECK(verdict.action == Action::conclude);
  CHECK(verdict.errors.at(0).find(job.failed_dependency) != std::string::npos);
  job.cancel_requested = true;
  CHECK(reconcile(job, seen(Lock::free)).status == CANCELED);
}
