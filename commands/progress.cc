#include "commands/progress.h"

#include <fmt/format.h>

#include <algorithm>

#include "commands/output.h"
#include "lib/base/files.h"
#include "lib/base/strings.h"

namespace ostler {

namespace {

constexpr Duration kLiveInterval = std::chrono::milliseconds(100);
constexpr Duration kFirstPlain = std::chrono::seconds(10), kLongest = std::chrono::seconds(60);
// A prediction that is over in a moment draws nothing.
constexpr Duration kFirstRows = std::chrono::seconds(1);
constexpr std::size_t kShortestBar = 10, kLongestBar = 24;

// What is known of how far something is, the most important first; what is unknown is empty.
struct Parts {
  std::string name;
  std::optional<double> part;  // 0 to 1
  std::vector<std::string> words, metrics;
};

std::string percent(double part) { return fmt::format("{:3.0f}%", std::clamp(part, 0.0, 1.0) * 100); }

std::string rate_text(double rate) {
  return rate >= 100 ? fmt::format("{:.0f}", rate) : fmt::format("{:.3g}", rate);
}

std::string left_text(double seconds_left) {
  return format_duration(std::chrono::seconds(static_cast<long long>(seconds_left + 0.5))) + " left";
}

std::string plain_line(const Parts& parts) {
  std::vector<std::string> words = {parts.name};
  if (parts.name.empty()) words.clear();
  if (parts.part) words.emplace_back(trim(percent(*parts.part)));
  words.insert(words.end(), parts.words.begin(), parts.words.end());
  words.insert(words.end(), parts.metrics.begin(), parts.metrics.end());
  return join(words, ", ");
}

// A bar where it leaves room for the first metric; of the others as many as fit.
std::string live_line(const Parts& parts, std::size_t columns) {
  std::vector<std::string> words;
  if (!parts.name.empty()) words.push_back(parts.name);
  const std::size_t place_of_bar = words.size();
  if (parts.part) words.push_back(percent(*parts.part));
  words.insert(words.end(), parts.words.begin(), parts.words.end());
  std::size_t taken = columns_of(join(words, "  ")), bar = 0;
  const auto fits = [&](const std::string& word) { return taken + 2 + columns_of(word) < columns; };
  const std::size_t first = parts.metrics.empty() ? 0 : columns_of(parts.metrics[0]) + 2;
  if (parts.part && taken + first + 2 + kShortestBar < columns) taken += 2 + (bar = kShortestBar);
  for (const std::string& metric : parts.metrics) {
    if (!fits(metric)) break;
    taken += 2 + columns_of(metric);
    words.push_back(metric);
  }
  if (bar > 0) {
    if (taken - bar + kLongestBar < columns) bar = kLongestBar;  // one of two, so that lines look alike
    words.insert(words.begin() + static_cast<std::ptrdiff_t>(place_of_bar), progress_bar(*parts.part, bar));
  }
  return join(words, "  ");
}

Parts parts_of(const JobInfo& info) {
  Parts parts;
  parts.name = info.uuid.substr(0, 8);
  const Time now = Clock::system().now();
  const auto since = [&](Time time) {
    return format_duration(std::chrono::floor<std::chrono::seconds>(std::max(Duration(0), now - time)));
  };
  if (info.cancel_requested) {
    parts.words = {"being canceled"};
  } else if (info.status == JobStatus::QUEUED) {
    parts.words = {"QUEUED for " + since(info.submission_time)};
  } else if (info.next_attempt_time) {
    parts.words = {fmt::format("attempt {} in {}", info.attempt + 1,
                               format_duration(std::max(Duration(0), *info.next_attempt_time - now)))};
  } else if (!info.progress.is_object()) {
    parts.words = {"RUNNING for " + since(info.start_time.value_or(now))};
  } else {
    const auto number = [&](const char* name) -> std::optional<double> {
      const Value* value = info.progress.find(name);
      return value != nullptr && value->is_number() ? std::optional(value->as_number()) : std::nullopt;
    };
    const double done = number("done").value_or(0);
    std::string counted = shown_number(done);
    if (const auto total = number("total"); total && *total > 0) {
      parts.part = done / *total;
      counted += "/" + shown_number(*total);
    }
    const std::string unit = in_one_line(info.progress.get_string("unit"));
    parts.words.push_back(unit.empty() ? counted : counted + " " + unit);
    if (const auto rate = number("rate"); rate && *rate > 0) parts.words.push_back(rate_text(*rate) + "/s");
    if (const auto left = number("eta"); left && *left >= 1) parts.words.push_back(left_text(*left));
    parts.metrics = metric_words(info.metrics);
  }
  return parts;
}

std::string sum_of(const std::vector<JobInfo>& jobs) {
  std::size_t queued = 0, running = 0, not_completed = 0;
  for (const JobInfo& info : jobs) {
    if (info.status == JobStatus::QUEUED) ++queued;
    if (info.status == JobStatus::RUNNING) ++running;
    if (info.status == JobStatus::CANCELED || info.status == JobStatus::ERRORED) ++not_completed;
  }
  std::string text = fmt::format("{} of {} jobs ended", jobs.size() - queued - running, jobs.size());
  if (not_completed > 0) text += fmt::format(", {} of them not COMPLETED", not_completed);
  if (running > 0) text += fmt::format(", {} RUNNING", running);
  if (queued > 0) text += fmt::format(", {} QUEUED", queued);
  return text;
}

}  // namespace

Progress::Progress(bool wanted) : wanted_(wanted), interval_(kFirstPlain) {
  if (!wanted) return;
  if (is_live_terminal(2))
    lines_.emplace();
  else
    next_ = Clock::system().steady() + interval_;
}

bool Progress::is_due() {
  if (!wanted_) return false;
  if (Clock::system().steady() >= next_) return true;
  if (!shown_ || !lines_) return false;
  const TerminalSize size = terminal_size(2);
  return size.columns != size_.columns || size.rows != size_.rows;
}

void Progress::show(const std::vector<std::string>& lines) {
  const Duration now = Clock::system().steady();
  if (lines_) {
    size_ = terminal_size(2);
    lines_->draw(lines);
    shown_ = true;
    next_ = now + kLiveInterval;
    return;
  }
  for (const std::string& line : lines) say(line);
  next_ = now + interval_;
  interval_ = std::min(2 * interval_, kLongest);
}

bool Progress::clear() {
  if (lines_) lines_->clear();
  return std::exchange(shown_, false);
}

void JobProgress::show(const std::vector<JobInfo>& jobs) {
  if (!progress_.is_due()) return;
  std::vector<const JobInfo*> active;
  for (const JobStatus status : {JobStatus::RUNNING, JobStatus::QUEUED})
    for (const JobInfo& info : jobs)
      if (info.status == status) active.push_back(&info);
  if (active.empty()) return;
  if (!progress_.is_live()) {
    const std::string first = plain_line(parts_of(*active[0]));
    progress_.show({jobs.size() == 1 ? first : sum_of(jobs) + "; " + first});
    return;
  }
  const TerminalSize size = terminal_size(2);
  std::size_t room = std::max<std::size_t>(size.rows, 2) - 1;
  if (jobs.size() > 1) --room;
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < std::min(active.size(), room); ++i)
    lines.push_back(live_line(parts_of(*active[i]), size.columns));
  if (jobs.size() > 1) lines.push_back(sum_of(jobs));
  progress_.show(lines);
}

RowProgress::RowProgress(bool wanted, std::vector<RecordSource>& sources)
    : wanted_(wanted), progress_(wanted), began_(Clock::system().steady()) {
  if (!wanted) return;
  for (RecordSource& source : sources) {
    const auto status = source.fd < 0 ? file_status(source.path) : std::nullopt;
    if (!status || status->type != FileStatus::Type::file) {
      total_bytes_ = 0;
      return;
    }
    total_bytes_ += static_cast<double>(status->size);
  }
  for (RecordSource& source : sources)
    source.seen = [this](std::string_view bytes) {
      bytes_.fetch_add(bytes.size(), std::memory_order_relaxed);
    };
}

void RowProgress::show(std::uint64_t rows) {
  if (!progress_.is_due()) return;
  const double elapsed = seconds(Clock::system().steady() - began_);
  if (elapsed < seconds(kFirstRows)) return;
  Parts parts;
  parts.words = {fmt::format("{} rows", rows), rate_text(static_cast<double>(rows) / elapsed) + " rows/s"};
  // Reading is ahead of predicting: once all is read, nobody knows how much of it is predicted.
  if (const auto bytes = static_cast<double>(bytes_); bytes > 0 && bytes < total_bytes_) {
    parts.part = bytes / total_bytes_;
    if (const double left = elapsed * (1 - *parts.part) / *parts.part; left >= 1)
      parts.words.push_back(left_text(left));
  }
  progress_.show({progress_.is_live() ? live_line(parts, terminal_size(2).columns)
                                      : "predicting: " + plain_line(parts)});
}

void RowProgress::finish(std::uint64_t rows, const std::string& file) {
  const bool was_there = progress_.clear() && progress_.is_live();
  if (!was_there && (!wanted_ || file.empty() || !stderr_is_terminal())) return;
  say(fmt::format("{} {} in {}{}", rows, rows == 1 ? "row" : "rows",
                  format_duration(Clock::system().steady() - began_),
                  file.empty() ? "" : ": " + printable(file)));
}

}  // namespace ostler
