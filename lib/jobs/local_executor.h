#pragma once

// Jobs as processes of this machine: a runner (`ostler-job run`) a job, which holds the job's lock.

#include "lib/jobs/job_executor.h"

namespace ostler {

class LocalExecutor : public JobExecutor {
 public:
  // `pool`: what runners are to respect.
  LocalExecutor(std::string home, std::string job_program, Pool pool);
  void launch() override;
  std::vector<Observation> observe(const std::vector<JobRow>& rows) override;
  void cancel(const std::string& uuid) override;
  void kill(const std::string& uuid, const Observation& observed) override;
  void run_on_finish(const std::string& uuid) override;

 private:
  std::string home_, job_program_;
  Pool pool_;
};

// The signal that wakes a runner. Its default is to be ignored, so that it does no harm to another holder of
// a job's lock: a command that is settling it.
extern const int kWakeSignal;

// A runner's environment: none of the submitter's but what programs need to start.
std::vector<std::string> runner_environment();
// `ostler-job run --home HOME --cpus N [--gpus 0,1]`.
std::vector<std::string> runner_arguments(const std::string& job_program, const std::string& home,
                                          const Pool& pool);

}  // namespace ostler
