#include "lib/jobs/work_process.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "lib/base/error.h"
#include "lib/jobs/job_directory.h"
#include "lib/jobs/job_lock.h"
#include "lib/jobs/job_spec.h"
#include "lib/jobs/process_limits.h"

namespace ostler {

bool enter_job(const std::string& job_directory) {
  const JobPaths paths(job_directory);
  // The kernel sends it when the runner dies; a runner that had died before holds the lock no more.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (observe_lock(paths.lock).pid != ::getppid()) return false;
  const JobSpec spec = read_spec(paths.spec);
  if (!spec.working_directory.empty() && ::chdir(spec.working_directory.c_str()) != 0)
    throw system_error(errno, "cannot change to the job's working directory " + spec.working_directory);
  ::umask(static_cast<mode_t>(spec.umask));
  apply_limits(spec.rlimits);
  return true;
}

}  // namespace ostler
