#include "lib/jobs/job_directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/base/strings.h"
#include "lib/jobs/job_lock.h"

namespace ostler {

namespace {

constexpr std::uint64_t kEventsTail = 256 << 10;
constexpr std::uint64_t kLargestOutcome = 64 << 20;
constexpr std::uint64_t kLargestCurve = 16 << 20;
// An error's text is kept in the outcome and in the row, and the outcome's file is preallocated (JOB-17).
constexpr std::size_t kLongestMessage = 16 << 10;

// What was cut is short enough: it is not cut again.
std::string cut(std::string text) {
  constexpr std::string_view kMark = " [cut]";
  if (text.size() <= kLongestMessage) return text;
  std::size_t end = kLongestMessage - kMark.size();
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // not within a character
  return text.substr(0, end).append(kMark);
}

// Whether each of these members is of this kind, null or absent.
bool are(const Value& event, Value::Kind kind, std::initializer_list<std::string_view> keys) {
  return std::all_of(keys.begin(), keys.end(), [&](std::string_view key) {
    const Value* found = event.find(key);
    return found == nullptr || found->is_null() || found->kind() == kind ||
           (found->is_integer() && kind == Value::Kind::number);
  });
}

// What is read of an event is what it should be: who looks at a job is to see the job, not an error about a
// line.
bool is_event(const Value& event) {
  using enum Value::Kind;
  const Value* publish = event.find("publish");
  return event.is_object() &&
         are(event, string,
             {"event", "time", "unit", "code", "reason", "message", "result", "tracking_id", "note"}) &&
         are(event, boolean, {"better"}) && are(event, number, {"done", "total", "old", "new"}) &&
         are(event, object, {"metrics", "publish"}) &&
         (publish == nullptr || are(*publish, string, {"staged", "target", "tracking_id"}));
}

bool ends_with_line_end(int fd, off_t size) {
  char last = '\n';
  return size == 0 || ::pread(fd, &last, 1, size - 1) != 1 || last == '\n';
}

Value optional_number(const std::optional<int>& number) { return number ? Value(*number) : Value(); }

}  // namespace

JobPaths::JobPaths(std::string job_directory)
    : directory(std::move(job_directory)),
      spec(join_path(directory, "spec.json")),
      environment(join_path(directory, "environment")),
      lock(join_path(directory, "lock")),
      events(join_path(directory, "events")),
      log(join_path(directory, "log")),
      cancel(join_path(directory, "cancel")),
      outcome(join_path(directory, "outcome.json")),
      input(join_path(directory, "input")),
      code(join_path(directory, "code")),
      finished(join_path(directory, "finished")),
      curve(join_path(directory, "curve")) {}

std::string staged_path(const std::string& target, const std::string& uuid) {
  return join_path(parent_path(target), "." + file_name(target) + ".ostler-" + uuid);
}

void append_event(const std::string& events_path, Value event) {
  if (Value* message = event.find("message"); message != nullptr && message->is_string())
    *message = cut(message->as_string());
  const UniqueFd fd = open_file(events_path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW, 0600);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) throw system_error(errno, "cannot write " + events_path);
  // A line that was torn (the disk was full) must not swallow this one.
  const std::string line = (ends_with_line_end(fd.get(), status.st_size) ? "" : "\n") + to_json(event) + "\n";
  write_all(fd.get(), line, events_path);
}

LastEvents read_last_events(const std::string& events_path) {
  LastEvents last;
  const UniqueFd fd = try_open_file(events_path, O_RDONLY | O_NOFOLLOW);
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0) return last;
  const auto size = static_cast<std::uint64_t>(status.st_size);
  const std::uint64_t start = size > kEventsTail ? size - kEventsTail : 0;
  std::string text(static_cast<std::size_t>(size - start), '\0');
  const ssize_t count = ::pread(fd.get(), text.data(), text.size(), static_cast<off_t>(start));
  text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  std::vector<std::string> lines = split(text, '\n');
  lines.pop_back();  // what follows the last line end: nothing, or a torn line
  if (start > 0 && !lines.empty()) lines.erase(lines.begin());  // begins in the middle
  bool newest = true;
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    Value event;
    try {
      event = parse_json(*line, events_path);
    } catch (const Error&) {
      continue;
    }
    if (!is_event(event)) continue;
    const std::string kind = event.get_string("event");
    Value* place = kind == "progress"   ? &last.progress
                   : kind == "metrics"  ? &last.metrics
                   : kind == "error"    ? &last.error
                   : kind == "retry"    ? &last.retry
                   : kind == "done"     ? &last.done
                   : kind == "compared" ? &last.compared
                                        : nullptr;
    if (place != nullptr && place->is_null()) *place = std::move(event);
    if (newest) last.done_is_last = kind == "done";
    newest = false;
  }
  return last;
}

Value read_curve(const JobPaths& paths) {
  Value points = Value::array();
  const auto text = read_file_if_there(paths.curve, kLargestCurve, Links::keep);
  if (!text) return points;
  for (const std::string& line : split(*text, '\n')) {
    if (line.empty()) continue;
    try {
      Value point = parse_json(line, paths.curve);
      const Value *done = point.find("done"), *metrics = point.find("metrics");
      if (done != nullptr && done->is_number() && metrics != nullptr && metrics->is_object())
        points.push_back(std::move(point));
    } catch (const Error&) {
      // Torn: the disk was full, or it is being written.
    }
  }
  return points;
}

std::string to_text(const JobStart& start) {
  return to_json(Value::object({{"attempt", start.attempt},
                                {"start_time", format_time(start.time)},
                                {"host", start.host},
                                {"gpu_devices", start.gpu_devices},
                                {"requeues_left", optional_number(start.requeues_left)}})) +
         "\n";
}

std::optional<JobStart> read_start(const JobPaths& paths) {
  const std::string text = read_lock(paths.lock);
  if (text.empty()) return std::nullopt;
  JobStart start;
  if (const auto status = file_status(paths.lock)) start.time = Time(Duration(status->modified_ns / 1000));
  try {
    const Value value = parse_json(text, paths.lock);
    start.attempt = static_cast<int>(value.get_integer("attempt", start.attempt));
    start.time = parse_time(value.get_string("start_time")).value_or(start.time);
    start.host = value.get_string("host");
    start.gpu_devices = value.get_string("gpu_devices");
    if (const Value* left = value.find("requeues_left"); left != nullptr && left->is_integer())
      start.requeues_left = static_cast<int>(left->as_integer());
  } catch (const Error&) {
    // Torn by a crash of the machine: it was started all the same.
  }
  return start;
}

Value to_value(const Outcome& outcome) {
  Value value = Value::object();
  value["format"] = 1;
  value["status"] = job_status_name(outcome.status);
  value["reason"] = outcome.reason == JobReason::none ? Value() : Value(job_reason_name(outcome.reason));
  value["errors"] = Value::array();
  for (const std::string& error : outcome.errors) value["errors"].push_back(cut(error));
  value["attempt"] = outcome.attempt;
  value["start_time"] = outcome.start_time ? Value(format_time(*outcome.start_time)) : Value();
  value["completion_time"] = format_time(outcome.completion_time);
  value["exit_status"] = optional_number(outcome.exit_status);
  value["signal"] = optional_number(outcome.signal);
  value["cpu_seconds"] = outcome.cpu_seconds ? Value(*outcome.cpu_seconds) : Value();
  value["max_rss_bytes"] = outcome.max_rss_bytes ? Value(*outcome.max_rss_bytes) : Value();
  value["result"] = outcome.result ? Value(*outcome.result) : Value();
  value["staged"] = outcome.staged;
  value["target"] = outcome.target;
  value["tracking_id"] = outcome.tracking_id;
  value["keep_previous"] = outcome.keep_previous;
  value["replaced"] = outcome.replaced ? Value(*outcome.replaced) : Value();
  value["note"] = cut(outcome.note);
  value["progress"] = outcome.progress;
  value["metrics"] = outcome.metrics;
  value["host"] = outcome.host;
  return value;
}

Outcome outcome_from(const Value& value) {
  Outcome outcome;
  const auto present = [&](std::string_view key) {
    const Value* found = value.find(key);
    return found != nullptr && !found->is_null() ? found : nullptr;
  };
  const std::string status = value.at("status").as_string("status");
  const auto known = job_status_from(status);
  if (!known || !is_terminal(*known)) throw invalid_argument(value.where() + "no end of a job: " + status);
  outcome.status = *known;
  // A reason that a newer ostler wrote is no reason to show nothing.
  outcome.reason = job_reason_from(value.get_string("reason")).value_or(JobReason::none);
  if (const Value* errors = present("errors"))
    for (const Value& error : errors->as_array("errors")) outcome.errors.push_back(error.as_string("errors"));
  outcome.attempt = static_cast<int>(value.get_integer("attempt"));
  outcome.start_time = parse_time(value.get_string("start_time"));
  outcome.completion_time = parse_time(value.get_string("completion_time")).value_or(Time{});
  if (const Value* number = present("exit_status"))
    outcome.exit_status = static_cast<int>(number->as_integer());
  if (const Value* number = present("signal")) outcome.signal = static_cast<int>(number->as_integer());
  if (const Value* number = present("cpu_seconds")) outcome.cpu_seconds = number->as_number();
  if (const Value* number = present("max_rss_bytes")) outcome.max_rss_bytes = number->as_integer();
  if (const Value* result = present("result")) outcome.result = result->as_string("result");
  outcome.staged = value.get_string("staged");
  outcome.target = value.get_string("target");
  outcome.tracking_id = value.get_string("tracking_id");
  outcome.keep_previous = static_cast<int>(value.get_integer("keep_previous"));
  if (const Value* replaced = present("replaced")) outcome.replaced = replaced->as_boolean("replaced");
  outcome.note = value.get_string("note");
  if (const Value* progress = value.find("progress"); progress != nullptr && is_event(*progress))
    outcome.progress = *progress;
  if (const Value* metrics = value.find("metrics"); metrics != nullptr && metrics->is_object())
    outcome.metrics = *metrics;
  outcome.host = value.get_string("host");
  return outcome;
}

std::optional<Outcome> read_outcome(const JobPaths& paths) {
  const auto text = read_file_if_there(paths.outcome, kLargestOutcome, Links::keep);
  if (!text) return std::nullopt;
  return outcome_from(parse_json(*text, paths.outcome));
}

std::optional<Outcome> read_outcome_as_found(const JobPaths& paths) {
  try {
    return read_outcome(paths);
  } catch (const Error& error) {
    if (error.code() != StatusCode::invalid_argument) throw;
    Outcome outcome;
    outcome.reason = JobReason::lost;
    outcome.errors = {std::string("the record of the job's end is damaged: ") + error.what()};
    if (const auto status = file_status(paths.outcome))
      outcome.completion_time = Time(Duration(status->modified_ns / 1000));
    return outcome;
  }
}

}  // namespace ostler
