// ostler cancel ID...: ends jobs, and returns when nothing of them is left.

#include <algorithm>
#include <numeric>

#include "commands/jobs.h"
#include "commands/output.h"
#include "commands/selectors.h"

namespace ostler {

namespace {

// What has not begun first, so that no place that becomes free is taken by a job that is to be canceled, too;
// and the newest first, so that no job is told that one failed that it waits for.
std::vector<std::size_t> in_order_of_cancel(const std::vector<JobInfo>& jobs) {
  std::vector<std::size_t> order(jobs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t left, std::size_t right) {
    const bool left_runs = jobs[left].status == JobStatus::RUNNING;
    const bool right_runs = jobs[right].status == JobStatus::RUNNING;
    return left_runs != right_runs ? right_runs : jobs[left].submission_time > jobs[right].submission_time;
  });
  return order;
}

// A job was there when it was chosen: one that is not any more has ended, and others have pruned it.
template <typename Look>
std::optional<JobInfo> unless_pruned(Look&& look) {
  try {
    return look();
  } catch (const Error& error) {
    if (error.code() != StatusCode::not_found) throw;
    return std::nullopt;
  }
}

int run(const Invocation& invocation) {
  check_job_format(invocation);
  JobEngine& engine = invocation.manager().jobs();
  const std::vector<std::string> uuids =
      choose_jobs(invocation, invocation.arguments[0], {JobStatus::QUEUED, JobStatus::RUNNING});
  const auto timeout = invocation.duration("--timeout");
  std::vector<JobInfo> jobs;
  for (const std::string& uuid : uuids)
    if (auto info = unless_pruned([&] { return engine.get_info(uuid); })) jobs.push_back(std::move(*info));
  int code = 0;
  for (const std::size_t i : in_order_of_cancel(jobs)) {
    const JobInfo before = jobs[i];
    if (!is_terminal(before.status)) {
      const auto info = unless_pruned([&] { return engine.cancel(before.uuid, timeout); });
      if (!info) continue;
      jobs[i] = *info;
    }
    const JobInfo& after = jobs[i];
    if (!is_terminal(after.status)) {
      if (!invocation.quiet()) say("--timeout ran out; the job " + after.id + " is still being canceled");
      code = 124;
    } else if (after.status != JobStatus::CANCELED && !invocation.quiet()) {
      say("note: " + end_sentence(after) + "; there was nothing left to cancel");
    } else if (is_terminal(before.status) && !invocation.quiet()) {
      say("note: " + end_sentence(after) + " already");
    }
  }
  print_structured(invocation, jobs_document(jobs, static_cast<std::int64_t>(jobs.size())), "jobs");
  return code;
}

}  // namespace

CommandSpec cancel_command() {
  CommandSpec command;
  command.name = "cancel";
  command.summary = "Cancel jobs; returns when nothing of their processes is left";
  command.usage = "ostler cancel ID...";
  command.examples = {"ostler cancel \"$id\"", "ostler cancel --timeout 30s \"$id\"",
                      "ostler cancel 3f2a9c1b", "ostler cancel --module xgboost --status QUEUED"};
  command.arguments = {{"ID", "a job's id, external id, or the first characters of its uuid", 0, -1}};
  command.options =
      std::vector<OptionSpec>{{"--timeout", "", "D",
                               "return after this time at the latest (exit 124); the cancel goes on",
                               "Options"}} +
      selector_options();
  command.notes =
      "The work is asked to end (SIGTERM), and killed after the trainer's cancel_grace (10s). A job that has "
      "ended is\n"
      "left as it is, with a note.";
  command.group = "Jobs";
  command.exit_codes = {3, 124};
  command.run = run;
  return command;
}

}  // namespace ostler
