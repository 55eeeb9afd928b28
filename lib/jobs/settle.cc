#include "lib/jobs/settle.h"

#include <poll.h>
#include <signal.h>

#include <algorithm>

#include "lib/base/error.h"
#include "lib/base/process.h"
#include "lib/base/strings.h"
#include "lib/jobs/job_lock.h"
#include "lib/jobs/job_log.h"
#include "lib/jobs/outcome_writer.h"
#include "lib/jobs/publish.h"
#include "lib/jobs/store_layout.h"
#include "lib/jobs/test_point.h"

namespace ostler {

namespace {

// A process that the kernel cannot end now (in a wait for a disk) must not keep a look from answering.
constexpr int kKillRounds = 200;

// Ends every process of this user that carries the job's id in its environment.
void kill_by_environment(const std::string& uuid) {
  for (int round = 0; round < kKillRounds; ++round) {
    const std::vector<pid_t> left = processes_with_environment("OSTLER_JOB_ID=" + uuid);
    bool any = false;
    for (const pid_t pid : left) {
      if (!is_running(pid)) continue;  // a zombie of somebody who does not wait
      ::kill(pid, SIGKILL);
      any = true;
    }
    if (!any) return;
    ::poll(nullptr, 0, round < 10 ? 2 : 50);
  }
}

// When a job that left no outcome can last have worked.
Time last_sign_of_life(const JobPaths& paths, const JobRow& row, Time now) {
  std::int64_t latest = 0;
  for (const std::string& path : {paths.events, paths.log, paths.lock})
    if (const auto status = file_status(path)) latest = std::max(latest, status->modified_ns);
  const Time seen{std::chrono::duration_cast<Duration>(std::chrono::nanoseconds(latest))};
  const Time start = row.start_time.value_or(row.submission_time);
  return latest == 0 ? std::max(start, now) : std::max(start, seen);
}

// Where the job's result goes: staged beside it is what a dead worker left.
std::string target_of(const JobPaths& paths) {
  try {
    const JobSpec spec = read_spec(paths.spec);
    return spec.kind == JobKind::train ? spec.save_path : spec.predict.get_string("output");
  } catch (const Error&) {
    return {};  // unreadable: then no worker got as far as staging
  }
}

void settle(const JobContext& context, JobRow& row) {
  const JobPaths paths(job_directory_path(context.home, row.uuid));
  if (!ensure_job_directory(context.home, row.uuid)) {
    conclude(context, row, reconcile(row, context.executor.observe({row}).at(0)));
    return;
  }
  auto lock = JobLock::try_take(paths.lock);
  if (!lock) return;  // somebody has it in hand after all
  test_point("settle:locked");
  // Both again: all may have changed before the lock was ours.
  const auto fresh = context.store.find(row.uuid);
  if (!fresh || is_terminal(fresh->status)) return;
  Observation seen;
  seen.lock = Observation::Lock::free;
  seen.cancel_file = file_status(paths.cancel).has_value();
  seen.outcome = read_outcome_as_found(paths);
  const Verdict verdict = reconcile(*fresh, seen);
  if (verdict.action == Verdict::Action::adopt) {
    finish_record(context.executor, context.home, paths, *seen.outcome);
    context.store.finish(fresh->uuid, fresh->attempt, fresh->status, *seen.outcome);
    test_point("settle:row");
  }
  if (verdict.action == Verdict::Action::conclude) conclude(context, *fresh, verdict);
  if (verdict.action == Verdict::Action::requeue) requeue(context, *fresh, *lock);
}

}  // namespace

namespace {

// Before the environment is wiped, which tells that it was done.
void run_on_finish(JobExecutor& executor, const JobPaths& paths) {
  if (!file_status(paths.environment, Links::keep)) return;
  try {
    executor.run_on_finish(file_name(paths.directory));
  } catch (const Error& error) {
    JobLog(paths.log).say(std::string("--on-finish could not be run: ") + error.what());
  }
}

}  // namespace

void finish_record(JobExecutor& executor, const std::string& home, const JobPaths& paths,
                   const Outcome& outcome) {
  // The outcome stands all the same: a store that was restored has jobs whose results were replaced long ago.
  if (!Publication(outcome, home).resume())
    JobLog(paths.log).say("the result is not at " + outcome.target +
                          ": it was removed or replaced after the job had ended");
  test_point("settle:published");
  run_on_finish(executor, paths);
  test_point("settle:told");
  remove_unfinished_outcome(paths);
  wipe_private_files(paths);
  test_point("settle:wiped");
}

bool conclude(const JobContext& context, const JobRow& row, const Verdict& verdict) {
  const JobPaths paths(job_directory_path(context.home, row.uuid));
  Outcome outcome;
  outcome.status = verdict.status;
  outcome.reason = verdict.reason;
  outcome.errors = verdict.errors;
  outcome.attempt = row.attempt;
  outcome.start_time = row.start_time;
  outcome.host = row.host;
  const Time now = context.clock.now();
  outcome.completion_time = std::max(now, row.submission_time);
  const bool ran = row.status == JobStatus::RUNNING;
  if (ran) {
    kill_by_environment(row.uuid);
    test_point("settle:killed");
    outcome.completion_time = std::max(now, row.start_time.value_or(now));
  }
  bool first = true;
  if (is_directory(paths.directory, Links::keep)) {
    if (ran) {
      outcome.completion_time = last_sign_of_life(paths, row, now);
      outcome.progress = read_last_events(paths.events).progress;
      remove_staged(target_of(paths), row.uuid, paths.directory);
    }
    test_point("settle:unstaged");
    OutcomeWriter writer(paths);
    first = writer.write(outcome);
    run_on_finish(context.executor, paths);
    test_point("settle:told");
    wipe_private_files(paths);
    test_point("settle:wiped");
    if (!first) outcome = read_outcome_as_found(paths).value_or(outcome);
  }
  context.store.finish(row.uuid, row.attempt, row.status, outcome);
  test_point("settle:row");
  return first;
}

void requeue(const JobContext& context, const JobRow& row, JobLock& lock) {
  const JobPaths paths(job_directory_path(context.home, row.uuid));
  kill_by_environment(row.uuid);
  remove_staged(target_of(paths), row.uuid, paths.directory);
  lock.write("");  // its next start is not this one
  test_point("requeue:unstaged");
  const int left = row.requeues_left - 1;
  if (context.store.requeue(row.uuid, row.attempt))
    JobLog(paths.log).say(
        std::string(kLost) + "; it is queued again" +
        (left > 0 ? ", and may be " + std::to_string(left) + " more times" : ", for the last time"));
  test_point("requeue:row");
}

Verdict look(const JobContext& context, JobRow& row) {
  if (is_terminal(row.status)) return reconcile(row, {});
  const Verdict verdict = reconcile(row, context.executor.observe({row}).at(0));
  if (verdict.action == Verdict::Action::none || !context.owner) return verdict;
  try {
    settle(context, row);
    if (auto fresh = context.store.find(row.uuid)) row = std::move(*fresh);
  } catch (const Error&) {
    return verdict;  // a full disk, a locked store: the next look tries again
  }
  // Still not terminal: queued again, or somebody else is settling it, and will come to the same. Until then
  // its result may not be at its place.
  return reconcile(row, is_terminal(row.status) ? Observation() : context.executor.observe({row}).at(0));
}

void settle_marked(const JobContext& context, const std::function<bool()>& is_enough) {
  // What is concluded may be what another one waits for.
  for (bool any = true; any;) {
    any = false;
    for (JobRow& row : context.store.queued_with_marks()) {
      if (is_enough && is_enough()) return;
      any |= is_terminal(look(context, row).status) && is_terminal(row.status);
    }
  }
}

bool settle_dead_runners(const JobContext& context) {
  bool any = false;
  for (JobRow& row : context.store.running()) {
    look(context, row);
    any |= row.status != JobStatus::RUNNING;
  }
  return any;
}

}  // namespace ostler
