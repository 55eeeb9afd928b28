#include "lib/jobs/repair.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <tuple>

#include "lib/base/error.h"
#include "lib/base/strings.h"
#include "lib/jobs/job_lock.h"
#include "lib/jobs/job_store_schema.h"
#include "lib/jobs/outcome_writer.h"
#include "lib/jobs/publish.h"
#include "lib/jobs/purge.h"
#include "lib/jobs/store_layout.h"
#include "lib/jobs/submit.h"
#include "lib/jobs/test_point.h"

namespace ostler {

namespace {

bool has_row(JobStore& store, const std::string& uuid) {
  return store.database().integer("SELECT 1 FROM jobs WHERE uuid = ?", {uuid}) == 1;
}

std::string counted(std::size_t number, const std::string& one, const std::string& many = {}) {
  return std::to_string(number) + " " + (number == 1 ? one : many.empty() ? one + "s" : many);
}

// A job as its directory has it.
struct Recorded {
  std::string uuid;
  std::string external_id;
  Time submission_time;
  bool active;
  std::vector<std::string> after;
  Time place = submission_time;  // in the order of submission
};

// In the order of submission. An active run of an external id is the newest one, whatever the clock said.
void sort_by_submission(std::vector<Recorded>& jobs) {
  std::map<std::string, Time> latest;
  for (const Recorded& job : jobs)
    if (!job.external_id.empty()) {
      Time& time = latest.emplace(job.external_id, job.submission_time).first->second;
      time = std::max(time, job.submission_time);
    }
  for (Recorded& job : jobs)
    if (job.active && !job.external_id.empty()) job.place = latest[job.external_id];
  std::sort(jobs.begin(), jobs.end(), [](const Recorded& left, const Recorded& right) {
    return std::tie(left.place, left.active, left.submission_time, left.uuid) <
           std::tie(right.place, right.active, right.submission_time, right.uuid);
  });
  // What a job was to run after was submitted before it, also where the clock was set back between the two.
  std::map<std::string, std::size_t> place;
  for (std::size_t i = 0; i < jobs.size(); ++i) place[jobs[i].uuid] = i;
  std::vector<bool> taken(jobs.size());
  std::vector<Recorded> ordered;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    std::vector<std::size_t> stack = {i};
    while (!stack.empty()) {
      const std::size_t job = stack.back(), before = stack.size();
      for (const std::string& needed : jobs[job].after) {
        const auto found = place.find(needed);
        // One that is on the stack already would be a cycle, which no submit makes.
        if (found != place.end() && !taken[found->second] &&
            std::find(stack.begin(), stack.end(), found->second) == stack.end())
          stack.push_back(found->second);
      }
      if (stack.size() > before) continue;
      stack.pop_back();
      if (!taken[job]) ordered.push_back(jobs[job]);
      taken[job] = true;
    }
  }
  jobs = std::move(ordered);
}

class Repair {
 public:
  Repair(const std::string& home, JobExecutor& executor, const Clock& clock)
      : home_(home), path_(JobStore::path_in(home)), executor_(executor), clock_(clock) {}

  std::vector<std::string> run() {
    check_layout(home_);
    const UniqueFd alone = lock_home();
    if (needs_new_database()) build_anew();
    const auto store = JobStore::open(home_, Database::Checkpoints::no);
    if (!store) return said_;
    const JobContext context{home_, *store, executor_, clock_, true};
    // What has ended without its row's knowing first: it may have the external id of one that has no row.
    look_at_all(context);
    const std::size_t added = add_rows(*store);
    if (added > 0 && !built_) said_.push_back(counted(added, "job") + " had no row and got one again");
    look_at_all(context);
    remove_leftovers(context);
    return said_;
  }

 private:
  UniqueFd lock_home() const {
    UniqueFd fd = open_file(home_, O_RDONLY | O_DIRECTORY);
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0)
      throw Error(StatusCode::failed_precondition,
                  "another ostler doctor --repair is at work in " + home_ + "; wait for it to end");
    return fd;
  }

  // Damaged or missing; what else is wrong with it (locked, of a newer version) is thrown.
  bool needs_new_database() const {
    try {
      const auto store = JobStore::open(home_, Database::Checkpoints::no);
      return store && !integrity_fault(*store).empty();
    } catch (const Error& error) {
      if (error.code() == StatusCode::data_loss) return true;
      throw;
    }
  }

  void build_anew() {
    std::size_t rows = 0;
    const bool first = create_job_store(path_, [&](const std::string& made) {
      {
        JobStore store(made, Database::Checkpoints::yes);
        store.database().script("PRAGMA synchronous = OFF");
        rows = add_rows(store);
        store.database().fold_log_in();
      }
      fsync_tree(made);
      test_point("repair:built");
      move_aside();
      test_point("repair:moved");
    });
    test_point("repair:linked");
    built_ = true;
    if (first)
      said_.push_back("the database was built anew from " +
                      counted(rows, "job directory", "job directories"));
  }

  // The database goes first, so that nobody opens it any more; then its log, which the new one must not find.
  void move_aside() {
    std::string stamp = format_time(clock_.now());
    stamp.erase(std::remove(stamp.begin(), stamp.end(), ':'), stamp.end());
    const std::string aside = path_ + ".damaged-" + stamp;
    bool any = false;
    for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
      const std::string from = path_ + suffix, to = aside + suffix;
      if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0)
        any = true;
      else if (errno != ENOENT)
        throw system_error(errno, "cannot rename " + from + " to " + to);
    }
    fsync_directory(home_);
    if (any) said_.push_back("the damaged database is kept as " + aside);
  }

  void look_at_all(const JobContext& context) {
    std::vector<JobRow> active = context.store.active({});
    for (JobRow& row : active) {
      // Claimed in the old database, after its lock was looked at and before the new one was there.
      const JobPaths paths(job_directory_path(home_, row.uuid));
      const bool held = row.status == JobStatus::QUEUED && observe_lock(paths.lock).held;
      if (const auto start = held ? read_start(paths) : std::nullopt)
        context.store.restore_start(row.uuid, *start);
      look(context, row);
    }
  }

  // How many jobs got a row.
  std::size_t add_rows(JobStore& store) {
    std::vector<Recorded> jobs;
    for (const std::string& uuid : directories_without_row(home_, store)) {
      const JobPaths paths(job_directory_path(home_, uuid));
      try {
        const JobSpec spec = read_spec(paths.spec);
        if (spec.uuid != uuid) throw invalid_argument(paths.spec + " is of another job");
        jobs.push_back({uuid, spec.external_id.value_or(""), spec.submission_time,
                        !file_status(paths.outcome, Links::keep), spec.after});
      } catch (const Error& error) {
        leave_out(uuid, error);
      }
    }
    sort_by_submission(jobs);
    std::size_t added = 0;
    for (const Recorded& job : jobs) {
      try {
        add_row(store, job.uuid);
        ++added;
      } catch (const Error& error) {
        if (error.code() != StatusCode::already_exists && error.code() != StatusCode::invalid_argument) throw;
        leave_out(job.uuid, error);
      }
    }
    return added;
  }

  void add_row(JobStore& store, const std::string& uuid) {
    const JobPaths paths(job_directory_path(home_, uuid));
    const JobSpec spec = read_spec(paths.spec);
    // As any observer: the lock first, the outcome second.
    const bool held = observe_lock(paths.lock).held;
    auto start = read_start(paths);
    const auto outcome = read_outcome_as_found(paths);
    if (outcome && outcome->start_time)
      start = JobStart{outcome->attempt, *outcome->start_time, outcome->host, {}};
    const bool ended = outcome && !held && finish(paths, *outcome);
    store.database().in_transaction([&] {
      store.insert(spec, IfExists::fail, JobStore::Missing::has_failed);
      if (start) store.restore_start(uuid, *start);
      if (ended)
        store.finish(uuid, start ? start->attempt : 0, start ? JobStatus::RUNNING : JobStatus::QUEUED,
                     *outcome);
    });
    // A purge came between.
    if (ended && !is_directory(paths.directory, Links::keep)) store.remove({uuid});
  }

  // Does what the runner left to do. False when that is another's now, or cannot be done: then a look does
  // it.
  bool finish(const JobPaths& paths, const Outcome& outcome) {
    if (!file_status(paths.environment, Links::keep) && !is_being_published(outcome)) return true;
    try {
      const auto lock = JobLock::try_take(paths.lock);
      if (lock) finish_record(executor_, home_, paths, outcome);
      return lock.has_value();
    } catch (const Error&) {
      return false;
    }
  }

  void leave_out(const std::string& uuid, const Error& error) {
    const std::string line =
        "the job directory " + job_directory_path(home_, uuid) + " got no row: " + error.what();
    if (std::find(said_.begin(), said_.end(), line) == said_.end()) said_.push_back(line);
  }

  void remove_leftovers(const JobContext& context) {
    const auto wiped = ended_with_private_files(home_, context.store);
    for (const std::string& uuid : wiped) wipe_private_files(JobPaths(job_directory_path(home_, uuid)));
    if (!wiped.empty())
      said_.push_back("the private files of " + counted(wiped.size(), "ended job") + " removed");
    sweep_staging(context);
    purge_expired(context);
  }

  const std::string& home_;
  const std::string path_;
  JobExecutor& executor_;
  const Clock& clock_;
  std::vector<std::string> said_;
  bool built_ = false;
};

}  // namespace

std::vector<std::string> repair_store(const std::string& home, JobExecutor& executor, const Clock& clock) {
  if (!is_directory(home)) return {};
  if (!owns_store(home))
    throw Error(StatusCode::permission_denied,
                "the job store " + home + " is another user's; only that user repairs it");
  if (::access(home.c_str(), W_OK) != 0) throw system_error(errno, "cannot write to the job store " + home);
  return Repair(home, executor, clock).run();
}

std::vector<std::string> directories_without_row(const std::string& home, JobStore& store) {
  std::vector<std::string> uuids;
  if (!is_directory(join_path(home, "jobs"))) return uuids;
  // The directories first: a submit writes the row before the directory is there.
  for (const std::string& name : list_directory(join_path(home, "jobs")))
    if (is_uuid(name) && !has_row(store, name) && is_directory(job_directory_path(home, name), Links::keep))
      uuids.push_back(name);
  return uuids;
}

std::string integrity_fault(JobStore& store) {
  std::string fault;
  try {
    store.database().each("PRAGMA integrity_check(1)", {}, [&](const Database::Row& row) {
      if (row.text(0) != "ok") fault = row.text(0);
    });
    if (!fault.empty()) return fault;
    const std::int64_t unreadable = store.database().integer(
        "SELECT count(*) FROM jobs WHERE NOT json_valid(details) OR NOT json_valid(coalesce(outcome, '{}')) "
        "OR "
        "NOT json_valid(coalesce(progress, '{}')) OR NOT json_valid(coalesce(metrics, '{}')) OR status NOT "
        "BETWEEN 0 AND 4 OR kind NOT BETWEEN 0 AND 1");
    return unreadable == 0 ? "" : std::to_string(unreadable) + " rows cannot be read";
  } catch (const Error& error) {
    if (error.code() == StatusCode::data_loss) return error.what();
    throw;
  }
}

std::vector<std::string> ended_with_private_files(const std::string& home, JobStore& store) {
  std::vector<std::string> uuids;
  if (!is_directory(join_path(home, "jobs"))) return uuids;
  for (const std::string& name : list_directory(join_path(home, "jobs"))) {
    if (!is_uuid(name)) continue;
    const JobPaths paths(job_directory_path(home, name));
    if (!file_status(paths.environment, Links::keep) && !file_status(paths.input, Links::keep)) continue;
    if (store.database().integer("SELECT status FROM jobs WHERE uuid = ?", {name}) >= 2)
      uuids.push_back(name);
  }
  return uuids;
}

}  // namespace ostler
