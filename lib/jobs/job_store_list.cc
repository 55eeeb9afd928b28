#include <algorithm>
#include <array>

#include "lib/base/error.h"
#include "lib/base/strings.h"
#include "lib/jobs/job_store.h"

namespace ostler {

namespace {

// What a selector asks beside the statuses, as the end of a WHERE.
struct Condition {
  std::string sql;
  Database::Cells cells;

  explicit Condition(const JobSelector& selector) {
    if (selector.group) add(" AND job_group = ?", *selector.group);
    for (const auto& [name, value] : selector.tags) {
      sql += " AND sequence IN (SELECT sequence FROM tags WHERE name = ? AND value = ?)";
      cells.insert(cells.end(), {name, value});
    }
    if (selector.kind) add(" AND kind = ?", static_cast<std::int64_t>(*selector.kind));
    if (selector.module_name) add(" AND module_name = ?", *selector.module_name);
    if (selector.save_path)
      add((" AND kind = " + std::to_string(static_cast<int>(JobKind::train)) + " AND target = ?").c_str(),
          *selector.save_path);
    if (selector.since) add(" AND submission_time >= ?", micros(*selector.since));
    if (selector.until) add(" AND submission_time <= ?", micros(*selector.until));
    if (selector.ended_before) add(" AND completion_time < ?", micros(*selector.ended_before));
  }

  static std::int64_t micros(Time time) { return time.time_since_epoch().count(); }
  void add(const char* text, Database::Cell cell) {
    sql += text;
    cells.push_back(std::move(cell));
  }
};

bool wants(const JobSelector& selector, JobStatus status) {
  return selector.statuses.empty() ||
         std::find(selector.statuses.begin(), selector.statuses.end(), status) != selector.statuses.end();
}

std::string status_is(JobStatus status) {
  return "WHERE status = " + std::to_string(static_cast<int>(status));
}

constexpr JobStatus kAll[] = {JobStatus::QUEUED, JobStatus::RUNNING, JobStatus::COMPLETED,
                              JobStatus::CANCELED, JobStatus::ERRORED};
constexpr std::span<const JobStatus> kFinished = std::span(kAll).subspan(2);

// Those of the statuses that the selector wants: "2, 4".
std::string wanted(std::span<const JobStatus> statuses, const JobSelector& selector) {
  std::string list;
  for (const JobStatus status : statuses)
    if (wants(selector, status))
      list += (list.empty() ? "" : ", ") + std::to_string(static_cast<int>(status));
  return list;
}

}  // namespace

std::vector<JobRow> JobStore::active(const JobSelector& selector) {
  const Condition condition(selector);
  std::vector<JobRow> found;
  if (wants(selector, JobStatus::RUNNING))
    found = rows(status_is(JobStatus::RUNNING) + condition.sql + " ORDER BY sequence", condition.cells);
  if (wants(selector, JobStatus::QUEUED)) {
    auto queued = rows(status_is(JobStatus::QUEUED) + condition.sql + " ORDER BY priority DESC, sequence",
                       condition.cells);
    std::move(queued.begin(), queued.end(), std::back_inserter(found));
  }
  return found;
}

namespace {

// The value that jobs are sorted by, as SQL with what it binds.
std::pair<std::string, Database::Cells> sort_key(const std::string& by) {
  constexpr std::pair<std::string_view, const char*> named[] = {{"submission_time", "submission_time"},
                                                                {"start_time", "start_time"},
                                                                {"completion_time", "completion_time"},
                                                                {"duration", "completion_time - start_time"},
                                                                {"status", "status"},
                                                                {"module", "module_name"},
                                                                {"priority", "priority"}};
  for (const auto& [name, column] : named)
    if (by == name) return {column, {}};
  constexpr std::array<std::array<std::string_view, 3>, 3> groups = {
      {{"metric.", "metrics", "$."}, {"param.", "details", "$.parameters."}, {"tag.", "details", "$.tags."}}};
  for (const auto& [prefix, column, path] : groups)
    if (starts_with(by, prefix))
      return {"json_extract(" + std::string(column) + ", ?)",
              {std::string(path) + '"' + by.substr(prefix.size()) + '"'}};
  throw internal_error("jobs cannot be sorted by " + by);
}

}  // namespace

void JobStore::finished_sorted(const JobSelector& selector, const std::function<void(const JobRow&)>& sink) {
  const Condition condition(selector);
  const std::string statuses = wanted(kFinished, selector);
  if (statuses.empty()) return;
  const auto [key, bound] = sort_key(selector.sort->by);
  Database::Cells cells = condition.cells;
  for (int twice = 0; twice < 2; ++twice) cells.insert(cells.end(), bound.begin(), bound.end());
  cells.emplace_back(selector.limit.value_or(-1));
  each_row("SELECT " + columns(selector.brief) + " FROM jobs WHERE status IN (" + statuses + ")" +
               condition.sql + " ORDER BY (" + key + ") IS NULL, " + key +
               (selector.sort->descending ? " DESC" : "") + ", sequence DESC LIMIT ?",
           cells, selector.brief, sink);
}

void JobStore::finished(const JobSelector& selector, const std::function<void(const JobRow&)>& sink) {
  if (selector.sort) return finished_sorted(selector, sink);
  each_of(kFinished, 0, selector, "sequence DESC", selector.limit.value_or(-1), sink);
}

std::vector<JobRow> JobStore::finished_after(std::int64_t sequence, const JobSelector& selector, int limit) {
  std::vector<JobRow> found;
  each_of(kFinished, sequence, selector, "sequence", limit, [&](const JobRow& row) { found.push_back(row); });
  return found;
}

std::vector<JobRow> JobStore::newest(const JobSelector& selector, int limit) {
  std::vector<JobRow> found;
  each_of(kAll, 0, selector, "sequence DESC", limit, [&](const JobRow& row) { found.push_back(row); });
  return found;
}

std::vector<JobRow> JobStore::newest_with_uuid_prefix(const std::string& prefix, const JobSelector& selector,
                                                      int limit) {
  const Condition condition(selector);
  Database::Cells cells = {prefix, prefix + "g"};
  cells.insert(cells.end(), condition.cells.begin(), condition.cells.end());
  cells.emplace_back(std::int64_t{limit});
  std::vector<JobRow> found;
  // The index alone tells which they are; of the rows only those that are wanted are read. "+" keeps the
  // index of statuses out of it.
  each_row("SELECT " + columns(true) +
               " FROM jobs WHERE sequence IN (SELECT sequence FROM jobs WHERE uuid >= ? AND uuid < ?) AND "
               "+status IN (" +
               wanted(kAll, selector) + ")" + condition.sql + " ORDER BY sequence DESC LIMIT ?",
           cells, true, [&](const JobRow& row) { found.push_back(row); });
  return found;
}

std::vector<JobRow> JobStore::with_external_id_prefix(const std::string& prefix, int limit) {
  // From one id to the next: a nightly one may have thousands of runs.
  std::vector<JobRow> found;
  for (std::string last = prefix; static_cast<int>(found.size()) < limit;) {
    const std::string is_next = found.empty() ? "external_id >= ?" : "external_id > ?";
    const std::size_t before = found.size();
    each_row("SELECT " + columns(true) +
                 " FROM jobs WHERE external_id = (SELECT external_id FROM jobs WHERE " + is_next +
                 " ORDER BY external_id LIMIT 1) ORDER BY sequence DESC LIMIT 1",
             {last}, true, [&](const JobRow& row) {
               if (row.external_id->compare(0, prefix.size(), prefix) == 0) found.push_back(row);
             });
    if (found.size() == before) break;
    last = *found.back().external_id;
  }
  return found;
}

bool JobStore::is_newest_of_its_external_id(const JobRow& row) {
  return row.external_id && database_.integer("SELECT max(sequence) FROM jobs WHERE external_id = ?",
                                              {*row.external_id}) == row.sequence;
}

void JobStore::each_of(std::span<const JobStatus> statuses, std::int64_t after, const JobSelector& selector,
                       const char* order, std::int64_t limit,
                       const std::function<void(const JobRow&)>& sink) {
  const Condition condition(selector);
  // Those of each status by the index, merged as they come: one ORDER BY over several statuses would sort
  // them all. Tags and groups have indexes of their own.
  const bool by_status = selector.tags.empty() && !selector.group;
  std::string sql;
  Database::Cells cells;
  for (const JobStatus status : statuses) {
    if (!wants(selector, status)) continue;
    sql += (sql.empty() ? "SELECT " : " UNION ALL SELECT ") + columns(selector.brief) + " FROM jobs " +
           (by_status ? "INDEXED BY jobs_by_status " : "") + status_is(status) + " AND sequence > ?" +
           condition.sql;
    cells.emplace_back(after);
    cells.insert(cells.end(), condition.cells.begin(), condition.cells.end());
  }
  if (sql.empty()) return;
  cells.emplace_back(limit);
  each_row(sql + " ORDER BY " + order + " LIMIT ?", cells, selector.brief, sink);
}

std::int64_t JobStore::count(const JobSelector& selector) {
  // Else the counters know.
  const bool by_row = selector.since || selector.until || selector.ended_before || selector.group ||
                      selector.save_path || !selector.tags.empty();
  const Condition condition(selector);
  std::int64_t total = 0;
  for (int status = 0; status <= static_cast<int>(JobStatus::ERRORED); ++status) {
    if (!wants(selector, static_cast<JobStatus>(status))) continue;
    total += database_.integer(
        std::string(by_row ? "SELECT count(*) FROM jobs " : "SELECT sum(number) FROM counts ") +
            status_is(static_cast<JobStatus>(status)) + condition.sql,
        condition.cells);
  }
  return total;
}

}  // namespace ostler
