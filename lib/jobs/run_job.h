#pragma once

// Runs one job whose lock the caller holds, from what its directory says, and leaves the outcome there.

#include <functional>
#include <stdexcept>
#include <string>

#include "lib/base/error.h"
#include "lib/jobs/job_log.h"
#include "lib/jobs/job_store.h"
#include "lib/jobs/outcome_writer.h"
#include "lib/jobs/publish.h"
#include "lib/jobs/supervise.h"

namespace ostler {

// The start of a job has failed before it was RUNNING; it may be tried again. Nothing else counts as that: an
// Error may come from the store, or from after the claim.
struct FailedStart : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class PreparedJob {
 public:
  // Does all that can fail: reads the specification and the environment, opens the log, reserves room for the
  // outcome and for the last events, of which none are left of an earlier start. Throws FailedStart. To be
  // made before the row becomes RUNNING.
  PreparedJob(const JobPaths& paths, const std::string& uuid, const Pool& pool);

  struct Surroundings {
    std::string home, job_program;
    Duration claimed{};  // the steady clock when the row's start_time was taken
    // Called before each attempt but the first, with the row of the last, which it brings up to date.
    std::function<void(JobRow&)> begin_attempt;
  };
  // Runs the work, as often as its retries allow, ends its process tree, compares what it made with what is
  // at its place where that is to stay when it is better (keep_best), decides and writes the outcome,
  // publishes. `row` is the claimed one. Gives the outcome that counts; the row is the caller's. Nothing:
  // none was written, since this process was told to end and the job is one that is queued again then.
  // Throws Error when the outcome could not be written: the next look settles the job.
  std::optional<Outcome> run(JobRow& row, const Surroundings& surroundings);
  // After run(): this process got SIGTERM and should take no other job.
  bool told_to_end() const { return told_to_end_; }

 private:
  struct Comparison;
  WorkOrder work_order(const char* verb, const JobRow& row, const Surroundings& surroundings) const;
  Outcome attempt(const JobRow& row, const Surroundings& surroundings);
  Outcome attempts(JobRow& row, const Surroundings& surroundings);
  bool wait_for_next_attempt(Outcome& outcome, int number, Duration claimed);
  void end_now(Outcome& outcome, const JobRow& row, Duration claimed) const;
  void prepare(Outcome& outcome, std::optional<Publication>& publication, const JobRow& row,
               const Surroundings& surroundings);
  Comparison compare(Outcome& outcome, const JobRow& row, const Surroundings& surroundings);
  void fail_compared(Outcome& outcome, const WorkEnd& end);
  void keep_apart(Outcome& outcome, const std::string& why);
  void remove_what_was_staged();
  void begin_events();
  void give_back_reserved();

  JobPaths paths_;
  JobSpec spec_;
  std::vector<std::string> captured_;
  std::unique_ptr<JobLog> log_;
  std::unique_ptr<OutcomeWriter> outcome_;
  bool told_to_end_ = false;
};

}  // namespace ostler
