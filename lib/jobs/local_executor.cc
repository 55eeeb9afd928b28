#include "lib/jobs/local_executor.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/base/process.h"
#include "lib/base/strings.h"
#include "lib/jobs/job_lock.h"
#include "lib/jobs/on_finish.h"
#include "lib/jobs/process_tree.h"
#include "lib/jobs/publish.h"
#include "lib/jobs/store_layout.h"

namespace ostler {

const int kWakeSignal = SIGURG;

namespace {

// What the holder of a job's lock is. Unknown: out of sight, or about to end.
enum class Kind { runner, command, unknown };

Kind kind_of(pid_t pid) {
  try {
    const auto line = read_file_if_there("/proc/" + std::to_string(pid) + "/cmdline");
    if (!line || line->empty()) return Kind::unknown;
    const auto arguments = split(*line, '\0');
    return arguments.size() > 1 && arguments[1] == "run" ? Kind::runner : Kind::command;
  } catch (const Error&) {
    return Kind::unknown;
  }
}

Observation observe_job(const std::string& home, const JobRow& row) {
  Observation seen;
  const JobPaths paths(job_directory_path(home, row.uuid));
  try {
    seen.directory_gone = !ensure_job_directory(home, row.uuid);
    if (seen.directory_gone) return seen;
    const LockHolder holder = observe_lock(paths.lock);
    seen.lock = holder.held ? Observation::Lock::held : Observation::Lock::free;
    seen.holder = holder.pid;
    seen.outcome = read_outcome_as_found(paths);
    // Held by a command that settles it, or cancels it in the queue: no runner has the job in hand, and none
    // will write its end, whatever becomes of that command. What has an end is still in its hands.
    if (holder.held && !seen.outcome && kind_of(holder.pid) == Kind::command)
      seen.lock = Observation::Lock::free;
    seen.unpublished = seen.outcome && is_being_published(*seen.outcome);
    seen.cancel_file = !seen.outcome && ::access(paths.cancel.c_str(), F_OK) == 0;
  } catch (const Error&) {
    // Another user's, or unreadable: nothing is concluded from what cannot be seen.
    seen.lock = Observation::Lock::unknown;
  }
  return seen;
}

}  // namespace

LocalExecutor::LocalExecutor(std::string home, std::string job_program, Pool pool)
    : home_(std::move(home)), job_program_(std::move(job_program)), pool_(std::move(pool)) {}

void LocalExecutor::launch() {
  // It leaves its parent first: so it is nobody's zombie, however long this process lives.
  SpawnRequest request;
  request.arguments = runner_arguments(job_program_, home_, pool_);
  request.arguments.insert(request.arguments.end(), {"--leave-parent", "yes"});
  request.environment = runner_environment();
  request.working_directory = std::string("/");
  const pid_t launcher = spawn(request);
  // Its status says nothing, and a program that embeds us may have taken it, or have children's ignored.
  while (::waitpid(launcher, nullptr, 0) < 0 && errno == EINTR) {
  }
}

std::vector<Observation> LocalExecutor::observe(const std::vector<JobRow>& rows) {
  std::vector<Observation> seen;
  for (const JobRow& row : rows) seen.push_back(observe_job(home_, row));
  return seen;
}

void LocalExecutor::cancel(const std::string& uuid) {
  signal_lock_holder(JobPaths(job_directory_path(home_, uuid)).lock, kWakeSignal);
}

void LocalExecutor::kill(const std::string& uuid, const Observation& observed) {
  if (observed.holder == 0 || observed.holder == ::getpid() || kind_of(observed.holder) != Kind::runner)
    return;
  // Those that hide from the search by environment are still below the runner now.
  const std::vector<pid_t> below = process_tree(observed.holder);
  const std::string lock = JobPaths(job_directory_path(home_, uuid)).lock;
  if (!signal_lock_holder(lock, SIGKILL, observed.holder)) return;
  for (const pid_t pid : below) ::kill(pid, SIGKILL);
}

void LocalExecutor::run_on_finish(const std::string& uuid) {
  const JobPaths paths(job_directory_path(home_, uuid));
  start_on_finish(paths, read_spec(paths.spec), split(read_file(paths.environment), '\0'), job_program_);
}

std::vector<std::string> runner_environment() {
  constexpr std::string_view kKept[] = {"PATH=",         "HOME=",       "TMPDIR=",      "LD_LIBRARY_PATH=",
                                        "LD_PRELOAD=",   "FAKETIME",    "ASAN_OPTIONS", "LSAN_OPTIONS",
                                        "UBSAN_OPTIONS", "OSTLER_TEST_"};
  std::vector<std::string> kept = {kRunnerMark};
  for (char** entry = environ; *entry != nullptr; ++entry)
    if (std::any_of(std::begin(kKept), std::end(kKept),
                    [&](std::string_view name) { return starts_with(*entry, name); }))
      kept.emplace_back(*entry);
  return kept;
}

std::vector<std::string> runner_arguments(const std::string& job_program, const std::string& home,
                                          const Pool& pool) {
  std::vector<std::string> arguments = {job_program, "run",    "--home",
                                        home,        "--cpus", std::to_string(pool.cpus)};
  if (pool.gpus) arguments.insert(arguments.end(), {"--gpus", gpu_list(*pool.gpus)});
  return arguments;
}

}  // namespace ostler
