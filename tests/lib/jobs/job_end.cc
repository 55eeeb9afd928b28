#include "lib/jobs/job_end.h"

#include <doctest/doctest.h>
#include <signal.h>

using namespace ostler;

namespace {

LastEvents done_events() {
  LastEvents events;
  events.done = Value::object(
      {{"event", "done"},
       {"result", "/m"},
       {"publish", Value::object({{"staged", "/.m"}, {"target", "/m"}, {"tracking_id", "t"}})}});
  events.done_is_last = true;
  return events;
}

WorkEnd exited(int status) {
  WorkEnd end;
  end.wait_status = status << 8;
  return end;
}

WorkEnd died(int signal) {
  WorkEnd end;
  end.wait_status = signal;
  return end;
}

}  // namespace

TEST_CASE("only exit status 0 with done as the last event is a success") {
  const Outcome good = outcome_of(exited(0), done_events());
  CHECK(good.status == JobStatus::COMPLETED);
  CHECK(good.result == "/m");
  CHECK(good.tracking_id == "t");
  CHECK(good.errors.empty());

  CHECK(outcome_of(exited(0), {}).reason == JobReason::exit);
  LastEvents more = done_events();
  more.done_is_last = false;
  CHECK(outcome_of(exited(0), more).status == JobStatus::ERRORED);
  CHECK(outcome_of(exited(1), done_events()).status == JobStatus::ERRORED);
  CHECK(outcome_of(died(SIGSEGV), done_events()).status == JobStatus::ERRORED);
  CHECK(outcome_of(died(SIGSEGV), done_events()).staged.empty());
}

TEST_CASE("a SIGKILL is for memory only when the kernel says so") {
  WorkEnd end = died(SIGKILL);
  CHECK(outcome_of(end, {}).reason == JobReason::signal);
  end.out_of_memory = true;
  CHECK(outcome_of(end, {}).reason == JobReason::out_of_memory);
  CHECK(outcome_of(end, {}).signal == SIGKILL);
  CHECK_FALSE(outcome_of(end, {}).exit_status);
}

TEST_CASE("an error event gives reason and message") {
  LastEvents events;
  events.error =
      Value::object({{"code", "INVALID_ARGUMENT"}, {"reason", "requirement"}, {"message", "too bad"}});
  Outcome outcome = outcome_of(exited(1), events);
  CHECK(outcome.reason == JobReason::requirement);
  CHECK(outcome.errors == std::vector<std::string>{"too bad"});
  events.error["code"] = "RESOURCE_EXHAUSTED";
  CHECK(outcome_of(exited(1), events).reason == JobReason::disk_full);
  events.error["code"] = "INTERNAL";
  events.error["reason"] = "something of a later version";
  CHECK(outcome_of(exited(1), events).reason == JobReason::module);
  CHECK(outcome_of(died(SIGABRT), events).errors.size() == 2);
}

TEST_CASE("what was canceled is canceled, however the work took it") {
  for (WorkEnd end : {exited(0), exited(3), died(SIGTERM), died(SIGKILL)}) {
    end.canceled = true;
    const Outcome outcome = outcome_of(end, done_events());
    CHECK(outcome.status == JobStatus::CANCELED);
    CHECK(outcome.reason == JobReason::user);
    CHECK(outcome.staged.empty());
    CHECK_FALSE(outcome.result);
  }
}

TEST_CASE("beyond the time limit there is no success") {
  WorkEnd end = exited(0);
  end.time_limit = true;
  const Outcome outcome = outcome_of(end, done_events(), std::chrono::seconds(90));
  CHECK(outcome.status == JobStatus::ERRORED);
  CHECK(outcome.reason == JobReason::time_limit);
  CHECK(outcome.errors == std::vector<std::string>{"the job ran longer than its time limit of 1m 30s"});
  CHECK_FALSE(outcome.result);
  CHECK(outcome.staged.empty());
}

TEST_CASE("what is tried again, and what is not") {
  Outcome outcome;
  for (const JobReason reason : {JobReason::exit, JobReason::signal, JobReason::out_of_memory,
                                 JobReason::lost, JobReason::disk_full, JobReason::module}) {
    outcome.reason = reason;
    CHECK_MESSAGE(may_be_retried(outcome), job_reason_name(reason));
  }
  for (const JobReason reason :
       {JobReason::user, JobReason::time_limit, JobReason::requirement, JobReason::dependency}) {
    outcome.reason = reason;
    CHECK_FALSE_MESSAGE(may_be_retried(outcome), job_reason_name(reason));
  }
  outcome = outcome_of(exited(0), done_events());
  CHECK_FALSE(may_be_retried(outcome));
}
