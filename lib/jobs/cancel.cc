#include "lib/jobs/cancel.h"

#include <fcntl.h>

#include <algorithm>

#include "lib/base/error.h"
#include "lib/jobs/job_lock.h"
#include "lib/jobs/store_layout.h"
#include "lib/jobs/test_point.h"
#include "lib/jobs/watch.h"

namespace ostler {

namespace {

// What a runner may take beyond the grace period before it counts as silent: killing, writing the outcome.
constexpr Duration kMargin = std::chrono::seconds(3);

Duration grace_of(const JobPaths& paths) {
  try {
    return read_spec(paths.spec).cancel_grace;
  } catch (const Error&) {
    return JobSpec().cancel_grace;
  }
}

// What others have canceled and pruned meanwhile has no directory any more, which is no failure.
bool is_over(const JobContext& context, const std::string& uuid) {
  const auto row = context.store.find(uuid);
  return !row || is_terminal(row->status);
}

// A queued job is ended by whoever holds its lock: with it, no runner can be starting the job. False when
// another has it in hand.
bool cancel_queued(const JobContext& context, const std::string& uuid, const JobPaths& paths) {
  ensure_job_directory(context.home, uuid);
  try {
    const auto lock = JobLock::try_take(paths.lock);
    if (!lock) return false;
    test_point("cancel:locked");
    const auto row = context.store.find(uuid);
    if (row && row->status == JobStatus::QUEUED)
      conclude(context, *row, {JobStatus::CANCELED, JobReason::user, {}, Verdict::Action::conclude});
  } catch (const Error&) {
    if (!is_over(context, uuid)) throw;
  }
  return true;
}

// False when the job has ended.
bool request(const JobContext& context, const std::string& uuid) {
  try {
    return context.store.request_cancel(uuid);
  } catch (const Error& error) {
    // The disk is full, perhaps because of this very job. Its runner heeds the file, which takes no room.
    if (error.code() == StatusCode::resource_exhausted) return true;
    throw;
  }
}

void leave_request(const JobContext& context, const std::string& uuid, const JobPaths& paths) {
  try {
    if (!file_status(paths.cancel)) {
      write_file(paths.cancel, "", Sync::yes);
      fsync_directory(paths.directory);
    }
  } catch (const Error&) {
    if (!is_over(context, uuid)) throw;
  }
  test_point("cancel:requested");
}

}  // namespace

JobRow cancel_job(const JobContext& context, JobRow row, std::optional<Duration> timeout) {
  const std::string uuid = row.uuid;
  const JobPaths paths(job_directory_path(context.home, uuid));
  // A job whose outcome is there has ended, also while its row does not know yet.
  if (is_terminal(look(context, row).status)) return context.store.find(uuid).value_or(row);
  // A runner heeds the file alone: it comes first, so that the row never has a request that nobody heeds.
  bool asked = row.status == JobStatus::RUNNING;
  if (asked) leave_request(context, uuid, paths);
  if (!request(context, uuid)) return context.store.find(uuid).value_or(row);
  test_point("cancel:recorded");
  const Duration began = context.clock.steady();
  Duration patience = grace_of(paths) + kMargin;
  ensure_job_directory(context.home, uuid);
  JobWatch watch({paths.directory}, JobWatch::Events::no);
  for (;;) {
    auto fresh = context.store.find(uuid);
    if (!fresh) return row;  // purged
    row = std::move(*fresh);
    if (is_terminal(row.status)) return row;
    const Duration passed = context.clock.steady() - began;
    if (row.status == JobStatus::QUEUED) {
      if (cancel_queued(context, uuid, paths)) continue;
    } else {
      if (!asked) leave_request(context, uuid, paths);
      asked = true;
      if (is_terminal(look(context, row).status)) return row;
      context.executor.cancel(uuid);
      test_point("cancel:woken");
    }
    // A runner that is silent, also one that stopped just before it would have seen that it may not start the
    // job.
    if (passed > patience) {
      context.executor.kill(uuid, context.executor.observe({row}).at(0));
      patience = passed + kMargin;
    }
    if (timeout && passed >= *timeout) return row;
    // A lock that is let go of ends the sleep; a queued job's runner may need a moment to see that it lost.
    Duration longest =
        row.status == JobStatus::QUEUED ? std::chrono::milliseconds(10) : std::chrono::milliseconds(500);
    if (timeout) longest = std::min(longest, *timeout - passed);
    watch.sleep(longest);
  }
}

}  // namespace ostler
