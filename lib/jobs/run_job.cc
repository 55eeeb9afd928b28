#include "lib/jobs/run_job.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "lib/base/strings.h"
#include "lib/jobs/job_end.h"
#include "lib/jobs/publish.h"
#include "lib/jobs/test_point.h"

namespace ostler {

namespace {

constexpr off_t kReservedForEvents = 64 << 10;

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

void turn_into_error(Outcome& outcome, const Error& error) {
  outcome.status = JobStatus::ERRORED;
  outcome.reason = error.code() == StatusCode::resource_exhausted ? JobReason::disk_full
                   : error.code() == StatusCode::data_loss        ? JobReason::lost
                                                                  : JobReason::user;
  outcome.errors = {error.what()};
  outcome.result.reset();
  outcome.staged = outcome.target = outcome.tracking_id = {};
}

void turn_into_canceled(Outcome& outcome) {
  outcome.status = JobStatus::CANCELED;
  outcome.reason = JobReason::user;
  outcome.errors.clear();
  outcome.result.reset();
  outcome.staged = outcome.target = outcome.tracking_id = {};
}

std::string result_target(const JobSpec& spec) {
  return spec.kind == JobKind::train ? spec.save_path : spec.predict.get_string("output");
}

}  // namespace

PreparedJob::PreparedJob(const JobPaths& paths, const std::string& uuid) : paths_(paths) {
  try {
    spec_ = read_spec(paths.spec);
    if (spec_.uuid != uuid) throw invalid_argument(paths.spec + " is of another job");
    captured_ = split(read_file(paths.environment), '\0');
    log_ = std::make_unique<JobLog>(paths.log);
    outcome_ = std::make_unique<OutcomeWriter>(paths);
    reserve_for_events();
  } catch (const Error& error) {
    throw FailedStart(error.what());
  }
}

// So that a worker can say that the disk is full when it is.
void PreparedJob::reserve_for_events() {
  const UniqueFd events = open_file(paths_.events, O_WRONLY | O_CREAT | O_NOFOLLOW, 0600);
  if (::fallocate(events.get(), FALLOC_FL_KEEP_SIZE, 0, kReservedForEvents) != 0 && errno == ENOSPC)
    throw system_error(errno, "cannot write " + paths_.events);
}

void PreparedJob::give_back_reserved() {
  const UniqueFd events = try_open_file(paths_.events, O_WRONLY | O_NOFOLLOW);
  struct stat status {};
  // Setting the length that it has frees what was reserved behind it; where that fails, 64 KiB are wasted.
  if (events && ::fstat(events.get(), &status) == 0 && ::ftruncate(events.get(), status.st_size) != 0) return;
}

std::vector<std::string> PreparedJob::environment() const {
  std::vector<std::string> list;
  for (const std::string& entry : captured_) {
    // A job that was submitted from within another job, or from a test, has nothing to do with that one.
    const bool internal = entry.empty() || starts_with(entry, "OSTLER_JOB_") ||
                          starts_with(entry, "OSTLER_RUNNER=") || starts_with(entry, "OSTLER_TEST_");
    if (!internal) list.push_back(entry);
  }
  list.push_back("OSTLER_JOB_ID=" + spec_.uuid);
  list.push_back("OSTLER_JOB_DIR=" + paths_.directory);
  return list;
}

Outcome PreparedJob::work(const JobRow& row, Duration claimed, const std::string& job_program) {
  WorkOrder order;
  const bool installed = ::access(job_program.c_str(), X_OK) == 0;  // else it was removed while this runs
  order.process.arguments = {installed ? job_program : "/proc/self/exe", "work", paths_.directory};
  order.process.environment = environment();
  order.process.standard_output = order.process.standard_error = log_->fd();
  order.cancel_path = paths_.cancel;
  order.grace = spec_.cancel_grace;
  order.on_spawned = [] { test_point("run:spawned"); };

  Outcome outcome;
  try {
    const WorkEnd end = supervise(order, *log_);
    told_to_end_ = end.told_to_end;
    outcome = outcome_of(end, read_last_events(paths_.events));
  } catch (const Error& error) {
    outcome.reason = JobReason::lost;
    outcome.errors = {std::string("the work could not be started: ") + error.what()};
  }
  outcome.attempt = row.attempt;
  outcome.host = row.host;
  outcome.start_time = row.start_time;
  // The length is measured, not the difference of two looks at a clock that may be set meanwhile.
  outcome.completion_time =
      row.start_time.value_or(row.submission_time) + (Clock::system().steady() - claimed);
  return outcome;
}

Outcome PreparedJob::run(const JobRow& row, Duration claimed, const std::string& home,
                         const std::string& job_program) {
  Outcome outcome = work(row, claimed, job_program);
  std::optional<Publication> publication;
  if (outcome.status == JobStatus::COMPLETED) {
    publication.emplace(outcome, home);
    try {
      publication->prepare([&] { return exists(paths_.cancel); });
    } catch (const Error& error) {
      turn_into_error(outcome, error);
    }
  }
  // The last moment at which a cancel counts: from here on the job has ended as the outcome says.
  if (exists(paths_.cancel)) turn_into_canceled(outcome);
  const bool completed = outcome.status == JobStatus::COMPLETED;
  if (!completed) {
    publication.reset();  // who reads of the end is to find nothing of it beside the target
    for (const std::string& error : outcome.errors) log_->say(error);
    try {
      remove_staged(result_target(spec_), spec_.uuid, paths_.directory);
    } catch (const Error& error) {
      log_->say(error.what());
    }
  }
  if (!outcome_->write(outcome)) {
    const auto other = read_outcome(paths_);
    return other ? *other : outcome;
  }
  if (completed) {
    try {
      publication->commit();
    } catch (const Error& error) {
      log_->say(std::string("the result could not be moved to its place: ") + error.what());
      throw;
    }
    test_point("end:published");
  }
  wipe_private_files(paths_);
  give_back_reserved();
  return outcome;
}

}  // namespace ostler
