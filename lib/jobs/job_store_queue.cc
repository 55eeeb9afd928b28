#include <map>

#include "lib/jobs/job_store.h"

namespace ostler {

namespace {

// The conditions of the partial index jobs_queue, word for word: SQLite uses it for nothing else.
constexpr char kInQueue[] = "status = 0 AND waiting_for = 0 AND cancel_requested = 0";

struct Lane {
  std::string name;
  std::int64_t limit = 0;
};

struct Running {
  std::map<std::string, std::int64_t> jobs;  // by lane
  std::int64_t cpus = 0;
  bool any = false;
};

struct Head {
  std::string uuid, executor;
  std::int64_t sequence = 0, priority = 0, cpus = 0;
};

Running count_running(Database& database) {
  Running running;
  database.each("SELECT lane, cpus FROM jobs WHERE status = 1", {}, [&](const Database::Row& row) {
    ++running.jobs[row.text(0)];
    running.cpus += row.integer(1);
    running.any = true;
  });
  return running;
}

// The lanes that have queued jobs, a step of the index each, however long their queues are. Jobs of one
// instance that were submitted under different limits are lanes of their own here.
std::vector<Lane> lanes_with_queue(Database& database) {
  std::vector<Lane> lanes;
  Lane last;
  const std::string next = std::string("SELECT lane, max_concurrent FROM jobs WHERE ") + kInQueue +
                           " AND (lane, max_concurrent) > (?, ?) ORDER BY lane, max_concurrent LIMIT 1";
  for (std::int64_t limit = -1;;) {
    bool found = false;
    database.each(next, {last.name, limit}, [&](const Database::Row& row) {
      last = {row.text(0), row.integer(1)};
      found = true;
    });
    if (!found) return lanes;
    lanes.push_back(last);
    limit = last.limit;
  }
}

std::optional<Head> head_of(Database& database, const Lane& lane, const std::vector<std::string>& skip) {
  std::string sql = std::string("SELECT uuid, executor, sequence, priority, cpus FROM jobs WHERE ") +
                    kInQueue + " AND lane = ? AND max_concurrent = ?";
  Database::Cells cells = {lane.name, lane.limit};
  for (const std::string& uuid : skip) {
    sql += " AND uuid <> ?";
    cells.emplace_back(uuid);
  }
  std::optional<Head> head;
  database.each(sql + " ORDER BY priority DESC, sequence LIMIT 1", cells, [&](const Database::Row& row) {
    head = Head{row.text(0), row.text(1), row.integer(2), row.integer(3), row.integer(4)};
  });
  return head;
}

}  // namespace

std::optional<JobStore::Next> JobStore::next_eligible(int pool_cpus, const std::vector<std::string>& skip) {
  const std::vector<Lane> lanes = lanes_with_queue(database_);
  if (lanes.empty()) return std::nullopt;
  const Running running = count_running(database_);
  std::optional<Head> first;
  for (const Lane& lane : lanes) {
    const auto count = running.jobs.find(lane.name);
    if (lane.limit > 0 && count != running.jobs.end() && count->second >= lane.limit) continue;
    const auto head = head_of(database_, lane, skip);
    if (!head) continue;
    if (!first || head->priority > first->priority ||
        (head->priority == first->priority && head->sequence < first->sequence))
      first = head;
  }
  if (!first) return std::nullopt;
  return Next{first->uuid, first->executor, !running.any || running.cpus + first->cpus <= pool_cpus};
}

bool JobStore::has_queue() {
  return database_.integer(std::string("SELECT 1 FROM jobs WHERE ") + kInQueue + " LIMIT 1") == 1;
}

JobStore::Claim JobStore::claim(const std::string& uuid, int pool_cpus, const std::vector<std::string>& skip,
                                Time now, const std::string& host) {
  Claim result = Claim::taken;
  database_.in_transaction([&] {
    const std::string queued = std::string("SELECT count(*) FROM jobs WHERE uuid = ? AND ") + kInQueue;
    if (database_.integer(queued, {uuid}) == 0) return;
    const auto next = next_eligible(pool_cpus, skip);
    if (!next) {
      result = Claim::no_room;
    } else if (next->uuid != uuid) {
      result = Claim::not_first;
    } else if (!next->fits) {
      result = Claim::no_room;
    } else {
      // A clock that was set back since the submit must not make the job start before it was submitted.
      database_.run(
          "UPDATE jobs SET status = 1, attempt = attempt + 1, start_time = max(?, submission_time), "
          "host = ? WHERE uuid = ?",
          {static_cast<std::int64_t>(now.time_since_epoch().count()), host, uuid});
      result = Claim::claimed;
    }
  });
  return result;
}

}  // namespace ostler
