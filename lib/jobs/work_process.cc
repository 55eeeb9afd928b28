#include "lib/jobs/work_process.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/base/strings.h"
#include "lib/jobs/job_directory.h"
#include "lib/jobs/job_lock.h"
#include "lib/jobs/job_spec.h"
#include "lib/jobs/process_limits.h"

namespace ostler {

std::vector<std::string> work_environment(const std::vector<std::string>& captured, const JobPaths& paths) {
  std::vector<std::string> list;
  for (const std::string& entry : captured) {
    // A job that was submitted from within another job, or from a test, has nothing to do with that one.
    const bool internal = entry.empty() || starts_with(entry, "OSTLER_JOB_") ||
                          starts_with(entry, "OSTLER_RUNNER=") || starts_with(entry, "OSTLER_TEST_");
    if (!internal) list.push_back(entry);
  }
  list.push_back("OSTLER_JOB_ID=" + file_name(paths.directory));
  list.push_back("OSTLER_JOB_DIR=" + paths.directory);
  return list;
}

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
