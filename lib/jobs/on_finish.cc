#include "lib/jobs/on_finish.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/base/process.h"
#include "lib/base/strings.h"
#include "lib/jobs/job_log.h"
#include "lib/jobs/process_limits.h"
#include "lib/jobs/process_tree.h"
#include "lib/jobs/work_process.h"

namespace ostler {

namespace {

// A runner is the parent of whatever is orphaned below it. The command and what it starts are none of its
// next job's leftovers, also when they have an environment of their own: nothing is to tell that they are.
class NoSubreaper {
 public:
  NoSubreaper() {
    // Who else is one has reasons of its own.
    if (::getenv("OSTLER_RUNNER") != nullptr) ::prctl(PR_GET_CHILD_SUBREAPER, &was_, 0, 0, 0);
    if (was_ != 0) ::prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
  }
  ~NoSubreaper() {
    if (was_ != 0) ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  }
  NoSubreaper(const NoSubreaper&) = delete;
  NoSubreaper& operator=(const NoSubreaper&) = delete;

 private:
  int was_ = 0;
};

}  // namespace

void start_on_finish(const JobPaths& paths, const JobSpec& spec, const std::vector<std::string>& captured,
                     const std::string& job_program) {
  if (spec.on_finish.empty() || file_status(paths.finished)) return;
  SpawnRequest request;
  request.arguments = {job_program, "finish", paths.directory};
  request.environment = work_environment(captured, paths);
  // As a runner it is none of a later job's leftovers.
  request.environment->emplace_back(kRunnerMark);
  // So that it finds the job, also where the store was named by --home.
  std::erase_if(*request.environment,
                [](const std::string& entry) { return starts_with(entry, "OSTLER_HOME="); });
  request.environment->push_back("OSTLER_HOME=" + parent_path(parent_path(paths.directory)));
  const NoSubreaper while_it_leaves;
  const pid_t starter = spawn(request);
  while (::waitpid(starter, nullptr, 0) < 0 && errno == EINTR) {
  }
}

int become_on_finish(const std::string& job_directory) {
  const JobPaths paths(job_directory);
  const JobSpec spec = read_spec(paths.spec);
  const auto outcome = read_outcome_as_found(paths);
  if (!outcome || spec.on_finish.empty()) return 1;
  JobLog log(paths.log);
  const UniqueFd once = try_open_file(paths.finished, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  if (!once) return errno == EEXIST ? 0 : 1;
  ::setenv("OSTLER_JOB_STATUS", std::string(job_status_name(outcome->status)).c_str(), 1);
  if (spec.kind == JobKind::train && outcome->result)
    ::setenv("OSTLER_MODEL_DIR", outcome->result->c_str(), 1);
  // Who started this sees it end now: all that could fail for want of the job's files is done.
  leave_parent();
  try {
    write_all(once.get(), std::to_string(::getpid()) + "\n", paths.finished);
  } catch (const Error&) {
    // The disk is full. That the file is there is what counts.
  }
  if (!spec.working_directory.empty() && ::chdir(spec.working_directory.c_str()) != 0) {
    log.say("--on-finish is run in /: cannot change to " + spec.working_directory + ": " +
            std::strerror(errno));
    if (::chdir("/") != 0) return 1;
  }
  ::umask(static_cast<mode_t>(spec.umask));
  apply_limits(spec.rlimits);
  ::dup2(log.fd(), 1);
  ::dup2(log.fd(), 2);
  ::execl("/bin/sh", "sh", "-c", spec.on_finish.c_str(), static_cast<char*>(nullptr));
  log.say(std::string("--on-finish could not be run: /bin/sh: ") + std::strerror(errno));
  return 1;
}

}  // namespace ostler
