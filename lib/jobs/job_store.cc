#include "lib/jobs/job_store.h"

#include <sys/stat.h>
#include <unistd.h>

#include <set>

#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/jobs/cells.h"
#include "lib/jobs/job_store_schema.h"
#include "lib/jobs/store_layout.h"

namespace ostler {

namespace {

constexpr char kColumns[] =
    "sequence, uuid, external_id, kind, instance, executor, module_name, priority, cpus, gpus, status, "
    "reason, "
    "attempt, failed_starts, cancel_requested, submission_time, start_time, completion_time, host, target, "
    "progress, metrics, job_group, gpu_devices, requeues_left, failed_dependency, "
    "waiting_for";
constexpr char kDocuments[] = ", details, outcome";

Time time_from(std::int64_t microseconds) { return Time(Duration(microseconds)); }

JobRow row_from(const Database::Row& row, bool brief) {
  const auto optional_time = [&](int column) {
    return row.is_null(column) ? std::nullopt : std::optional(time_from(row.integer(column)));
  };
  const auto number = [&](int column) { return static_cast<int>(row.integer(column)); };
  const auto among = [&](int column, auto last) {
    using Enum = decltype(last);
    const std::int64_t value = row.integer(column);
    if (value < 0 || value > static_cast<std::int64_t>(last))
      throw invalid_argument("the row of job " + row.text(1) + " is not readable");
    return static_cast<Enum>(value);
  };
  JobRow job;
  job.sequence = row.integer(0);
  job.uuid = row.text(1);
  if (!row.is_null(2)) job.external_id = row.text(2);
  job.kind = among(3, JobKind::predict);
  job.instance = row.text(4);
  job.executor = row.text(5);
  job.module_name = row.text(6);
  job.priority = number(7);
  job.cpus = number(8);
  job.gpus = number(9);
  job.status = among(10, JobStatus::ERRORED);
  job.reason = among(11, JobReason::user);
  job.attempt = number(12);
  job.failed_starts = number(13);
  job.cancel_requested = row.integer(14) != 0;
  job.submission_time = time_from(row.integer(15));
  job.start_time = optional_time(16);
  job.completion_time = optional_time(17);
  job.host = row.text(18);
  const auto document = [&](int column) {
    return row.is_null(column) ? Value() : parse_json(row.text(column), "job " + job.uuid);
  };
  job.target = row.text(19);
  job.progress = document(20);
  job.metrics = document(21);
  job.group = row.text(22);
  job.gpu_devices = row.text(23);
  job.requeues_left = number(24);
  job.failed_dependency = row.text(25);
  job.waiting_for = number(26);
  if (brief) return job;
  job.details = document(27);
  job.outcome = document(28);
  return job;
}

void refuse_network_file_system(const std::string& home) {
  if (const auto name = network_file_system(home))
    throw Error(
        StatusCode::failed_precondition,
        "the job store " + home + " is on a network file system (" + *name +
            "), where its locks cannot be relied on; name a local directory with --home or OSTLER_HOME");
}

}  // namespace

Value details_of(const JobSpec& spec) {
  Value details = Value::object();
  details["id"] = spec.id;
  details["module_id"] = spec.module.module_id;
  details["module_version"] = spec.module.version;
  details["model"] = spec.model_as_given;
  details["save_path"] = spec.save_path;
  details["working_directory"] = spec.working_directory;
  details["parameters"] = spec.parameters;
  details["data"] = Value::array();
  for (const DataFile& file : spec.data) details["data"].push_back(file.path);
  if (spec.validation_fraction > 0)
    details["validation"] = Value::object({{"fraction", spec.validation_fraction}});
  for (const DataFile& file : spec.validation) details["validation"]["data"].push_back(file.path);
  for (const std::string& condition : spec.require) details["require"].push_back(condition);
  if (!spec.keep_best.empty()) details["keep_best"] = spec.keep_best;
  details["command"] = spec.command;
  details["tags"] = spec.tags;
  if (!spec.after.empty()) details["after"] = Value::array();
  for (const std::string& uuid : spec.after) details["after"].push_back(uuid);
  if (spec.retries > 0) details["retries"] = spec.retries;
  if (spec.max_requeues > 0) details["max_requeues"] = spec.max_requeues;
  if (spec.time_limit) details["time_limit"] = seconds(*spec.time_limit);
  return details;
}

std::string JobStore::path_in(const std::string& home) { return join_path(home, "jobs.db"); }

std::unique_ptr<JobStore> JobStore::open(const std::string& home, Database::Checkpoints checkpoints) {
  const std::string path = path_in(home);
  check_layout(home);
  auto file = file_status(path, Links::keep);
  if (!file) {
    if (file_status(home) && !is_directory(home))
      throw Error(StatusCode::failed_precondition, "the store " + home + " is no directory");
    // A store that has jobs, or a log, had a database: an empty one in its place would have lost them. Looked
    // at again, since the first submit may have made it just now.
    const bool had_one = has_job_directories(home) || file_status(path + "-wal", Links::keep);
    if (had_one) file = file_status(path, Links::keep);
    if (had_one && !file) throw missing_store(path);
    if (!file) return nullptr;
  }
  if (file->type != FileStatus::Type::file)
    throw damaged_store(path, file->type == FileStatus::Type::directory ? "it is a directory"
                              : file->type == FileStatus::Type::link    ? "it is a link"
                                                                        : "it is no file");
  refuse_network_file_system(home);
  return std::make_unique<JobStore>(path, checkpoints);
}

std::unique_ptr<JobStore> JobStore::open_to_peek(const std::string& home) {
  const std::string path = path_in(home);
  const auto file = file_status(path, Links::keep);
  if (!file || file->type != FileStatus::Type::file || network_file_system(home)) return nullptr;
  auto store = std::make_unique<JobStore>(path, Database::Checkpoints::no, Database::Access::read);
  const auto version = static_cast<std::size_t>(store->database().integer("PRAGMA user_version"));
  return version == job_store_migrations().size() ? std::move(store) : nullptr;
}

std::unique_ptr<JobStore> JobStore::open_or_create(const std::string& home,
                                                   Database::Checkpoints checkpoints) {
  if (auto store = open(home, checkpoints)) return store;
  const bool was_there = file_status(home).has_value();
  try {
    try {
      make_directories(home, 0700);
    } catch (const Error& error) {
      throw Error(error.code(),
                  std::string(error.what()) +
                      "; the job store may be elsewhere: name a place with --home or OSTLER_HOME");
    }
    refuse_network_file_system(home);
    create_job_store(path_in(home));
  } catch (...) {
    if (!was_there) ::rmdir(home.c_str());  // only when it is empty: somebody else's may be there by now
    throw;
  }
  return std::make_unique<JobStore>(path_in(home), checkpoints);
}

JobStore::JobStore(const std::string& path, Database::Checkpoints checkpoints, Database::Access access)
    : path_(path), database_(path, checkpoints, access) {
  if (access == Database::Access::read) return;
  // A store appears with its schema. (An empty file is an empty database to SQLite.)
  if (database_.integer("PRAGMA user_version") == 0) throw damaged_store(path, "it is empty");
  migrate(database_, path, job_store_migrations());
}

std::string JobStore::columns(bool brief) { return std::string(kColumns) + (brief ? "" : kDocuments); }

void JobStore::each_row(const std::string& sql, const Database::Cells& cells, bool brief,
                        const std::function<void(const JobRow&)>& sink) {
  database_.each(sql, cells, [&](const Database::Row& row) {
    JobRow job;
    try {
      job = row_from(row, brief);
    } catch (const Error& error) {
      throw damaged_store(path_, error.what());
    }
    sink(job);
  });
}

std::vector<JobRow> JobStore::rows(const std::string& condition_and_order, const Database::Cells& cells) {
  std::vector<JobRow> found;
  each_row("SELECT " + columns(false) + " FROM jobs " + condition_and_order, cells, false,
           [&](const JobRow& row) { found.push_back(row); });
  return found;
}

JobStore::Standing JobStore::standing(const JobRow& newest, const JobSpec& spec, IfExists if_exists) {
  const bool same_kind = newest.kind == spec.kind;
  if (!is_terminal(newest.status)) {
    const bool wanted = if_exists == IfExists::attach || if_exists == IfExists::reuse;
    return wanted && same_kind ? Standing::instead : Standing::in_the_way;
  }
  const bool wanted = if_exists == IfExists::reuse && same_kind && newest.status == JobStatus::COMPLETED;
  return wanted ? Standing::instead : Standing::none;
}

// Within the transaction of the insert: how many of these jobs have not completed yet, and one that will not.
std::pair<std::int64_t, std::optional<std::string>> JobStore::standing_of_dependencies(
    const std::vector<std::string>& needed, Missing missing) {
  std::int64_t waiting_for = 0;
  std::optional<std::string> failed;
  for (const std::string& uuid : std::set<std::string>(needed.begin(), needed.end())) {
    const std::int64_t status =
        database_.integer("SELECT status + 1 FROM jobs WHERE uuid = ?", {uuid}) - 1;  // -1: no such row
    if (status < 0 && missing == Missing::is_error)
      throw not_found("the job " + uuid + ", after which this one is to run, is gone");
    if (status == static_cast<int>(JobStatus::COMPLETED)) continue;
    ++waiting_for;
    if ((status < 0 || is_terminal(static_cast<JobStatus>(status))) && !failed) failed = uuid;
  }
  return {waiting_for, failed};
}

JobStore::Inserted JobStore::insert(const JobSpec& spec, IfExists if_exists, Missing missing) {
  const std::string details = to_json(details_of(spec));
  const std::string lane = std::string(job_kind_name(spec.kind)) + "/" + spec.instance;
  const auto retention = spec.retention ? std::optional(spec.retention->count()) : std::nullopt;
  Inserted inserted;
  database_.in_transaction([&] {
    // An active run is the newest: no other begins before it has ended.
    if (const auto newest = spec.external_id ? newest_of(*spec.external_id) : std::nullopt) {
      inserted.standing = standing(*newest, spec, if_exists);
      inserted.other = newest->uuid;
      if (inserted.standing == Standing::in_the_way && if_exists != IfExists::replace)
        throw Error(
            StatusCode::already_exists,
            "a job with the id " + *spec.external_id + " is " + std::string(job_status_name(newest->status)) +
                " (" + newest->uuid +
                "); wait for it, cancel it, or use another --id (--if-exists says what to do instead)");
      if (inserted.standing != Standing::none) return;
    }
    const auto [waiting_for, failed] = standing_of_dependencies(spec.after, missing);
    database_.run(
        "INSERT INTO jobs (uuid, external_id, kind, instance, executor, module_name, status, priority, lane, "
        "max_concurrent, cpus, gpus, submission_time, target, details, retention, waiting_for, "
        "failed_dependency, job_group, requeues_left) "
        "VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {spec.uuid, cell(spec.external_id), cell(static_cast<int>(spec.kind)), spec.instance, spec.executor,
         spec.module.name, cell(spec.priority), lane, cell(spec.max_concurrent.value_or(0)), cell(spec.cpus),
         cell(spec.gpus), cell(spec.submission_time),
         spec.kind == JobKind::train ? spec.save_path : spec.model_as_given, details, cell(retention),
         cell(waiting_for), cell(failed), spec.group.empty() ? Database::Cell() : spec.group,
         cell(spec.max_requeues)});
    if (spec.after.empty() && spec.tags.size() == 0) return;
    const std::int64_t sequence = database_.integer("SELECT sequence FROM jobs WHERE uuid = ?", {spec.uuid});
    for (const std::string& needed : spec.after)
      database_.run("INSERT OR IGNORE INTO dependencies VALUES (?, ?)", {needed, sequence});
    if (spec.tags.size() > 0)
      for (const auto& [name, value] : spec.tags.as_object())
        database_.run("INSERT INTO tags VALUES (?, ?, ?)", {name, value.as_string(name), sequence});
  });
  return inserted;
}

std::optional<JobRow> JobStore::find(const std::string& uuid) {
  auto found = rows("WHERE uuid = ?", {uuid});
  return found.empty() ? std::nullopt : std::optional(std::move(found[0]));
}

std::optional<JobRow> JobStore::newest_of(const std::string& external_id) {
  auto found = rows("WHERE external_id = ? ORDER BY sequence DESC LIMIT 1", {external_id});
  return found.empty() ? std::nullopt : std::optional(std::move(found[0]));
}

std::vector<JobRow> JobStore::history(const std::string& external_id) {
  return rows("WHERE external_id = ? ORDER BY sequence DESC", {external_id});
}

std::vector<std::string> JobStore::uuids_with_prefix(const std::string& prefix, int limit) {
  std::vector<std::string> uuids;
  // "g" comes after every digit of a uuid.
  database_.each("SELECT uuid FROM jobs WHERE uuid >= ? AND uuid < ? ORDER BY uuid LIMIT ?",
                 {prefix, prefix + "g", cell(limit)},
                 [&](const Database::Row& row) { uuids.push_back(row.text(0)); });
  return uuids;
}

std::vector<JobRow> JobStore::running() { return rows("WHERE status = 1 ORDER BY sequence", {}); }

std::vector<JobRow> JobStore::queued_with_marks() {
  // Asked at every submit, and nearly always for nothing: a short statement costs a fifth of that for rows.
  constexpr char kMarked[] =
      "INDEXED BY jobs_marked WHERE status = 0 AND (cancel_requested OR failed_starts > 0 OR "
      "failed_dependency IS NOT NULL)";
  if (database_.integer(std::string("SELECT 1 FROM jobs ") + kMarked + " LIMIT 1") == 0) return {};
  return rows(std::string(kMarked) + " ORDER BY sequence", {});
}

std::vector<std::string> JobStore::expired(Time now, int limit) {
  std::vector<std::string> uuids;
  database_.each(
      "SELECT uuid FROM jobs INDEXED BY jobs_by_expiry WHERE retention IS NOT NULL AND "
      "completion_time + retention <= ? AND NOT EXISTS (SELECT 1 FROM dependencies WHERE needed = jobs.uuid) "
      "ORDER BY completion_time + retention LIMIT ?",
      {cell(now), cell(limit)}, [&](const Database::Row& row) { uuids.push_back(row.text(0)); });
  return uuids;
}

bool JobStore::is_expired(const std::string& uuid, Time now) {
  return database_.integer(
             "SELECT completion_time + retention <= ? AND NOT EXISTS (SELECT 1 FROM dependencies WHERE "
             "needed = "
             "jobs.uuid) FROM jobs WHERE uuid = ?",
             {cell(now), uuid}) != 0;
}

std::vector<std::string> JobStore::not_needed(const std::vector<std::string>& uuids) {
  std::vector<std::string> free;
  for (const std::string& uuid : uuids)
    if (database_.integer("SELECT count(*) FROM dependencies WHERE needed = ?", {uuid}) == 0)
      free.push_back(uuid);
  return free;
}

void JobStore::remove(const std::vector<std::string>& uuids) {
  database_.in_transaction([&] {
    for (const std::string& uuid : uuids)
      database_.run("DELETE FROM jobs WHERE uuid = ? AND status >= 2", {uuid});
  });
}

}  // namespace ostler
