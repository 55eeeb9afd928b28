// ostler wait ID...: waits until jobs have ended.

#include "commands/jobs.h"
#include "commands/output.h"
#include "commands/selectors.h"

namespace ostler {

namespace {

int run(const Invocation& invocation) {
  check_job_format(invocation);
  const auto mode = invocation.has("--any") ? JobEngine::Wait::any : JobEngine::Wait::all;
  const std::vector<std::string> uuids = choose_jobs(invocation, invocation.arguments[0]);
  const int code = uuids.empty() ? 0 : wait_for_jobs(invocation, uuids, mode);
  if (invocation.json() || invocation.has("--format")) {
    std::vector<JobInfo> jobs;
    for (const std::string& uuid : uuids) jobs.push_back(invocation.manager().jobs().get_info(uuid));
    print_structured(invocation, jobs_document(jobs, static_cast<std::int64_t>(jobs.size())), "jobs");
  }
  return code;
}

}  // namespace

CommandSpec wait_command() {
  CommandSpec command;
  command.name = "wait";
  command.summary = "Wait until jobs have ended, and exit with the job's code";
  command.usage = "ostler wait ID...";
  command.examples = {"ostler wait \"$id\" && ostler result \"$id\"",
                      "ostler wait --timeout 10m \"$a\" \"$b\"", "ostler wait --any \"$a\" \"$b\"",
                      "ostler wait --since 1h  # all that were submitted since, ended or not"};
  command.arguments = {{"ID", "a job's id, external id, or the first characters of its uuid", 0, -1}};
  command.options =
      std::vector<OptionSpec>{{"--any", "", "", "return when the first of them has ended", "Waiting"}} +
      waiting_options() + selector_options();
  command.notes =
      "Of several jobs: the code of the first that did not complete, in the order given; with --any the code "
      "of the\n"
      "first to end. What stands in the queue is started.";
  command.group = "Jobs";
  command.exit_codes = {3, 5, 6, 7, 124, 130};
  command.run = run;
  return command;
}

}  // namespace ostler
