// ostler dispatch: starts what stands in the queue.

#include <limits>

#include "commands/jobs.h"
#include "commands/output.h"

namespace ostler {

namespace {

int run(const Invocation& invocation) {
  check_job_format(invocation);
  JobEngine& engine = invocation.manager().jobs();
  if (!invocation.json() && !invocation.has("--format")) {
    engine.dispatch();
    return 0;
  }
  JobSelector active;
  active.statuses = {JobStatus::QUEUED, JobStatus::RUNNING};
  const std::vector<JobInfo> before = engine.peek("", active, std::numeric_limits<int>::max());
  const std::optional<std::string> started = engine.dispatch();
  std::vector<JobInfo> jobs;
  for (const JobInfo& job : before) {
    try {
      JobInfo info = engine.get_info(job.uuid);
      if (is_terminal(info.status) || info.uuid == started) jobs.push_back(std::move(info));
    } catch (const Error& error) {
      if (error.code() != StatusCode::not_found) throw;  // pruned meanwhile
    }
  }
  print_structured(invocation, jobs_document(jobs, std::ssize(jobs)), "jobs");
  return 0;
}

}  // namespace

CommandSpec dispatch_command() {
  CommandSpec command;
  command.name = "dispatch";
  command.summary = "Start queued jobs that have no runner, as after a reboot";
  command.usage = "ostler dispatch";
  command.examples = {"ostler dispatch", "@reboot ostler dispatch  # in a crontab",
                      "*/5 * * * * ostler dispatch --quiet  # in a crontab"};
  command.notes =
      "Every submit, wait and finished job does this already; it is needed only where all of them were "
      "killed. --json tells of the jobs that were found to have ended, and of the one that is started next.";
  command.group = "Jobs";
  command.run = run;
  return command;
}

}  // namespace ostler
