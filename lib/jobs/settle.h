#pragma once

// Brings a job's record and row to what reconcile says: concludes jobs that nobody has in hand, publishes
// what a dead runner left unpublished, and lets the row catch up with the outcome.

#include <functional>
#include <string>

#include "lib/base/clock.h"
#include "lib/jobs/job_executor.h"
#include "lib/jobs/job_lock.h"
#include "lib/jobs/job_store.h"
#include "lib/jobs/reconcile.h"

namespace ostler {

// What the parts of the engine work on. Refers to what the engine owns.
struct JobContext {
  const std::string& home;
  JobStore& store;
  JobExecutor& executor;
  const Clock& clock;
  bool owner;  // may change the store
};

// Observes and reconciles a job that is not terminal, settles it where that is due and possible, and gives
// the verdict. `row` is read again when it changed. A store that cannot be written to changes nothing about
// the verdict.
Verdict look(const JobContext& context, JobRow& row);

// Puts a running job, whose lock is the caller's, back into the queue, once what is left of its work is
// ended.
void requeue(const JobContext& context, const JobRow& row, JobLock& lock);

// Settles queued jobs that may have ended without their row's knowing, and those that wait for them in turn;
// `is_enough` is asked before each.
void settle_marked(const JobContext& context, const std::function<bool()>& is_enough = {});

// Settles running jobs that nobody has in hand any more, so that their place in the pool is free. True when
// any was.
bool settle_dead_runners(const JobContext& context);

// Does what the runner of a job that has ended left to do: publishes, starts the command of --on-finish, and
// removes what is private. The caller holds the lock. Throws Error; the next look tries again.
void finish_record(JobExecutor& executor, const std::string& home, const JobPaths& paths,
                   const Outcome& outcome);

// Writes the end of a job whose lock the caller holds, and its row; `verdict` is not COMPLETED. False when
// the job had ended already.
bool conclude(const JobContext& context, const JobRow& row, const Verdict& verdict);

}  // namespace ostler
