#pragma once

// Where jobs run: on this machine (LocalExecutor), later on a cluster. An executor starts, looks and wakes;
// it decides nothing and never writes to the store.

#include <string>
#include <vector>

#include "lib/jobs/job_store.h"
#include "lib/jobs/reconcile.h"

namespace ostler {

class JobExecutor {
 public:
  virtual ~JobExecutor() = default;
  // Sees that something comes and takes the first eligible job of the store; returns without waiting for
  // that.
  virtual void launch() = 0;
  // Looks at each job; the rows were read before the call.
  virtual std::vector<Observation> observe(const std::vector<JobRow>& rows) = 0;
  // Wakes whoever runs the job, so that it sees a cancel request now. No harm where nobody does.
  virtual void cancel(const std::string& uuid) = 0;
  // Ends whoever runs the job, and what it started, by force: for a runner that no longer answers. `observed`
  // is what was seen of it; another runner is left alone.
  virtual void kill(const std::string& uuid, const Observation& observed) = 0;
  // Starts the command that the job's user wants run after its end, where there is one; its outcome and its
  // environment are there. At most once, whoever calls it how often.
  virtual void run_on_finish(const std::string& uuid) = 0;
};

}  // namespace ostler
