// A report as Markdown. Nothing from outside is Markdown: it stands in code spans and fenced blocks alone, so
// that it can neither be markup nor a mention of somebody.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "commands/output.h"
#include "commands/report_pages.h"
#include "commands/svg_chart.h"
#include "lib/base/strings.h"

namespace ostler {

namespace {

// GitHub's comments take 65,536 characters; the parts share that.
constexpr std::size_t kTableBytes = 28'000, kHistoryBytes = 8'000, kCurveBytes = 8'000, kJobBytes = 19'000;
constexpr std::size_t kCell = 200, kLine = 300, kBlock = 4'000;
constexpr std::size_t kShownRuns = 10;

std::string valid_utf8(std::string_view text) {
  std::string valid(text);
  for (std::size_t at = 0; (at = find_invalid_utf8(valid)) != std::string::npos;)
    valid.replace(at, 1, "\uFFFD");
  return valid;
}

// In a table's cell or a line. Backticks where the text is plain; else an element, in which everything that
// could be markup is a character reference, which never is.
std::string code(std::string_view given) {
  const std::string text = in_one_line(valid_utf8(bounded(given, kCell)));
  if (text.empty()) return "";
  const bool plain =
      text.find_first_of("`|\\") == std::string::npos && text.front() != ' ' && text.back() != ' ';
  if (plain) return "`" + text + "`";
  std::string escaped = "<code>";
  for (const char c : text) {
    const bool word = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                      c == ' ' || c == '/' || c == ',' || c == '.' || static_cast<unsigned char>(c) >= 0x80;
    escaped += word ? std::string(1, c) : fmt::format("&#{};", static_cast<int>(c));
  }
  return escaped + "</code>";
}

// A fence that the text cannot end.
std::string block(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& given : lines)
    for (const std::string& line : split(given, '\n'))
      text += printable(valid_utf8(bounded(line, kLine))) + "\n";
  text = bounded(text, kBlock);
  if (text.back() != '\n') text += "\n";
  std::size_t run = 0, longest = 2;
  for (const char c : text) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  const std::string fence(longest + 1, '`');
  return fence + "text\n" + text + fence + "\n";
}

std::string row(const std::vector<std::string>& cells) { return "| " + join(cells, " | ") + " |\n"; }

std::string header(const std::vector<std::string>& names) {
  return row(names) + row(std::vector<std::string>(names.size(), "---"));
}

// Adds lines while they have room.
class Part {
 public:
  explicit Part(std::size_t most) : most_(most) {}
  bool add(const std::string& text) {
    if (text_.size() + text.size() > most_) {
      ++left_out_;
      return false;
    }
    text_ += text;
    return true;
  }
  std::size_t left_out() const { return left_out_; }
  bool empty() const { return text_.empty(); }
  // What was left out is said after it: "\n3 more jobs are left out.\n"
  std::string text(const std::string& what) const {
    return left_out_ == 0 ? text_
                          : text_ + fmt::format("\n{} more {} left out for want of room.\n", left_out_, what);
  }

 private:
  std::string text_;
  std::size_t most_, left_out_ = 0;
};

// "accuracy 0.98, log_loss 0.06", the first ones; those on training data only where there are no others.
std::string metrics_of(const Value& metrics) {
  if (!metrics.is_object()) return "";
  std::vector<std::string> parts;
  for (const bool of_training : {false, true}) {
    if (!parts.empty()) break;
    for (const auto& [name, value] : metrics.as_object())
      if (parts.size() < 6 && starts_with(name, "train_") == of_training)
        parts.push_back(name + " " + (value.is_number() ? shown_number(value.as_number()) : to_json(value)));
  }
  return join(parts, ", ");
}

const char* sign_of(JobStatus status) {
  switch (status) {
    case JobStatus::QUEUED:
      return "⏳";
    case JobStatus::RUNNING:
      return "▶️";
    case JobStatus::COMPLETED:
      return "✅";
    case JobStatus::CANCELED:
      return "🚫";
    case JobStatus::ERRORED:
      return "❌";
  }
  return "";
}

std::string shown(double number) { return std::isnan(number) ? "" : shown_number(number); }

std::string job_table(const Report& report) {
  if (report.jobs.empty()) return "";
  Part part(kTableBytes);
  part.add(header({"Job", "Status", "Kind", "Module", "Duration", "Metrics", "Target"}));
  for (const ReportJob& job : report.jobs) {
    const JobInfo& info = job.info;
    part.add(
        row({code(info.external_id ? *info.external_id : info.uuid.substr(0, 8)),
             std::string(sign_of(info.status)) + " " + report_status(info),
             std::string(job_kind_name(info.kind)), code(info.module_name),
             report_duration(info, report.made), code(metrics_of(info.metrics)), code(report_target(info))}));
  }
  std::string text = part.text("jobs are");
  if (report.total > std::ssize(report.jobs))
    text +=
        fmt::format("\nThese are {} of {} jobs; `-n 0` reports on all.\n", report.jobs.size(), report.total);
  return text;
}

std::string histories(const Report& report) {
  Part part(kHistoryBytes);
  for (const ReportHistory& history : report.histories) {
    std::string text = fmt::format("\n### Trainings to {}\n\n", code(history.save_path));
    text += header({"Job", "Submitted", "Status", "Metrics"});
    const std::size_t from = history.runs.size() - std::min(kShownRuns, history.runs.size());
    for (std::size_t i = history.runs.size(); i-- > from;) {
      const JobInfo& run = history.runs[i];
      const bool stayed = run.status == JobStatus::COMPLETED && !report_took_place(run);
      text += row({code(run.uuid.substr(0, 8)), format_time(run.submission_time),
                   std::string(sign_of(run.status)) + " " + report_status(run) +
                       (stayed ? ", the one before stayed" : ""),
                   code(metrics_of(run.metrics))});
    }
    std::vector<Measured> measured;
    for (std::size_t i = 0; i < history.runs.size(); ++i)
      measured.push_back({static_cast<double>(i), history.runs[i].metrics, "", false});
    std::vector<std::string> lines;
    for (const Chart& chart : metric_charts(measured, ""))
      if (chart.lines[0].points.size() > 1)
        lines.push_back(chart.lines[0].name + " " + sparkline(chart.lines[0].points));
    if (!lines.empty())
      text += fmt::format("\nOver {} trainings, the oldest first:\n\n", history.runs.size()) + block(lines);
    part.add(text);
  }
  return part.text("save paths are");
}

std::string curves(const Report& report) {
  Part part(kCurveBytes);
  part.add("\n### Learning curves\n\n" + header({"Job", "Metric", "First", "Curve", "Last"}));
  const std::string empty = part.text("");
  for (const ReportJob& job : report.jobs) {
    std::vector<Measured> measured;
    if (job.curve.is_array())
      for (const Value& point : job.curve.as_array())
        measured.push_back(
            {point.get_number("done"), point.find("metrics") ? point.at("metrics") : Value(), "", false});
    for (const Chart& chart : metric_charts(measured, "")) {
      for (const Chart::Line& line : chart.lines) {
        if (line.points.size() < 2) continue;
        part.add(row({code(job.info.uuid.substr(0, 8)), code(line.name), shown(line.points.front().y),
                      sparkline(line.points), shown(line.points.back().y)}));
      }
    }
  }
  const std::string text = part.text("curves are");
  return text == empty ? "" : text;
}

std::vector<std::string> words_of(const Value& list) {
  std::vector<std::string> words;
  if (list.is_array())
    for (const Value& word : list.as_array())
      words.push_back(word.is_string() ? word.as_string() : to_json(word));
  return words;
}

// Why a job failed, the end of its log, and what made it.
std::string failure(const ReportJob& job) {
  const JobInfo& info = job.info;
  std::string text =
      fmt::format("\n### {} {} is {}\n\n", info.kind == JobKind::train ? "Training" : "Prediction",
                  code(info.id), report_status(info));
  if (!info.errors.empty()) text += block(info.errors) + "\n";
  if (!job.log_end.empty())
    text += fmt::format("<details><summary>The end of its log ({} lines)</summary>\n\n", job.log_end.size()) +
            block(job.log_end) + "\n</details>\n\n";
  std::vector<std::string> made;
  std::vector<std::string> command;
  for (const std::string& word : words_of(info.command)) command.push_back(shell_quote(word));
  if (!command.empty()) made.push_back(join(command, " "));
  if (info.parameters.size() > 0) made.push_back("parameters: " + to_json(info.parameters));
  if (!made.empty()) text += "Made by:\n\n" + block(made);
  return text;
}

}  // namespace

std::string report_as_markdown(const Report& report) {
  std::string text = "## ostler: " + report_summary(report) + "\n\n" + job_table(report);
  Part failures(kJobBytes);
  for (const ReportJob& job : report.jobs)
    if (job.info.status == JobStatus::ERRORED || job.info.status == JobStatus::CANCELED)
      failures.add(failure(job));
  text += failures.text("jobs that did not complete are");
  text += histories(report) + curves(report);
  return text + "\n<sub>ostler report, " + format_time(report.made) + "</sub>\n";
}

}  // namespace ostler
