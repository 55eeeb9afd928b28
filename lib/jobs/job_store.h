#pragma once

// The index of all jobs: <home>/jobs.db. The job directories are the record; whatever a row says of an end
// was written into the job's outcome.json before. Each call is one statement or one transaction; nothing is
// spawned, locked or read from files inside one. Thread-safe. Failures: see database.h.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/core/job.h"
#include "lib/jobs/database.h"
#include "lib/jobs/job_directory.h"
#include "lib/jobs/job_engine.h"
#include "lib/jobs/job_spec.h"
#include "lib/jobs/pool.h"

namespace ostler {

struct JobRow {
  std::int64_t sequence = 0;  // the order of submission, whatever the clock said
  std::string uuid;
  std::optional<std::string> external_id;
  JobKind kind = JobKind::train;
  std::string instance, executor, module_name;
  int priority = 0, cpus = 1, gpus = 0;
  JobStatus status = JobStatus::QUEUED;
  JobReason reason = JobReason::none;
  int attempt = 0, failed_starts = 0, requeues_left = 0;
  int waiting_for = 0;      // jobs that have not completed yet
  std::string gpu_devices;  // "0,1", once started
  std::string
      failed_dependency;  // the uuid of a job that it waited for and that did not complete; empty: none
  std::string group;
  bool cancel_requested = false;
  Time submission_time{};
  std::optional<Time> start_time, completion_time;
  std::string host;
  std::string target;       // a training's save path (empty: in the job's directory), a prediction's model
  Value progress, metrics;  // the outcome's, once terminal (the progress without its metrics); else null
  Value details;            // what `status` shows of spec.json: details_of(); null where it was not asked for
  Value outcome;            // outcome.json, once terminal; null where it was not asked for
};

// The part of a specification that is kept in the row, so that a look at many jobs opens no file.
Value details_of(const JobSpec& spec);

class JobStore {
 public:
  static std::string path_in(const std::string& home);
  // Null where there is no store. data_loss: it is damaged, or missing while jobs' directories are there
  // (repair.h); failed_precondition: of a newer version, on a network file system, or with links in it.
  static std::unique_ptr<JobStore> open(const std::string& home, Database::Checkpoints checkpoints);
  // To look only, without waiting: null also where it is an older one that nobody has brought up to date yet.
  static std::unique_ptr<JobStore> open_to_peek(const std::string& home);
  // Makes the home (0700) and an empty store where there is none.
  static std::unique_ptr<JobStore> open_or_create(const std::string& home, Database::Checkpoints checkpoints);

  explicit JobStore(const std::string& path, Database::Checkpoints checkpoints,
                    Database::Access access = Database::Access::write);
  Database& database() { return database_; }

  // What the newest run of a specification's external id is to a submit: nothing, the job to give instead, or
  // in the way.
  enum class Standing { none, instead, in_the_way };
  static Standing standing(const JobRow& newest, const JobSpec& spec, IfExists if_exists);
  // QUEUED, in one transaction with the look at the external id's newest run. When that one stands instead or
  // in the way, nothing is written; in the way without `replace` is already_exists, naming it.
  struct Inserted {
    Standing standing = Standing::none;
    std::string other;  // its uuid
  };
  enum class Missing { is_error, has_failed };  // a job of `spec.after` that is not there
  Inserted insert(const JobSpec& spec, IfExists if_exists = IfExists::fail,
                  Missing missing = Missing::is_error);
  std::optional<JobRow> find(const std::string& uuid);
  std::optional<JobRow> newest_of(const std::string& external_id);
  std::vector<std::string> uuids_with_prefix(const std::string& prefix, int limit);
  std::vector<JobRow> running();
  // Queued ones that a cancel, a failed start or a failed dependency has touched: they alone may have ended
  // without the row's knowing.
  std::vector<JobRow> queued_with_marks();

  // For a row that is put back from its job's directory: QUEUED becomes RUNNING, as its runner had claimed
  // it.
  void restore_start(const std::string& uuid, const JobStart& start);

  // False when the job is terminal.
  bool request_cancel(const std::string& uuid);
  // How often the start of this queued job has failed by now.
  int count_failed_start(const std::string& uuid);
  // A further attempt of a running job begins; false when the row has moved on.
  bool begin_attempt(const std::string& uuid, int last_attempt);
  // A running job that was lost is queued again; false when the row has moved on, or may not be.
  bool requeue(const std::string& uuid, int attempt);
  // The row catches up with the record: `from` and `attempt` are as the caller saw them; false when they have
  // moved on. Jobs that waited for it are told: they may start, or are marked (queued_with_marks).
  bool finish(const std::string& uuid, int attempt, JobStatus from, const Outcome& outcome);

  // Purging. Jobs whose retention is over, the longest ago first.
  std::vector<std::string> expired(Time now, int limit);
  bool is_expired(const std::string& uuid, Time now);
  // Those that no job waits for.
  std::vector<std::string> not_needed(const std::vector<std::string>& uuids);
  // Removes the rows of jobs that have ended; others stay.
  void remove(const std::vector<std::string>& uuids);

  // The queue (job_store_queue.cc). Eligible: queued, waiting for no other job, no cancel asked for, and its
  // instance runs fewer jobs than the limit in the job's own row. The first eligible one is that of the
  // highest priority, then the oldest; it is never overtaken for want of room. `skip`: uuids that the caller
  // has tried in vain.
  struct Next {
    std::string uuid;
    std::string executor;
    bool fits = false;           // there is room in the pool, or nothing runs
    std::vector<int> gpus = {};  // that it would be given
  };
  std::optional<Next> next_eligible(const Pool& pool, const std::vector<std::string>& skip = {});
  // True while any job could become eligible once others end, or are seen to have ended.
  bool has_queue();
  // Sets RUNNING, when the job is still the first eligible one and fits. The caller holds the job's lock.
  enum class Claim { claimed, not_first, no_room, taken };
  Claim claim(const std::string& uuid, const Pool& pool, const std::vector<std::string>& skip, Time now,
              const std::string& host);

  // Lists (job_store_list.cc). Active: running ones by age, then queued ones in their order. Finished: newest
  // first, or as selector.sort says, given to the sink one by one, which must not use the store.
  std::vector<JobRow> active(const JobSelector& selector);
  void finished(const JobSelector& selector, const std::function<void(const JobRow&)>& sink);
  std::int64_t count(const JobSelector& selector);
  // The next ones of those that have ended, in the order of submission.
  std::vector<JobRow> finished_after(std::int64_t sequence, const JobSelector& selector, int limit);
  std::vector<JobRow> history(const std::string& external_id);

  // For completions (job_store_list.cc), at most so many rows, without their documents: those of a selector's
  // statuses and kind, the newest first, also of those alone whose uuid begins with the prefix; the newest
  // run of each external id that begins with it, by external id. A few steps in an index each.
  std::vector<JobRow> newest(const JobSelector& selector, int limit);
  std::vector<JobRow> newest_with_uuid_prefix(const std::string& prefix, const JobSelector& selector,
                                              int limit);
  std::vector<JobRow> with_external_id_prefix(const std::string& prefix, int limit);
  bool is_newest_of_its_external_id(const JobRow& row);

 private:
  static std::string columns(bool brief);
  // `sql` selects columns(brief).
  void each_row(const std::string& sql, const Database::Cells& cells, bool brief,
                const std::function<void(const JobRow&)>& sink);
  std::vector<JobRow> rows(const std::string& condition_and_order, const Database::Cells& cells);
  std::pair<std::int64_t, std::optional<std::string>> standing_of_dependencies(
      const std::vector<std::string>& needed, Missing missing);
  void tell_waiting(const std::string& uuid, JobStatus status);
  void finished_sorted(const JobSelector& selector, const std::function<void(const JobRow&)>& sink);
  void each_of(std::span<const JobStatus> statuses, std::int64_t after, const JobSelector& selector,
               const char* order, std::int64_t limit, const std::function<void(const JobRow&)>& sink);

  std::string path_;
  Database database_;
};

}  // namespace ostler
