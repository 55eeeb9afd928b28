#include "lib/base/error.h"
#include "lib/jobs/cells.h"
#include "lib/jobs/job_store.h"

namespace ostler {

bool JobStore::request_cancel(const std::string& uuid) {
  bool active = false;
  database_.in_transaction([&] {
    active = database_.run("UPDATE jobs SET cancel_requested = 1 WHERE uuid = ? AND status < 2", {uuid}) > 0;
  });
  return active;
}

int JobStore::count_failed_start(const std::string& uuid) {
  int count = 0;
  database_.in_transaction([&] {
    database_.run("UPDATE jobs SET failed_starts = failed_starts + 1 WHERE uuid = ? AND status = 0", {uuid});
    count = static_cast<int>(database_.integer("SELECT failed_starts FROM jobs WHERE uuid = ?", {uuid}));
  });
  return count;
}

bool JobStore::begin_attempt(const std::string& uuid, int last_attempt) {
  bool changed = false;
  database_.in_transaction([&] {
    changed =
        database_.run("UPDATE jobs SET attempt = attempt + 1 WHERE uuid = ? AND attempt = ? AND status = 1",
                      {uuid, cell(last_attempt)}) > 0;
  });
  return changed;
}

bool JobStore::requeue(const std::string& uuid, int attempt) {
  bool changed = false;
  database_.in_transaction([&] {
    changed = database_.run(
                  "UPDATE jobs SET status = 0, requeues_left = requeues_left - 1, start_time = NULL, "
                  "gpu_devices = '', failed_starts = 0 WHERE uuid = ? AND attempt = ? AND status = 1 AND "
                  "requeues_left > 0",
                  {uuid, cell(attempt)}) > 0;
  });
  return changed;
}

namespace {

// Marks all that will never start once ?1 did not complete: what waits for it, what waits for those, and so
// on, each with the one that it waits for itself. (Of two such it has one.) At most so many that others do
// not wait long for this transaction: what is below the last ones is marked when these are concluded.
constexpr char kMarkWaiting[] = R"sql(
WITH RECURSIVE doomed (sequence, uuid, failed) AS (
  SELECT ?1, ?2, NULL
  UNION
  SELECT jobs.sequence, jobs.uuid, doomed.uuid
    FROM doomed CROSS JOIN dependencies ON needed = doomed.uuid CROSS JOIN jobs ON jobs.sequence = waiting
    WHERE status = 0 AND failed_dependency IS NULL
  LIMIT 1500
)
UPDATE jobs SET failed_dependency = failed FROM doomed
  WHERE jobs.sequence = doomed.sequence AND failed IS NOT NULL
)sql";

}  // namespace

// Within the transaction in which a job has ended.
void JobStore::tell_waiting(const std::string& uuid, JobStatus status) {
  if (database_.integer("SELECT EXISTS (SELECT 1 FROM dependencies)") == 0) return;
  const std::int64_t sequence = database_.integer("SELECT sequence FROM jobs WHERE uuid = ?", {uuid});
  if (status == JobStatus::COMPLETED)
    database_.run(
        "UPDATE jobs SET waiting_for = waiting_for - 1 WHERE status = 0 AND sequence IN (SELECT waiting FROM "
        "dependencies WHERE needed = ?)",
        {uuid});
  else
    database_.run(kMarkWaiting, {sequence, uuid});
  database_.run("DELETE FROM dependencies WHERE waiting = ?", {sequence});
}

bool JobStore::finish(const std::string& uuid, int attempt, JobStatus from, const Outcome& outcome) {
  // A row that is still QUEUED while the record says COMPLETED is one that was put back (a restored store).
  const bool is_end = is_terminal(outcome.status) && is_legal_move(JobStatus::RUNNING, outcome.status);
  if (is_terminal(from) || !is_end)
    throw internal_error("job " + uuid + " cannot become " + std::string(job_status_name(outcome.status)) +
                         " from " + std::string(job_status_name(from)));
  Value progress = outcome.progress;
  progress.erase("metrics");  // `metrics` has them, and a list parses both
  bool changed = false;
  database_.in_transaction([&] {
    changed = database_.run(
                  "UPDATE jobs SET status = ?, reason = ?, start_time = coalesce(?, start_time), "
                  "completion_time = ?, outcome = ?, progress = ?, metrics = ? WHERE uuid = ? AND attempt = "
                  "? AND status = ?",
                  {cell(static_cast<int>(outcome.status)), cell(static_cast<int>(outcome.reason)),
                   cell(outcome.start_time), cell(outcome.completion_time), to_json(to_value(outcome)),
                   json_cell(progress), json_cell(outcome.metrics), uuid, cell(attempt),
                   cell(static_cast<int>(from))}) > 0;
    if (changed) tell_waiting(uuid, outcome.status);
  });
  return changed;
}

}  // namespace ostler
