#include "commands/jobs.h"

#include <fmt/format.h>

#include <set>

#include "commands/chart.h"
#include "commands/interrupt.h"
#include "commands/output.h"
#include "commands/progress.h"
#include "lib/base/user.h"

namespace ostler {

namespace {

template <typename T>
Value or_null(const std::optional<T>& value) {
  return value ? Value(*value) : Value();
}

Value time_or_null(const std::optional<Time>& time) { return time ? Value(format_time(*time)) : Value(); }
Value text_or_null(const std::string& text) { return text.empty() ? Value() : Value(text); }
Value map_or_empty(const Value& map) { return map.is_null() ? Value::object() : map; }
Value list_or_empty(const Value& list) { return list.is_null() ? Value::array() : list; }

std::string shown_progress(const JobInfo& info) {
  if (info.progress.is_null()) return "";
  const Value* total = info.progress.find("total");
  std::string text = shown_number(info.progress.get_number("done"));
  if (total != nullptr && !total->is_null()) text += "/" + shown_number(total->as_number());
  return text + " " + info.progress.get_string("unit");
}

// "42%" of one that runs, or "420 rounds" where nobody knows of how many.
std::string short_progress(const JobInfo& info) {
  const Value* total = info.progress.find("total");
  if (is_terminal(info.status) || total == nullptr) return "";
  if (!total->is_number() || !(total->as_number() > 0)) return shown_progress(info);
  return fmt::format("{:.0f}%", info.progress.get_number("done") / total->as_number() * 100);
}

std::string shown_duration(const JobInfo& info) {
  const auto taken = time_taken(info.start_time, info.completion_time);
  return taken ? format_duration(*taken) : "";
}

int attempts_at_most(const JobInfo& info) { return info.retries + 1 + info.requeues; }

// "attempt 2 of 3 in 40s", while it waits for that one.
std::string shown_attempt(const JobInfo& info) {
  if (info.retries == 0 && info.attempt < 2) return "";
  const int most = attempts_at_most(info);
  if (!info.next_attempt_time)
    return std::to_string(info.attempt) + (info.retries > 0 ? " of " + std::to_string(most) : "");
  const Duration left = std::max(Duration(0), *info.next_attempt_time - Clock::system().now());
  return fmt::format("{} of {} in {}", info.attempt + 1, most, format_duration(left));
}

std::string gpus_in_hand(const JobInfo& info) {
  return info.gpu_devices.empty() ? "" : " (" + info.gpu_devices + ")";
}

std::string shown_tags(const Value& tags) {
  std::vector<std::string> words;
  if (tags.is_object())
    for (const auto& [name, value] : tags.as_object()) words.push_back(name + "=" + value.as_string(name));
  return join(words, " ");
}

std::string joined(const Value& list) {
  std::vector<std::string> words;
  if (list.is_array())
    for (const Value& word : list.as_array())
      words.push_back(shell_quote(word.is_string() ? word.as_string() : to_json(word)));
  return join(words, " ");
}

std::string shown_validation(const Value& validation) {
  if (const Value* fraction = validation.find("fraction")) return to_json(*fraction);
  const Value* data = validation.find("data");
  return data == nullptr ? "" : joined(*data);
}

std::string module_text(const JobInfo& info) {
  return info.module_name + (info.module_version.empty() ? "" : " " + info.module_version);
}

}  // namespace

Value job_to_value(const JobInfo& info) {
  Value errors = Value::array();
  for (const std::string& error : info.errors) errors.push_back(error);
  return Value::object({
      {"id", info.id},
      {"uuid", info.uuid},
      {"short_id", info.uuid.substr(0, 8)},
      {"external_id", or_null(info.external_id)},
      {"group", text_or_null(info.group)},
      {"kind", job_kind_name(info.kind)},
      {"status", job_status_name(info.status)},
      {"reason", text_or_null(std::string(job_reason_name(info.reason)))},
      {"errors", errors},
      {"submission_time", format_time(info.submission_time)},
      {"start_time", time_or_null(info.start_time)},
      {"completion_time", time_or_null(info.completion_time)},
      {"module", Value::object({{"name", text_or_null(info.module_name)},
                                {"id", text_or_null(info.module_id)},
                                {"version", text_or_null(info.module_version)}})},
      {"model", text_or_null(info.model)},
      {"instance", info.instance},
      {"executor", text_or_null(info.executor)},
      {"host", text_or_null(info.host)},
      {"attempt", info.attempt},
      {"attempts", attempts_at_most(info)},
      {"next_attempt_time", time_or_null(info.next_attempt_time)},
      {"after", list_or_empty(info.after)},
      {"priority", info.priority},
      {"time_limit", info.time_limit ? Value(seconds(*info.time_limit)) : Value()},
      {"progress", info.progress},
      {"metrics", map_or_empty(info.metrics)},
      {"params", map_or_empty(info.parameters)},
      {"data", list_or_empty(info.data)},
      {"validation", info.validation},
      {"require", list_or_empty(info.require)},
      {"keep_best", text_or_null(info.keep_best)},
      {"save_path", or_null(info.save_path)},
      {"result", or_null(info.result)},
      {"replaced", info.replaced ? Value(*info.replaced) : Value()},
      {"note", info.note.empty() ? Value() : Value(info.note)},
      {"log", text_or_null(info.log_path)},
      {"tags", map_or_empty(info.tags)},
      {"cpus", info.cpus},
      {"gpus", info.gpus},
      {"gpu_devices", text_or_null(info.gpu_devices)},
      {"exit_status", or_null(info.exit_status)},
      {"signal", or_null(info.signal)},
      {"resources",
       Value::object({{"cpu_seconds", or_null(info.cpu_seconds)}, {"max_rss", or_null(info.max_rss_bytes)}})},
      {"cwd", text_or_null(info.working_directory)},
      {"command", list_or_empty(info.command)},
  });
}

Value jobs_document(const std::vector<JobInfo>& jobs, std::int64_t total) {
  Value list = Value::array();
  for (const JobInfo& info : jobs) list.push_back(job_to_value(info));
  return Value::object({{"schema", 1},
                        {"jobs", list},
                        {"total", total},
                        {"truncated", static_cast<std::int64_t>(jobs.size()) < total}});
}

namespace {

std::vector<std::pair<std::string, std::string>> detail_lines(const JobInfo& info, bool on_terminal) {
  const auto time = [&](const std::optional<Time>& point) {
    if (!point) return std::string();
    return format_time(*point) + (on_terminal ? " (" + shown_time(*point, true) + ")" : "");
  };
  std::string reason(job_reason_name(info.reason));
  return {
      {"id", info.id},
      {"uuid", info.uuid},
      {"kind", std::string(job_kind_name(info.kind))},
      {"status", std::string(job_status_name(info.status)) +
                     (info.cancel_requested && !is_terminal(info.status) ? " (being canceled)" : "")},
      {"reason", reason},
      {"error", join(info.errors, "\n")},
      {"module", module_text(info)},
      {"model", info.model},
      {"submitted", time(info.submission_time)},
      {"started", time(info.start_time)},
      {"ended", time(info.completion_time)},
      {"duration", shown_duration(info)},
      {"attempt", shown_attempt(info)},
      {"progress", shown_progress(info)},
      {"metrics", shown_metrics(info.metrics)},
      {"parameters", info.parameters.size() == 0 ? "" : to_json(info.parameters)},
      {"data", joined(info.data)},
      {"validation", shown_validation(info.validation)},
      {"require", joined(info.require)},
      {"keep_best", info.keep_best},
      {"save_path", info.save_path.value_or("")},
      {"result", info.result.value_or("")},
      {"note", info.note},
      {"log", info.log_path},
      {"exit_status", info.exit_status ? std::to_string(*info.exit_status) : ""},
      {"signal", info.signal ? std::to_string(*info.signal) : ""},
      {"cpu_seconds", info.cpu_seconds ? fmt::format("{:.2f}", *info.cpu_seconds) : ""},
      {"max_rss", info.max_rss_bytes ? shown_bytes(static_cast<double>(*info.max_rss_bytes)) : ""},
      {"cpus", std::to_string(info.cpus)},
      {"gpus", info.gpus == 0 ? "" : std::to_string(info.gpus) + gpus_in_hand(info)},
      {"priority", info.priority == 0 ? "" : std::to_string(info.priority)},
      {"time_limit", info.time_limit ? format_duration(*info.time_limit) : ""},
      {"after", joined(info.after)},
      {"group", info.group},
      {"tags", shown_tags(info.tags)},
      {"host", info.host},
      {"instance", info.instance},
      {"directory", info.directory},
      {"cwd", info.working_directory},
      {"command", joined(info.command)},
  };
}

Colour colour_of(JobStatus status) {
  switch (status) {
    case JobStatus::RUNNING:
      return Colour::yellow;
    case JobStatus::COMPLETED:
      return Colour::green;
    case JobStatus::ERRORED:
      return Colour::red;
    default:
      return Colour::none;
  }
}

}  // namespace

std::string job_details(const JobInfo& info) { return format_details(detail_lines(info, false)); }

namespace {

// Those that have a value, as -p takes them.
std::string parameter_words(const Value& parameters) {
  std::vector<std::string> words;
  for (const auto& [name, value] : parameters.as_object())
    if (!value.is_null())
      words.push_back(shell_quote(name + (value.is_array() || value.is_object() ? ":=" : "=") +
                                  (value.is_string() ? value.as_string() : to_json(value))));
  return printable(join(words, " "));
}

}  // namespace

std::string job_page(const JobInfo& info, const Value& curve, bool in_colour) {
  const auto lines = detail_lines(info, true);
  std::size_t widest = 0;
  for (const auto& [key, value] : lines)
    if (!value.empty()) widest = std::max(widest, key.size());
  std::string text;
  for (const auto& [key, value] : lines) {
    if (value.empty()) continue;
    std::string shown = printable(value);
    if (key == "metrics") shown = join(metric_words(info.metrics), "\n");
    if (key == "parameters") shown = parameter_words(info.parameters);
    if (in_colour && key == "status") shown = coloured(shown, colour_of(info.status));
    const std::string margin(widest + 3, ' ');
    for (std::size_t at = 0; (at = shown.find('\n', at)) != std::string::npos; ++at)
      shown.replace(at, 1, "\n" + margin);
    const std::string head = key + ":";
    text += (in_colour ? coloured(head, Colour::bold) : head) + std::string(widest - key.size() + 2, ' ') +
            shown + "\n";
  }
  const std::string drawing = draw_curve(
      curve, info.progress.is_object() ? info.progress.get_string("unit") : "", terminal_size(1).columns);
  return drawing.empty() ? text : text + "\n" + drawing;
}

namespace {

// What a table of jobs can do without where a terminal is too narrow for it.
const std::vector<TableCut>& cuts_of_job_table() {
  constexpr std::size_t kKind = 2, kModule = 3, kSubmitted = 4, kTime = 5, kProgress = 6, kMetrics = 7,
                        kTarget = 8;
  static const std::vector<TableCut> cuts = {
      {kTarget, 24, Cut::middle},
      {kMetrics, 24},
      {kKind, 0},
      {kTarget, 14, Cut::middle},
      {kMetrics, 14},
      {kSubmitted, 0},
      {kMetrics, 0},
      {kTarget, 10, Cut::middle},
      {kModule, 6},
      {kProgress, 0},
      {kModule, 0},
      {kTarget, 0},
      {kTime, 0},
  };
  return cuts;
}

}  // namespace

std::string job_table(const std::vector<JobInfo>& jobs, bool in_colour) {
  const bool on_terminal = stdout_is_terminal();
  std::vector<std::vector<std::string>> rows = {
      {"ID", "STATUS", "KIND", "MODULE", "SUBMITTED", "TIME", "PROGRESS", "METRICS", "TARGET"}};
  rows.reserve(jobs.size() + 1);
  for (const JobInfo& info : jobs) {
    std::string status(job_status_name(info.status));
    if (info.reason != JobReason::none) status += "/" + std::string(job_reason_name(info.reason));
    if (in_colour) status = coloured(status, colour_of(info.status));
    const std::string& path = info.save_path ? *info.save_path : info.model;
    // That of a model in its job's directory tells a person nothing.
    std::string target = on_terminal ? short_path(path) : path;
    if (on_terminal && starts_with(path, info.directory + "/")) target.clear();
    std::vector<std::string>& row = rows.emplace_back();
    row.reserve(9);
    row.push_back(info.uuid.substr(0, 8));
    row.push_back(std::move(status));
    row.emplace_back(job_kind_name(info.kind));
    row.push_back(info.module_name);
    row.push_back(shown_time(info.submission_time, on_terminal));
    row.push_back(shown_duration(info));
    row.push_back(on_terminal ? short_progress(info) : shown_progress(info));
    row.push_back(on_terminal ? join(metric_words(info.metrics), " ") : shown_metrics(info.metrics));
    row.push_back(in_one_line(info.external_id ? *info.external_id + " " + target : target));
  }
  return format_table(std::move(rows), cuts_of_job_table());
}

int exit_code_of(const JobInfo& info) {
  switch (info.status) {
    case JobStatus::COMPLETED:
      return 0;
    case JobStatus::CANCELED:
      return 5;
    case JobStatus::ERRORED:
      return info.reason == JobReason::requirement ? 7 : 6;
    default:
      return 4;
  }
}

std::string end_sentence(const JobInfo& info) {
  const std::string what = info.kind == JobKind::train ? "training" : "prediction";
  std::string text = fmt::format("{} {} is {}", what, info.id, job_status_name(info.status));
  if (info.reason != JobReason::none) text += fmt::format(" ({})", job_reason_name(info.reason));
  if (!info.errors.empty()) text += ": " + printable(join(info.errors, "; "));
  return text;
}

namespace {

// What stands where the live line was: "training 1f0c2d3e is COMPLETED after 12s: accuracy=0.97".
std::string completed_sentence(const JobInfo& info) {
  const std::string what = info.kind == JobKind::train ? "training" : "prediction";
  std::string text = fmt::format("{} {} is COMPLETED", what, info.uuid.substr(0, 8));
  if (info.start_time) text += " after " + shown_duration(info);
  std::vector<std::string> metrics = metric_words(info.metrics);
  if (metrics.size() > 2) metrics.resize(2);
  if (!metrics.empty()) text += ": " + join(metrics, " ");
  return text;
}

// `wait` and `result` are their own way back.
std::string command_to_come_back(const Invocation& invocation, const std::vector<std::string>& uuids) {
  if (invocation.command != "wait" && invocation.command != "result")
    return "ostler wait " + uuids[0].substr(0, 8);
  std::vector<std::string> words;
  for (const std::string& word : invocation.line) words.push_back(shell_quote(word));
  return join(words, " ");
}

}  // namespace

std::vector<std::string> resolve_all(const Invocation& invocation, const std::vector<std::string>& ids) {
  std::vector<std::string> uuids;
  for (const std::string& id : ids) try {
      uuids.push_back(invocation.manager().jobs().resolve(id));
    } catch (const Error& error) {
      if (ids.size() == 1) throw;
      throw Error(error.code(), std::string(error.what()) + "; nothing was done with the others");
    }
  return uuids;
}

int wait_for_jobs(const Invocation& invocation, const std::vector<std::string>& uuids, JobEngine::Wait mode) {
  JobEngine& engine = invocation.manager().jobs();
  InterruptGuard interrupt;
  JobProgress progress(!invocation.quiet());
  bool cancelling = false;
  std::optional<std::set<std::string>> waited_for;
  const auto on_look = [&](const std::vector<JobInfo>& jobs) {
    if (!waited_for) {
      waited_for.emplace();
      for (const JobInfo& info : jobs)
        if (!is_terminal(info.status)) waited_for->insert(info.uuid);
    }
    progress.show(jobs);
    if (interrupt.count() > 0) throw Interrupted();
  };
  try {
    if (!engine.wait(uuids, mode, invocation.duration("--timeout"), on_look)) {
      progress.clear();
      if (!invocation.quiet()) say("--timeout ran out; the job goes on");
      return 124;
    }
  } catch (const Interrupted&) {
    progress.clear();
    cancelling = invocation.has("--cancel-on-interrupt");
    if (!cancelling && interrupt.terminated()) return 130;
    if (!cancelling) {
      say(std::string("interrupted; the job goes on") +
          (InterruptGuard::can_come_again() ? " (Ctrl-C again within 2 s cancels it)" : "") +
          "; to come back: " + command_to_come_back(invocation, uuids));
      cancelling = interrupt.second_within(std::chrono::seconds(2));
    }
    if (!cancelling) return 130;
  }
  const bool was_live = progress.clear();
  std::vector<JobInfo> jobs;
  for (const std::string& uuid : uuids)
    jobs.push_back(cancelling ? engine.cancel(uuid) : engine.get_info(uuid));
  int code = 0;
  const JobInfo* first = nullptr;
  for (const JobInfo& info : jobs) {
    if (!is_terminal(info.status)) continue;
    if (info.status != JobStatus::COMPLETED)
      say(end_sentence(info));  // with --quiet, too: cron mails it
    else if (was_live && waited_for->count(info.uuid) > 0)
      say(completed_sentence(info));
    const bool warns = starts_with(info.note, "warning: ");
    if (!info.note.empty() && (warns || !invocation.quiet()))
      say((warns ? "" : "note: ") + printable(info.note));
    if (mode == JobEngine::Wait::any) {
      if (first == nullptr || *info.completion_time < *first->completion_time) first = &info;
    } else if (code == 0) {
      code = exit_code_of(info);
    }
  }
  if (first != nullptr) code = exit_code_of(*first);
  return cancelling ? 130 : code;
}

namespace {

// After a submit that is not waited for.
void say_what_is_next(const std::string& short_id, bool structured) {
  const char* ci = ::getenv("CI");
  if (ci != nullptr && *ci != '\0')
    say("warning: CI is set, and the end of a CI step often kills what it has started, this job, too: add "
        "--wait, or wait in the same step (ostler wait " +
        short_id + ")");
  else if (!structured && stderr_is_terminal())
    say("to wait for it: ostler wait " + short_id + "; its log: ostler logs -f " + short_id);
}

}  // namespace

void note_sudo(const Invocation& invocation) {
  const std::vector<std::string> environment = process_environment();
  if (invocation.quiet() || invocation.has("--home") || environment_value(environment, "OSTLER_HOME")) return;
  const std::string home = home_behind_sudo(environment), &store = invocation.manager().jobs().home();
  if (!home.empty() && !starts_with(store, home + "/"))
    say("note: under sudo the job store is " + store + "; jobs of " +
        environment_value(environment, "SUDO_USER").value_or("") +
        "'s own are elsewhere (--home names a store)");
}

void check_job_format(const Invocation& invocation) { check_format(invocation, job_to_value({})); }

int submitted(const Invocation& invocation, const JobFutureBase& future, bool wait) {
  JobEngine& engine = invocation.manager().jobs();
  const std::string id = future.id(), uuid = future.uuid();
  const bool structured = invocation.json() || invocation.has("--format");
  note_sudo(invocation);
  try {
    if (!structured) print(id + "\n");
  } catch (const Error& error) {
    throw Error(
        error.code(),
        "the job " + id + " was submitted and goes on, but its id could not be printed: " + error.what());
  }
  int code = 0;
  if (wait)
    code = wait_for_jobs(invocation, {uuid});
  else if (!invocation.quiet())
    say_what_is_next(uuid.substr(0, 8), structured);
  if (structured) print_structured(invocation, jobs_document({engine.get_info(uuid)}, 1), "jobs");
  return code;
}

}  // namespace ostler
