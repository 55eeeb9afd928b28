#include <algorithm>
#include <map>

#include "lib/jobs/cells.h"
#include "lib/jobs/job_store.h"

namespace ostler {

namespace {

// Reads the partial index jobs_queue, whose conditions these are word for word. Named, since SQLite would
// rather look through all queued jobs by their status.
constexpr char kFromQueue[] =
    " FROM jobs INDEXED BY jobs_queue WHERE status = 0 AND waiting_for = 0 AND cancel_requested = 0";

struct Lane {
  std::string name;
  std::int64_t limit = 0;
};

struct Running {
  std::map<std::string, std::int64_t> jobs;  // by lane
  std::int64_t cpus = 0;
  std::vector<int> gpus;
  bool any = false;
};

struct Head {
  std::string uuid, executor;
  std::int64_t sequence = 0, priority = 0, cpus = 0, gpus = 0;
};

Running count_running(Database& database) {
  Running running;
  database.each("SELECT lane, cpus, gpu_devices FROM jobs WHERE status = 1", {},
                [&](const Database::Row& row) {
                  ++running.jobs[row.text(0)];
                  running.cpus += row.integer(1);
                  for (const int gpu : gpus_from(row.text(2))) running.gpus.push_back(gpu);
                  running.any = true;
                });
  return running;
}

// The lanes that have queued jobs, a step of the index each, however long their queues are. Jobs of one
// instance that were submitted under different limits are lanes of their own here.
std::vector<Lane> lanes_with_queue(Database& database) {
  // Two steps and not one comparison of pairs, which SQLite would answer by walking through the lane's whole
  // queue.
  const std::string columns = std::string("SELECT lane, max_concurrent") + kFromQueue;
  const std::string same_name =
      columns + " AND lane = ? AND max_concurrent > ? ORDER BY max_concurrent LIMIT 1";
  const std::string next_name = columns + " AND lane > ? ORDER BY lane, max_concurrent LIMIT 1";
  std::vector<Lane> lanes;
  std::optional<Lane> found;
  const auto keep = [&](const Database::Row& row) { found = Lane{row.text(0), row.integer(1)}; };
  for (Lane last;; last = *found) {
    found.reset();
    if (!lanes.empty()) database.each(same_name, {last.name, last.limit}, keep);
    if (!found) database.each(next_name, {last.name}, keep);
    if (!found) return lanes;
    lanes.push_back(*found);
  }
}

std::optional<Head> head_of(Database& database, const Lane& lane, const std::vector<std::string>& skip) {
  std::string sql = std::string("SELECT uuid, executor, sequence, priority, cpus, gpus") + kFromQueue +
                    " AND lane = ? AND max_concurrent = ?";
  Database::Cells cells = {lane.name, lane.limit};
  for (const std::string& uuid : skip) {
    sql += " AND uuid <> ?";
    cells.emplace_back(uuid);
  }
  std::optional<Head> head;
  database.each(sql + " ORDER BY priority DESC, sequence LIMIT 1", cells, [&](const Database::Row& row) {
    head = Head{row.text(0), row.text(1), row.integer(2), row.integer(3), row.integer(4), row.integer(5)};
  });
  return head;
}

// The first `wanted` of the pool's that are in nobody's hands, or as many as there are.
std::vector<int> free_gpus(const Pool& pool, const std::vector<int>& taken, std::size_t wanted) {
  std::vector<int> free;
  for (const int gpu : pool_gpus(pool))
    if (free.size() < wanted && std::find(taken.begin(), taken.end(), gpu) == taken.end())
      free.push_back(gpu);
  return free;
}

}  // namespace

std::optional<JobStore::Next> JobStore::next_eligible(const Pool& pool,
                                                      const std::vector<std::string>& skip) {
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
  // Where nothing runs it fits, even into a pool that has become smaller since it was submitted; gpus that
  // are not there at all are found out about when it starts.
  Next next{first->uuid, first->executor, !running.any || running.cpus + first->cpus <= pool_cpus(pool)};
  if (first->gpus > 0) {
    next.gpus = free_gpus(pool, running.gpus, static_cast<std::size_t>(first->gpus));
    next.fits = next.fits && (!running.any || next.gpus.size() == static_cast<std::size_t>(first->gpus));
  }
  return next;
}

bool JobStore::has_queue() { return database_.integer("SELECT 1 FROM jobs WHERE status = 0 LIMIT 1") == 1; }

JobStore::Claim JobStore::claim(const std::string& uuid, const Pool& pool,
                                const std::vector<std::string>& skip, Time now, const std::string& host) {
  Claim result = Claim::taken;
  database_.in_transaction([&] {
    constexpr char kQueued[] =
        "SELECT count(*) FROM jobs WHERE uuid = ? AND status = 0 AND waiting_for = 0 AND cancel_requested = "
        "0";
    if (database_.integer(kQueued, {uuid}) == 0) return;
    const auto next = next_eligible(pool, skip);
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
          "host = ?, gpu_devices = ? WHERE uuid = ?",
          {cell(now), host, gpu_list(next->gpus), uuid});
      result = Claim::claimed;
    }
  });
  return result;
}

void JobStore::restore_start(const std::string& uuid, const JobStart& start) {
  database_.in_transaction([&] {
    database_.run(
        "UPDATE jobs SET status = 1, attempt = ?, start_time = max(?, submission_time), host = ?, "
        "gpu_devices = ?, requeues_left = coalesce(?, requeues_left) WHERE uuid = ? AND status = 0",
        {cell(start.attempt), cell(start.time), start.host, start.gpu_devices,
         start.requeues_left ? cell(*start.requeues_left) : Database::Cell(), uuid});
  });
}

}  // namespace ostler
