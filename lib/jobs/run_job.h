#pragma once

// Runs one job whose lock the caller holds, from what its directory says, and leaves the outcome there.

#include <stdexcept>
#include <string>

#include "lib/base/error.h"
#include "lib/jobs/job_log.h"
#include "lib/jobs/job_store.h"
#include "lib/jobs/outcome_writer.h"

namespace ostler {

// The start of a job has failed before it was RUNNING; it may be tried again. Nothing else counts as that: an
// Error may come from the store, or from after the claim.
struct FailedStart : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class PreparedJob {
 public:
  // Does all that can fail: reads the specification and the environment, opens the log, reserves room for the
  // outcome and for the last events. Throws FailedStart. To be made before the row becomes RUNNING.
  PreparedJob(const JobPaths& paths, const std::string& uuid);

  // Runs the work, ends its process tree, decides and writes the outcome, publishes. `row` is the claimed
  // one. Gives the outcome that counts; the row is the caller's. Throws Error when the outcome could not be
  // written: the next look settles the job.
  // `claimed` is the steady clock when the row's start_time was taken.
  Outcome run(const JobRow& row, Duration claimed, const std::string& home, const std::string& job_program);
  // After run(): this process got SIGTERM and should take no other job.
  bool told_to_end() const { return told_to_end_; }

 private:
  Outcome work(const JobRow& row, Duration claimed, const std::string& job_program);
  std::vector<std::string> environment() const;
  void reserve_for_events();
  void give_back_reserved();

  JobPaths paths_;
  JobSpec spec_;
  std::vector<std::string> captured_;
  std::unique_ptr<JobLog> log_;
  std::unique_ptr<OutcomeWriter> outcome_;
  bool told_to_end_ = false;
};

}  // namespace ostler
