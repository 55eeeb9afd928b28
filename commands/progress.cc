#include "commands/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "commands/output.h"

namespace ostler {

namespace {

std::string one_job(const JobInfo& info) {
  std::string text = fmt::format("{} {}", info.uuid.substr(0, 8), job_status_name(info.status));
  if (info.progress.is_object() && !is_terminal(info.status)) {
    const Value* total = info.progress.find("total");
    text += " " + shown_number(info.progress.get_number("done"));
    if (total != nullptr && !total->is_null()) text += "/" + shown_number(total->as_number());
    text += " " + info.progress.get_string("unit");
    if (const Value* metrics = info.progress.find("metrics"); metrics != nullptr && metrics->is_object())
      for (const auto& [name, value] : metrics->as_object())
        if (value.is_number()) text += fmt::format(" {}={}", name, shown_number(value.as_number()));
  }
  return text;
}

void write_stderr(const std::string& text) {
  [[maybe_unused]] const ssize_t written = ::write(2, text.data(), text.size());
}

}  // namespace

ProgressLine::ProgressLine(bool wanted)
    : wanted_(wanted), terminal_(stderr_is_terminal()), last_(Clock::system().steady()) {}

void ProgressLine::show(const std::vector<JobInfo>& jobs) {
  if (!wanted_) return;
  const Duration now = Clock::system().steady();
  const Duration interval =
      terminal_ ? Duration(std::chrono::milliseconds(100)) : Duration(std::chrono::seconds(10));
  if (now - last_ < interval) return;
  last_ = now;
  std::size_t ended = 0;
  std::string active;
  for (const JobInfo& info : jobs) {
    if (is_terminal(info.status)) {
      ++ended;
    } else if (active.empty()) {
      active = one_job(info);
    }
  }
  if (active.empty()) return;
  if (jobs.size() > 1) active = fmt::format("{}/{} ended, {}", ended, jobs.size(), active);
  if (!terminal_) {
    write_stderr("ostler: " + active + "\n");
    return;
  }
  winsize size{};
  const std::size_t columns = ::ioctl(2, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
  if (active.size() >= columns) active.resize(columns - 1);
  write_stderr("\r\x1b[K" + active);
  shown_ = true;
}

void ProgressLine::clear() {
  if (shown_) write_stderr("\r\x1b[K");
  shown_ = false;
}

}  // namespace ostler
