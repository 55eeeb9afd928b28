#include "lib/jobs/run_job.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "lib/base/process.h"
#include "lib/base/strings.h"
#include "lib/core/requirement.h"
#include "lib/jobs/job_end.h"
#include "lib/jobs/on_finish.h"
#include "lib/jobs/replace_model.h"
#include "lib/jobs/test_point.h"
#include "lib/jobs/work_process.h"

namespace ostler {

namespace {

constexpr off_t kReservedForEvents = 64 << 10;
// Who finds another model at its place each time has a neighbour that never rests.
constexpr int kMostComparisons = 5;

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

// This one where it was removed while it runs.
std::string program_or_this(const std::string& program) {
  return ::access(program.c_str(), X_OK) == 0 ? program : "/proc/self/exe";
}

// What a program dies of that has damaged itself.
bool is_fault(int signal) {
  return signal == SIGSEGV || signal == SIGABRT || signal == SIGBUS || signal == SIGFPE || signal == SIGILL;
}

JobReason reason_of(const Error& error) {
  return error.code() == StatusCode::resource_exhausted ? JobReason::disk_full
         : error.code() == StatusCode::data_loss        ? JobReason::lost
                                                        : JobReason::user;
}

// Anything but nothing or an empty directory.
bool has_something(const std::string& target) {
  return file_status(target, Links::keep) &&
         !(is_directory(target, Links::keep) && list_directory(target).empty());
}

std::string result_target(const JobSpec& spec) {
  return spec.kind == JobKind::train ? spec.save_path : spec.predict.get_string("output");
}

}  // namespace

PreparedJob::PreparedJob(const JobPaths& paths, const std::string& uuid, const Pool& pool) : paths_(paths) {
  try {
    spec_ = read_spec(paths.spec);
    if (spec_.uuid != uuid) throw invalid_argument(paths.spec + " is of another job");
    if (spec_.gpus > 0 && pool_gpus(pool).size() < static_cast<std::size_t>(spec_.gpus))
      throw invalid_argument("it wants " + std::to_string(spec_.gpus) + " gpus, but the pool has " +
                             std::to_string(pool_gpus(pool).size()));
    if (exists(paths.outcome)) throw invalid_argument("it has ended already: " + paths.outcome + " is there");
    captured_ = split(read_file(paths.environment, 64 << 20, Links::keep), '\0');
    log_ = std::make_unique<JobLog>(paths.log);
    outcome_ = std::make_unique<OutcomeWriter>(paths);
    begin_events();
  } catch (const Error& error) {
    throw FailedStart(error.what());
  }
}

// Nothing of an earlier attempt, and room, so that a worker can say that the disk is full when it is.
void PreparedJob::begin_events() {
  const UniqueFd events = open_file(paths_.events, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
  if (::fallocate(events.get(), FALLOC_FL_KEEP_SIZE, 0, kReservedForEvents) != 0 && errno == ENOSPC)
    throw system_error(errno, "cannot write " + paths_.events);
}

void PreparedJob::give_back_reserved() {
  const UniqueFd events = try_open_file(paths_.events, O_WRONLY | O_NOFOLLOW);
  struct stat status {};
  // Setting the length that it has frees what was reserved behind it; where that fails, 64 KiB are wasted.
  if (events && ::fstat(events.get(), &status) == 0 && ::ftruncate(events.get(), status.st_size) != 0) return;
}

WorkOrder PreparedJob::work_order(const char* verb, const JobRow& row,
                                  const Surroundings& surroundings) const {
  WorkOrder order;
  order.process.arguments = {program_or_this(surroundings.job_program), verb, paths_.directory};
  order.process.environment = work_environment(captured_, paths_);
  if (!row.gpu_devices.empty()) {
    std::erase_if(*order.process.environment,
                  [](const std::string& entry) { return starts_with(entry, "CUDA_VISIBLE_DEVICES="); });
    order.process.environment->push_back("CUDA_VISIBLE_DEVICES=" + row.gpu_devices);
  }
  order.process.standard_output = order.process.standard_error = log_->fd();
  order.cancel_path = paths_.cancel;
  if (spec_.time_limit) order.deadline = surroundings.claimed + *spec_.time_limit;
  order.grace = spec_.cancel_grace;
  return order;
}

Outcome PreparedJob::attempt(const JobRow& row, const Surroundings& surroundings) {
  WorkOrder order = work_order("work", row, surroundings);
  order.on_spawned = [] { test_point("run:spawned"); };
  Outcome outcome;
  try {
    const WorkEnd end = supervise(order, *log_);
    told_to_end_ = end.told_to_end;
    outcome = outcome_of(end, read_last_events(paths_.events), spec_.time_limit);
  } catch (const Error& error) {
    outcome.reason = JobReason::lost;
    outcome.errors = {std::string("the work could not be started: ") + error.what()};
  }
  return outcome;
}

// False when there is to be none after all; then `outcome` is what the job has come to.
bool PreparedJob::wait_for_next_attempt(Outcome& outcome, int number, Duration claimed) {
  const Duration now = Clock::system().steady(), next = now + spec_.retry_delay;
  const std::string which = std::to_string(number) + " of " + std::to_string(spec_.retries + 1);
  log_->say(outcome.errors.empty() ? "the attempt failed" : outcome.errors[0]);
  log_->say("attempt " + which +
            (spec_.retry_delay > Duration(0) ? " in " + format_duration(spec_.retry_delay) : ""));
  const Time at = Clock::system().now();
  try {
    append_event(paths_.events, Value::object({{"event", "retry"},
                                               {"time", format_time(at)},
                                               {"attempt", number},
                                               {"at", format_time(at + spec_.retry_delay)}}));
  } catch (const Error& error) {
    log_->say(error.what());  // the disk is full: the next attempt may find it otherwise
  }
  const Duration deadline = spec_.time_limit ? claimed + *spec_.time_limit : next;
  switch (supervised_pause(paths_.cancel, std::min(next, deadline))) {
    case PauseEnd::canceled:
      turn_into_canceled(outcome);
      return false;
    case PauseEnd::told_to_end:
      told_to_end_ = true;
      outcome.errors.emplace_back(kToldToEnd);
      return false;
    case PauseEnd::over:
      break;
  }
  if (deadline < next) turn_into_error(outcome, JobReason::time_limit, time_limit_text(spec_.time_limit));
  return deadline >= next;
}

Outcome PreparedJob::attempts(JobRow& row, const Surroundings& surroundings) {
  // Those that a lost runner has begun count, too.
  const int requeued = spec_.max_requeues - row.requeues_left;
  int number = row.attempt - requeued;
  double cpu_seconds = 0;
  std::int64_t max_rss_bytes = 0;
  for (;;) {
    Outcome outcome = attempt(row, surroundings);
    cpu_seconds += outcome.cpu_seconds.value_or(0);
    max_rss_bytes = std::max(max_rss_bytes, outcome.max_rss_bytes.value_or(0));
    if (outcome.cpu_seconds) outcome.cpu_seconds = cpu_seconds;
    if (outcome.max_rss_bytes) outcome.max_rss_bytes = max_rss_bytes;
    outcome.attempt = row.attempt;
    outcome.host = row.host;
    outcome.start_time = row.start_time;
    const bool again = may_be_retried(outcome) && !told_to_end_ && number <= spec_.retries;
    if (again && wait_for_next_attempt(outcome, number + 1, surroundings.claimed)) {
      remove_what_was_staged();
      try {
        begin_events();
      } catch (const Error& error) {
        log_->say(error.what());
      }
      test_point("retry:unstaged");
      surroundings.begin_attempt(row);
      test_point("retry:begun");
      ++number;
      continue;
    }
    end_now(outcome, row, surroundings.claimed);
    return outcome;
  }
}

// The length is measured, not the difference of two looks at a clock that may be set meanwhile.
void PreparedJob::end_now(Outcome& outcome, const JobRow& row, Duration claimed) const {
  outcome.completion_time =
      row.start_time.value_or(row.submission_time) + (Clock::system().steady() - claimed);
}

// Of the model at the job's save path and the one that it has staged.
struct PreparedJob::Comparison {
  bool better = true;
  bool any = false;         // there is one at the save path
  std::string tracking_id;  // of that one
  std::string values;       // "accuracy 0.93 is no better than 0.95"
  std::string note;
  bool is_of(const std::string& target) const {
    return any == has_something(target) && tracking_id == tracking_id_of(target);
  }
};

// When the job was ended meanwhile, the outcome is no longer COMPLETED.
// The two models can be read, and yet could not be compared: nothing says that the new one is better.
void PreparedJob::fail_compared(Outcome& outcome, const WorkEnd& end) {
  const LastEvents events = read_last_events(paths_.events);
  std::string why = events.error.get_string("message");
  JobReason reason = JobReason::module;
  if (WIFSIGNALED(end.wait_status)) {
    reason = end.out_of_memory ? JobReason::out_of_memory : JobReason::signal;
    why = "the comparison died of " + signal_text(WTERMSIG(end.wait_status));
  } else if (WEXITSTATUS(end.wait_status) != 1 || why.empty()) {
    why = "the comparison ended with exit status " + std::to_string(WEXITSTATUS(end.wait_status)) +
          " and without a result";
  }
  const std::string target = outcome.target;
  keep_apart(outcome, "");
  const std::string place = outcome.result.value_or("");
  turn_into_error(outcome, reason,
                  "the new model could not be compared with the one at " + target + ", which stays: " + why +
                      "; the new one is at " + place);
}

PreparedJob::Comparison PreparedJob::compare(Outcome& outcome, const JobRow& row,
                                             const Surroundings& surroundings) {
  Comparison found;
  found.any = has_something(outcome.target);
  found.tracking_id = tracking_id_of(outcome.target);
  if (!found.any) return found;
  const Value before = read_last_events(paths_.events).compared;
  WorkOrder order = work_order("compare", row, surroundings);
  order.on_spawned = [] { test_point("compare:spawned"); };
  WorkEnd end;
  try {
    end = supervise(order, *log_);
  } catch (const Error& error) {
    turn_into_error(outcome, JobReason::lost,
                    std::string("the comparison with the model at ") + outcome.target +
                        " could not be started: " + error.what());
    return found;
  }
  test_point("compare:reaped");
  outcome.cpu_seconds = outcome.cpu_seconds.value_or(0) + end.cpu_seconds;
  outcome.max_rss_bytes = std::max(outcome.max_rss_bytes.value_or(0), end.max_rss_bytes);
  end_now(outcome, row, surroundings.claimed);
  Value event = read_last_events(paths_.events).compared;
  const bool done = WIFEXITED(end.wait_status) && WEXITSTATUS(end.wait_status) == 0 && !event.is_null() &&
                    !(event == before);
  told_to_end_ = told_to_end_ || end.told_to_end;
  if (end.canceled)
    turn_into_canceled(outcome);
  else if (end.time_limit)
    turn_into_error(outcome, JobReason::time_limit, time_limit_text(spec_.time_limit));
  else if (end.told_to_end && !done)
    turn_into_error(outcome, JobReason::signal, kToldToEnd);
  else if (done) {
    found.better = event.get_boolean("better");
    found.tracking_id = event.get_string("tracking_id");
    found.note = event.get_string("note");
    const auto shown = [&](const char* key) {
      const Value* value = event.find(key);
      return value != nullptr && value->is_number() ? to_json(*value) : "";
    };
    const std::string old_value = shown("old"), new_value = shown("new");
    if (!found.better || (!old_value.empty() && !new_value.empty()))
      found.values = parse_metric_choice(spec_.keep_best).metric + " " +
                     (new_value.empty() ? "(no number)" : new_value) +
                     (found.better ? " is better than " : " is no better than ") +
                     (old_value.empty() ? "that" : old_value);
    // It was gone when the comparison began.
    if (found.tracking_id.empty() && found.values.empty() && found.note.empty()) found.any = false;
  } else if (WIFSIGNALED(end.wait_status) && is_fault(WTERMSIG(end.wait_status))) {
    found.note = "reading it died of " + signal_text(WTERMSIG(end.wait_status));
  } else {
    fail_compared(outcome, end);
  }
  return found;
}

// A model that is no better than the one that stays. Before the outcome, which says where it is.
void PreparedJob::keep_apart(Outcome& outcome, const std::string& why) {
  const std::string place = join_path(paths_.directory, "model");
  remove_tree(place);  // of an attempt that was lost
  move_directory(outcome.staged, place);
  test_point("compare:moved");
  outcome.note = why + "; the new one is at " + place;
  outcome.replaced = false;
  outcome.result = place;
  outcome.staged = outcome.target = outcome.tracking_id = {};
  outcome.keep_previous = 0;
}

// Makes sure that what lies staged can be published, and with keep_best that it is to be; afterwards the
// publishing lock is held, or the outcome has nothing to publish. Throws Error, as Publication::prepare.
void PreparedJob::prepare(Outcome& outcome, std::optional<Publication>& publication, const JobRow& row,
                          const Surroundings& surroundings) {
  const bool saves = spec_.kind == JobKind::train && !spec_.save_path.empty();
  if (saves) {
    outcome.replaced = true;
    outcome.keep_previous = spec_.keep_previous;
  }
  const std::string target = outcome.target;
  for (int round = 1;; ++round) {
    Comparison found;
    if (saves && !spec_.keep_best.empty()) {
      found = compare(outcome, row, surroundings);
      if (outcome.status != JobStatus::COMPLETED) return;
    }
    publication.emplace(outcome, surroundings.home);
    publication->prepare([&] { return exists(paths_.cancel); });
    test_point("publish:locked");
    if (!saves || spec_.keep_best.empty()) return;
    if (found.is_of(target)) {
      const std::string which = " of the model at " + target;
      if (!found.better) {
        publication.reset();
        const std::string more = found.note.empty() ? "" : " (" + found.note + ")";
        keep_apart(outcome, found.values + which + ", which stays" + more);
      } else if (!found.values.empty()) {
        log_->say(found.values + which + ", which is replaced");
        outcome.note = found.note;
      } else if (found.any) {
        outcome.note = "warning: the model at " + target + " cannot be read, and was replaced: " + found.note;
      }
      if (!outcome.note.empty()) log_->say(outcome.note);
      return;
    }
    publication.reset();
    if (round == kMostComparisons)
      throw Error(StatusCode::unavailable,
                  "the model at " + target + " was replaced by another one each of the " +
                      std::to_string(kMostComparisons) + " times that the new one was compared with it");
    log_->say("the model at " + target + " has changed since it was compared with; comparing again");
  }
}

void PreparedJob::remove_what_was_staged() {
  try {
    remove_staged(result_target(spec_), spec_.uuid, paths_.directory);
  } catch (const Error& error) {
    log_->say(error.what());
  }
}

std::optional<Outcome> PreparedJob::run(JobRow& row, const Surroundings& surroundings) {
  Outcome outcome = attempts(row, surroundings);
  test_point("end:reaped");
  const auto is_to_be_requeued = [&] {
    return told_to_end_ && outcome.status == JobStatus::ERRORED && row.requeues_left > 0;
  };
  if (is_to_be_requeued()) return std::nullopt;
  std::optional<Publication> publication;
  if (outcome.status == JobStatus::COMPLETED) {
    try {
      prepare(outcome, publication, row, surroundings);
      if (is_to_be_requeued()) return std::nullopt;
    } catch (const Error& error) {
      turn_into_error(outcome, reason_of(error), error.what());
    }
  }
  const bool kept_apart = outcome.replaced && !*outcome.replaced;
  // The last moment at which a cancel counts: from here on the job has ended as the outcome says.
  if (exists(paths_.cancel)) turn_into_canceled(outcome);
  const bool completed = outcome.status == JobStatus::COMPLETED;
  if (!completed) {
    publication.reset();  // who reads of the end is to find nothing of it beside the target
    for (const std::string& error : outcome.errors) log_->say(error);
    remove_what_was_staged();
    if (kept_apart) remove_tree(join_path(paths_.directory, "model"));
    test_point("end:unstaged");
  }
  if (!outcome_->write(outcome)) {
    const auto other = read_outcome(paths_);
    return other ? *other : outcome;
  }
  if (completed && publication) {
    try {
      publication->commit();
    } catch (const Error& error) {
      log_->say(std::string("the result could not be moved to its place: ") + error.what());
      throw;
    }
    test_point("end:published");
  }
  try {
    start_on_finish(paths_, spec_, captured_, program_or_this(surroundings.job_program));
  } catch (const Error& error) {
    log_->say(std::string("--on-finish could not be run: ") + error.what());
  }
  test_point("end:told");
  wipe_private_files(paths_);
  test_point("end:wiped");
  give_back_reserved();
  return outcome;
}

}  // namespace ostler
