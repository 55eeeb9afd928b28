// The body of `ostler-job run`.

#include <poll.h>
#include <unistd.h>

#include <algorithm>

#include "lib/base/error.h"
#include "lib/base/process.h"
#include "lib/jobs/dispatch.h"
#include "lib/jobs/job_engine.h"
#include "lib/jobs/job_lock.h"
#include "lib/jobs/local_executor.h"
#include "lib/jobs/run_job.h"
#include "lib/jobs/settle.h"
#include "lib/jobs/store_layout.h"
#include "lib/jobs/supervise.h"
#include "lib/jobs/test_point.h"

namespace ostler {

namespace {

constexpr Duration kStorePatience = std::chrono::seconds(60);
// How long the queue's first job may be in another process's hands before it is passed over.
constexpr Duration kHeadPatience = std::chrono::seconds(5);

void pause_for(Duration duration) {
  ::poll(nullptr, 0, static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(duration).count()));
}

class Runner {
 public:
  Runner(const std::string& home, const std::string& job_program, const Pool& pool)
      : home_(home),
        job_program_(job_program),
        pool_{pool_cpus(pool), pool_gpus(pool)},
        executor_(home, job_program, pool) {}

  // Runs one job. False when there was none to take.
  bool run_one() {
    if (!open_store()) return false;
    for (;;) {
      const auto next = next_to_start(context(), pool_, skip_);
      if (!next) return false;
      test_point("run:chosen");
      switch (take(next->uuid)) {
        case Taken::ran:
          return true;
        case Taken::told_to_end:
          return false;
        case Taken::lost:
          pause_for(std::chrono::milliseconds(5));
          break;
        case Taken::gone:
          break;
      }
    }
  }

  bool more_to_do() { return open_store() && store_->next_eligible(pool_, skip_).has_value(); }

 private:
  enum class Taken { ran, told_to_end, lost, gone };

  bool open_store() {
    if (!store_) store_ = JobStore::open(home_, Database::Checkpoints::no);
    if (store_) store_->database().set_patience(kStorePatience);
    return store_ != nullptr;
  }

  JobContext context() { return {home_, *store_, executor_, Clock::system(), true}; }

  struct Start {
    JobLock lock;
    PreparedJob job;
  };

  // The one order in which a job comes to run: its lock, all that can fail, the row, the work.
  Taken take(const std::string& uuid) {
    std::unique_ptr<Start> start;
    try {
      start = begin(uuid);
    } catch (const FailedStart& failure) {
      return start_failed(uuid, failure.what());
    }
    return start ? take_locked(uuid, *start) : somebody_else_has(uuid);
  }

  // Nothing when somebody else has the lock. Throws FailedStart.
  std::unique_ptr<Start> begin(const std::string& uuid) {
    const JobPaths paths(job_directory_path(home_, uuid));
    if (!ensure_job_directory(home_, uuid)) throw FailedStart("its directory in the store is gone");
    try {
      auto lock = JobLock::try_take(paths.lock);
      if (!lock) return nullptr;
      test_point("run:locked");
      lock->reserve();
      return std::unique_ptr<Start>(new Start{std::move(*lock), PreparedJob(paths, uuid, pool_)});
    } catch (const Error& error) {
      throw FailedStart(error.what());
    }
  }

  Taken take_locked(const std::string& uuid, Start& start) {
    test_point("run:prepared");
    const Duration now = Clock::system().steady();
    switch (store_->claim(uuid, pool_, skip_, Clock::system().now(), host_name())) {
      case JobStore::Claim::claimed:
        break;
      case JobStore::Claim::not_first:
      case JobStore::Claim::no_room:
        return Taken::lost;
      case JobStore::Claim::taken:
        return Taken::gone;
    }
    test_point("run:claimed");
    JobRow row = store_->find(uuid).value();
    tell_of_start(start.lock, row);
    test_point("run:noted");
    spawn_one_more();
    store_.reset();  // nothing of the store is open, and nothing of it is in memory, while the work runs
    const auto outcome = start.job.run(
        row, {home_, job_program_, now, [&](JobRow& last) { begin_attempt(last, start.lock); }});
    if (open_store()) {
      if (outcome)
        store_->finish(uuid, row.attempt, JobStatus::RUNNING, *outcome);
      else
        requeue(context(), row, start.lock);
      settle_marked(context());
    }
    test_point("end:row");
    return start.job.told_to_end() ? Taken::told_to_end : Taken::ran;
  }

  // For a store that is built anew (repair.h): one that looks at the lock from now on sees it. If the store
  // was replaced already, it may have been built before.
  void tell_of_start(JobLock& lock, const JobRow& row) {
    const JobStart start{row.attempt, row.start_time.value_or(row.submission_time), row.host, row.gpu_devices,
                         row.requeues_left};
    lock.write(to_text(start));
    if (!store_->database().was_moved()) return;
    try {
      if (const auto store = JobStore::open(home_, Database::Checkpoints::no))
        store->restore_start(row.uuid, start);
    } catch (const Error&) {
      // There is none now: the one that will be built sees the lock.
    }
  }

  // A store that cannot be written to is no reason not to try again: the row then tells of fewer attempts
  // than there were.
  void begin_attempt(JobRow& row, JobLock& lock) {
    try {
      if (open_store() && store_->begin_attempt(row.uuid, row.attempt)) ++row.attempt;
      if (store_) tell_of_start(lock, row);
    } catch (const Error&) {
    }
    store_.reset();
  }

  void spawn_one_more() {
    try {
      const auto next = store_->next_eligible(pool_);
      if (next && next->fits) executor_.launch();
    } catch (const Error&) {
      // The job at hand is not to suffer for it; when it has ended, this runner looks again.
    }
  }

  // Another runner is about to claim it, or a settler has it: it is first in the queue, so nobody goes before
  // it, but not for ever.
  Taken somebody_else_has(const std::string& uuid) {
    const Duration now = Clock::system().steady();
    if (waited_for_ != uuid) {
      waited_for_ = uuid;
      waited_since_ = now;
    } else if (now - waited_since_ > kHeadPatience) {
      skip_.push_back(uuid);
      return Taken::gone;
    }
    return Taken::lost;
  }

  Taken start_failed(const std::string& uuid, const std::string& why) {
    const int failures = store_->count_failed_start(uuid);
    if (failures < kStartsAllowed) {
      pause_for(std::chrono::milliseconds(200) * std::max(failures, 1));
      return Taken::gone;
    }
    auto row = store_->find(uuid);
    if (row && row->status == JobStatus::QUEUED) give_up(*row, why);
    skip_.push_back(uuid);
    return Taken::gone;
  }

  void give_up(const JobRow& row, const std::string& why) {
    const JobPaths paths(job_directory_path(home_, row.uuid));
    Verdict verdict{JobStatus::ERRORED,
                    JobReason::lost,
                    {std::string("the job could not be started: ").append(why)},
                    Verdict::Action::conclude};
    try {
      const auto lock = JobLock::try_take(paths.lock);
      if (lock) conclude(context(), row, verdict);
    } catch (const Error&) {
      // Its directory is gone or cannot be written to: then the row alone tells.
      Outcome outcome;
      outcome.reason = verdict.reason;
      outcome.errors = verdict.errors;
      outcome.completion_time = std::max(Clock::system().now(), row.submission_time);
      store_->finish(row.uuid, row.attempt, row.status, outcome);
    }
  }

  const std::string home_, job_program_;
  const Pool pool_;
  LocalExecutor executor_;
  std::unique_ptr<JobStore> store_;
  std::vector<std::string> skip_;
  std::string waited_for_;
  Duration waited_since_{};
};

// A fresh process for the next job: what this one has used is given back, and a program that was upgraded
// meanwhile is the new one.
void exec_next(const std::string& home, const std::string& job_program, const Pool& pool) {
  const std::vector<std::string> arguments = runner_arguments(job_program, home, pool);
  std::vector<char*> pointers;
  for (const std::string& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  ::execv(job_program.c_str(), pointers.data());
  ::execv("/proc/self/exe", pointers.data());  // the program was removed
}

}  // namespace

int run_runner(const std::string& home, const std::string& job_program, const Pool& pool) {
  prepare_to_supervise();
  try {
    Runner runner(home, job_program, pool);
    while (runner.run_one())
      if (runner.more_to_do()) exec_next(home, job_program, pool);
    return 0;
  } catch (const Error& error) {
    // Nobody reads this one's output. The job's state is told by its directory and its lock.
    return 1;
  }
}

}  // namespace ostler
