#include "lib/jobs/job_info.h"

#include <algorithm>

#include "lib/base/files.h"
#include "lib/jobs/store_layout.h"

namespace ostler {

namespace {

Value copy_of(const Value& map, std::string_view key) {
  const Value* found = map.find(key);
  return found != nullptr ? *found : Value();
}

// {done, total, unit, rate, eta} of a progress event. The rate is over the whole run: a steady figure.
Value progress_of(const Value& event, const JobInfo& info, Time now) {
  if (!event.is_object()) return Value();
  const double done = event.get_number("done");
  Value progress = Value::object({{"done", copy_of(event, "done")},
                                  {"total", copy_of(event, "total")},
                                  {"unit", copy_of(event, "unit")},
                                  {"rate", Value()},
                                  {"eta", Value()}});
  const auto at = parse_time(event.get_string("time"));
  if (!info.start_time || !at) return progress;
  const double elapsed = seconds(*at - *info.start_time);
  if (!(elapsed > 0) || !(done > 0)) return progress;
  const double rate = done / elapsed;
  progress["rate"] = rate;
  const Value* total = event.find("total");
  if (info.status == JobStatus::RUNNING && total != nullptr && total->is_number()) {
    const double left = (total->as_number() - done) / rate - seconds(now - *at);
    progress["eta"] = left > 0 ? left : 0.0;
  }
  return progress;
}

void add_running(JobInfo& info, const JobPaths& paths, Time now) {
  const LastEvents events = read_last_events(paths.events);
  info.progress = progress_of(events.progress, info, now);
  if (!events.retry.is_null()) info.next_attempt_time = parse_time(events.retry.get_string("at"));
  for (const Value* event : {&events.metrics, &events.progress}) {
    if (const Value* metrics = event->find("metrics"); metrics != nullptr && metrics->size() > 0) {
      info.metrics = *metrics;
      return;
    }
  }
}

void add_outcome(JobInfo& info, const Outcome& outcome, Time now) {
  info.errors = outcome.errors;
  info.result = outcome.result;
  info.replaced = outcome.replaced;
  info.note = outcome.note;
  info.exit_status = outcome.exit_status;
  info.signal = outcome.signal;
  info.cpu_seconds = outcome.cpu_seconds;
  info.max_rss_bytes = outcome.max_rss_bytes;
  info.metrics = outcome.metrics.is_null() ? Value::object() : outcome.metrics;
  info.progress = progress_of(outcome.progress, info, now);
}

}  // namespace

JobInfo job_info(const std::string& home, const JobRow& row, const Verdict& verdict, Time now) {
  JobInfo info;
  info.directory = job_directory_path(home, row.uuid);
  info.id = row.external_id.value_or(hash_instance_name(row.instance) + ":" + row.uuid);
  info.uuid = row.uuid;
  info.external_id = row.external_id;
  info.kind = row.kind;
  info.instance = row.instance;
  info.status = verdict.status;
  info.reason = verdict.reason;
  info.errors = verdict.errors;
  info.submission_time = row.submission_time;
  info.start_time = row.start_time;
  info.completion_time = row.completion_time;
  info.module_name = row.module_name;
  if (row.kind == JobKind::train)
    info.save_path = row.target.empty() ? join_path(info.directory, "model") : row.target;
  else
    info.model = row.target;
  info.host = row.host;
  info.executor = row.executor;
  info.attempt = row.attempt;
  info.cpus = row.cpus;
  info.gpus = row.gpus;
  info.gpu_devices = row.gpu_devices;
  info.priority = row.priority;
  info.group = row.group;
  info.cancel_requested = row.cancel_requested;
  info.metrics = Value::object();
  if (is_terminal(row.status) && row.details.is_null()) {  // of a brief list
    info.progress = progress_of(row.progress, info, now);
    if (row.metrics.is_object()) info.metrics = row.metrics;
    return info;
  }

  const JobPaths paths(info.directory);
  info.log_path = paths.log;
  info.module_id = row.details.get_string("module_id");
  info.module_version = row.details.get_string("module_version");
  info.working_directory = row.details.get_string("working_directory");
  info.parameters = copy_of(row.details, "parameters");
  info.validation = copy_of(row.details, "validation");
  info.require = copy_of(row.details, "require");
  info.keep_best = row.details.get_string("keep_best");
  info.tags = copy_of(row.details, "tags");
  info.data = copy_of(row.details, "data");
  info.command = copy_of(row.details, "command");
  info.after = copy_of(row.details, "after");
  info.retries = static_cast<int>(row.details.get_integer("retries"));
  const auto most = static_cast<int>(row.details.get_integer("max_requeues"));
  info.requeues = std::max(0, most - row.requeues_left);
  if (const Value* limit = row.details.find("time_limit"); limit != nullptr && limit->is_number())
    info.time_limit = from_seconds(limit->as_number());
  if (is_terminal(row.status)) {
    if (!row.outcome.is_null()) add_outcome(info, outcome_from(row.outcome), now);
  } else if (is_terminal(info.status)) {
    // The row could not be brought up to date: the record says what the row does not.
    if (const auto outcome = read_outcome_as_found(paths)) {
      info.completion_time = outcome->completion_time;
      add_outcome(info, *outcome, now);
    } else {
      info.completion_time = std::max(now, row.start_time.value_or(row.submission_time));
    }
  } else if (info.status == JobStatus::RUNNING) {
    add_running(info, paths, now);
  }
  return info;
}

}  // namespace ostler
