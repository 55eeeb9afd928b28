#pragma once

// Writes a job's outcome.json, once. Only the holder of the job's lock may use it: the runner, a settler, or
// who cancels a queued job.

#include <string>

#include "lib/base/files.h"
#include "lib/jobs/job_directory.h"

namespace ostler {

class OutcomeWriter {
 public:
  // Reserves room on disk, so that the end of a job can be told when the disk has become full. Throws Error.
  explicit OutcomeWriter(const JobPaths& paths);
  // Removes what was not used.
  ~OutcomeWriter();
  OutcomeWriter(const OutcomeWriter&) = delete;
  OutcomeWriter& operator=(const OutcomeWriter&) = delete;

  // On disk when it returns. False when there was an outcome already, which stays.
  bool write(const Outcome& outcome);

 private:
  JobPaths paths_;
  std::string temporary_;
  UniqueFd fd_;
};

// What a writer leaves that was killed. For who takes an outcome that is there.
void remove_unfinished_outcome(const JobPaths& paths);

// Overwrites and removes the captured environment and removes the spooled input: what a job that has ended
// must not keep. Whoever wrote the outcome calls it. Failures are passed over: the next look finds nothing to
// do about them.
void wipe_private_files(const JobPaths& paths);

}  // namespace ostler
