#include "lib/core/job.h"

#include <doctest/doctest.h>

#include "lib/base/error.h"

using namespace ostler;

TEST_CASE("[JOB-1] instance names are hashed as caikit does, and back") {
  CHECK(hash_instance_name("default") == "wTHxlsu");
  CHECK(hash_instance_name("cluster") == "hslDuTP");
  CHECK(hash_instance_name("my trainer") == "Qd uPxUFTP");
  CHECK(hash_instance_name("").empty());
  const std::string every = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_ .é";
  CHECK(unhash_instance_name(hash_instance_name(every)) == every);
}

TEST_CASE("names of states and reasons read back") {
  for (const JobStatus status :
       {JobStatus::QUEUED, JobStatus::RUNNING, JobStatus::COMPLETED, JobStatus::CANCELED, JobStatus::ERRORED})
    CHECK(job_status_from(job_status_name(status)) == status);
  for (int i = 0; i <= static_cast<int>(JobReason::user); ++i)
    CHECK(job_reason_from(job_reason_name(static_cast<JobReason>(i))) == static_cast<JobReason>(i));
  CHECK_FALSE(job_status_from("running"));
  CHECK_FALSE(job_reason_from("oom"));
}

TEST_CASE("only the legal moves are legal") {
  using enum JobStatus;
  const JobStatus all[] = {QUEUED, RUNNING, COMPLETED, CANCELED, ERRORED};
  for (const JobStatus from : all)
    for (const JobStatus to : all) {
      const bool legal = (from == QUEUED && (to == RUNNING || to == CANCELED || to == ERRORED)) ||
                         (from == RUNNING && (is_terminal(to) || to == QUEUED));
      CHECK_MESSAGE(is_legal_move(from, to) == legal, job_status_name(from), " to ", job_status_name(to));
    }
}

TEST_CASE("[TRN-4] [PRD-2] a job that did not complete throws its own error") {
  JobInfo info;
  info.id = "wTHxlsu:x";
  info.status = JobStatus::COMPLETED;
  CHECK_NOTHROW(throw_if_not_completed(info));
  const auto code = [&] {
    try {
      throw_if_not_completed(info);
    } catch (const Error& error) {
      return error.code();
    }
    return StatusCode::ok;
  };
  info.status = JobStatus::CANCELED;
  CHECK(code() == StatusCode::cancelled);
  info.status = JobStatus::RUNNING;
  CHECK(code() == StatusCode::unavailable);
  info.status = JobStatus::ERRORED;
  info.reason = JobReason::module;
  info.errors = {"the label has one class only"};
  CHECK(code() == StatusCode::aborted);
  CHECK_THROWS_WITH(throw_if_not_completed(info),
                    "job wTHxlsu:x failed (module): the label has one class only");
}
