#include "lib/jobs/job_store_schema.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "lib/base/clock.h"
#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/base/strings.h"
#include "lib/jobs/store_layout.h"
#include "lib/jobs/test_point.h"

namespace ostler {

namespace {

constexpr char kJobs[] = R"sql(
CREATE TABLE jobs (
  sequence         INTEGER PRIMARY KEY,       -- the order of submission; the clock may be set back
  uuid             TEXT    NOT NULL UNIQUE,   -- of this run, and the name of its directory
  external_id      TEXT,                      -- the user's --id; several runs may have had it, one at a time
  kind             INTEGER NOT NULL,          -- JobKind
  instance         TEXT    NOT NULL,          -- of the trainer or predictor
  executor         TEXT    NOT NULL,          -- LOCAL
  module_name      TEXT    NOT NULL,
  status           INTEGER NOT NULL,          -- JobStatus; see lib/core/job.h for the legal moves
  reason           INTEGER NOT NULL DEFAULT 0,-- JobReason
  attempt          INTEGER NOT NULL DEFAULT 0,-- starts so far
  failed_starts    INTEGER NOT NULL DEFAULT 0,-- that did not get as far as RUNNING
  cancel_requested INTEGER NOT NULL DEFAULT 0,
  waiting_for      INTEGER NOT NULL DEFAULT 0,-- jobs that must complete first
  priority         INTEGER NOT NULL DEFAULT 0,-- larger is earlier
  lane             TEXT    NOT NULL,          -- kind and instance: what max_concurrent counts
  max_concurrent   INTEGER NOT NULL DEFAULT 0,-- of the lane, as configured at submit; 0: no limit
  cpus             INTEGER NOT NULL DEFAULT 1,
  gpus             INTEGER NOT NULL DEFAULT 0,
  submission_time  INTEGER NOT NULL,          -- times: microseconds since 1970, UTC
  start_time       INTEGER,
  completion_time  INTEGER,
  host             TEXT    NOT NULL DEFAULT '',
  details          TEXT    NOT NULL,          -- JSON: the part of spec.json that is shown
  outcome          TEXT                       -- JSON: outcome.json, once terminal
);

-- Newest of a status, running ones, and counts by time without touching the rows.
CREATE INDEX jobs_by_status ON jobs (status, sequence, submission_time, kind);

-- The queue. Its first column pair tells the lanes apart, so that a lane at its limit is skipped in one step.
CREATE INDEX jobs_queue ON jobs (lane, max_concurrent, priority DESC, sequence)
  WHERE status = 0 AND waiting_for = 0 AND cancel_requested = 0;

-- Queued jobs that may have ended without the row's knowing.
CREATE INDEX jobs_marked ON jobs (sequence) WHERE status = 0 AND (cancel_requested OR failed_starts > 0);

CREATE INDEX jobs_by_external_id ON jobs (external_id, sequence) WHERE external_id IS NOT NULL;
-- One active job an external id, whoever races.
CREATE UNIQUE INDEX jobs_active_external_id ON jobs (external_id) WHERE external_id IS NOT NULL AND status < 2;

-- How many there are of each, so that a total needs no scan of the finished ones.
CREATE TABLE counts (
  status      INTEGER NOT NULL,
  kind        INTEGER NOT NULL,
  module_name TEXT    NOT NULL,
  number      INTEGER NOT NULL,
  PRIMARY KEY (status, kind, module_name)
) WITHOUT ROWID;
CREATE TRIGGER jobs_inserted AFTER INSERT ON jobs BEGIN
  INSERT INTO counts VALUES (new.status, new.kind, new.module_name, 1)
    ON CONFLICT DO UPDATE SET number = number + 1;
END;
CREATE TRIGGER jobs_moved AFTER UPDATE OF status ON jobs WHEN old.status <> new.status BEGIN
  UPDATE counts SET number = number - 1
    WHERE status = old.status AND kind = old.kind AND module_name = old.module_name;
  INSERT INTO counts VALUES (new.status, new.kind, new.module_name, 1)
    ON CONFLICT DO UPDATE SET number = number + 1;
END;
CREATE TRIGGER jobs_deleted AFTER DELETE ON jobs BEGIN
  UPDATE counts SET number = number - 1
    WHERE status = old.status AND kind = old.kind AND module_name = old.module_name;
END;
)sql";

// What a table of jobs shows beside the columns above, so that a list of many parses no JSON but the
// metrics'.
constexpr char kTableColumns[] = R"sql(
ALTER TABLE jobs ADD COLUMN target TEXT NOT NULL DEFAULT '';  -- training: the save path; prediction: the model
ALTER TABLE jobs ADD COLUMN progress TEXT;                    -- JSON, as in the outcome, once terminal
ALTER TABLE jobs ADD COLUMN metrics TEXT;                     -- JSON, as in the outcome, once terminal
UPDATE jobs SET
  target = coalesce(iif(kind = 0, details ->> '$.save_path', details ->> '$.model'), ''),
  progress = outcome -> '$.progress', metrics = outcome -> '$.metrics';
)sql";

// What is to be purged, and when, in one step of an index that holds only jobs with a retention.
constexpr char kRetention[] = R"sql(
ALTER TABLE jobs ADD COLUMN retention INTEGER;  -- microseconds after completion_time; NULL: kept for ever
CREATE INDEX jobs_by_expiry ON jobs (completion_time + retention) WHERE retention IS NOT NULL;
)sql";

// Dependencies, tags, groups, gpus, and jobs that are queued again.
constexpr char kQueueing[] = R"sql(
ALTER TABLE jobs ADD COLUMN job_group TEXT;                           -- of jobs that belong together
ALTER TABLE jobs ADD COLUMN gpu_devices TEXT NOT NULL DEFAULT '';     -- given at the start: "0,1"
ALTER TABLE jobs ADD COLUMN requeues_left INTEGER NOT NULL DEFAULT 0; -- once lost: queued again so many times
ALTER TABLE jobs ADD COLUMN failed_dependency TEXT;                   -- the first that did not complete: its uuid
CREATE INDEX jobs_by_group ON jobs (job_group, sequence) WHERE job_group IS NOT NULL;

DROP INDEX jobs_marked;
CREATE INDEX jobs_marked ON jobs (sequence)
  WHERE status = 0 AND (cancel_requested OR failed_starts > 0 OR failed_dependency IS NOT NULL);

-- What a job that has not ended was submitted to run after. Kept until it has ended, so that nothing that it
-- needs is purged.
CREATE TABLE dependencies (
  needed  TEXT    NOT NULL,  -- a uuid
  waiting INTEGER NOT NULL,  -- a sequence
  PRIMARY KEY (needed, waiting)
) WITHOUT ROWID;
CREATE INDEX dependencies_of ON dependencies (waiting);

CREATE TABLE tags (
  name     TEXT    NOT NULL,
  value    TEXT    NOT NULL,
  sequence INTEGER NOT NULL,
  PRIMARY KEY (name, value, sequence)
) WITHOUT ROWID;
CREATE INDEX tags_of ON tags (sequence);
CREATE TRIGGER tags_deleted AFTER DELETE ON jobs BEGIN DELETE FROM tags WHERE sequence = old.sequence; END;
)sql";

// Whatever a selector asks for is answered by the index alone, so that a million rows that do not match are
// not read.
constexpr char kSelectorIndex[] = R"sql(
DROP INDEX jobs_by_status;
CREATE INDEX jobs_by_status ON jobs (status, sequence, submission_time, completion_time, kind, module_name);
)sql";

constexpr Migration kMigrations[] = {
    {"jobs", kJobs},         {"table_columns", kTableColumns},   {"retention", kRetention},
    {"queueing", kQueueing}, {"selector_index", kSelectorIndex},
};

}  // namespace

std::span<const Migration> job_store_migrations() { return kMigrations; }

void migrate(Database& database, const std::string& path, std::span<const Migration> migrations) {
  const auto known = static_cast<std::int64_t>(migrations.size());
  const auto version = [&] {
    const std::int64_t taken = database.integer("PRAGMA user_version");
    if (taken > known)
      throw Error(StatusCode::failed_precondition,
                  "the job store " + path + " was written by a newer ostler (its schema is " +
                      std::to_string(taken) + ", this one knows " + std::to_string(known) +
                      "); use that version, or another --home");
    return taken;
  };
  while (version() < known) {
    database.in_transaction([&] {
      const std::int64_t step = version();  // again: another process may have taken it meanwhile
      if (step >= known) return;
      const Migration& migration = migrations[static_cast<std::size_t>(step)];
      if (step == 0)
        database.script(
            "CREATE TABLE migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, "
            "applied INTEGER NOT NULL)");
      database.script(migration.sql);
      database.script("INSERT INTO migrations VALUES (" + std::to_string(step + 1) + ", '" + migration.name +
                      "', " + std::to_string(Clock::system().now().time_since_epoch().count()) + ")");
      database.script("PRAGMA user_version = " + std::to_string(step + 1));
    });
  }
}

bool create_job_store(const std::string& path, const std::function<void(const std::string&)>& fill) {
  const std::string home = parent_path(path);
  const std::string staging = staging_directory_path(home, make_uuid4());
  const std::string made = join_path(staging, "jobs.db");
  const bool was_there = file_status(parent_path(staging)).has_value();
  try {
    make_directories(staging, 0700);
    // As a submit does, tells sweep_staging that somebody is at it.
    const UniqueFd alive = open_file(staging, O_RDONLY | O_DIRECTORY);
    ::flock(alive.get(), LOCK_EX | LOCK_NB);
    // SQLite gives its log and shared memory the file's own mode.
    open_file(made, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    {
      Database database(made, Database::Checkpoints::yes);
      database.integer("PRAGMA journal_mode = WAL");
      migrate(database, path, job_store_migrations());
      database.fold_log_in();
    }
    test_point("store:made");
    if (fill) fill(made);
    // link(2) and not rename(2): a store that somebody made meanwhile stays.
    const bool first = ::link(made.c_str(), path.c_str()) == 0;
    if (!first && errno != EEXIST) throw system_error(errno, "cannot make the job store " + path);
    remove_tree(staging);
    fsync_directory(home);
    return first;
  } catch (...) {
    remove_tree(staging);
    if (!was_there) ::rmdir(parent_path(staging).c_str());  // only when it is empty
    throw;
  }
}

}  // namespace ostler
