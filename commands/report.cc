// ostler report [ID...]: what became of jobs, as Markdown or as one HTML page.

#include <algorithm>

#include "commands/command.h"
#include "commands/jobs.h"
#include "commands/output.h"
#include "commands/output_file.h"
#include "commands/report_pages.h"
#include "commands/selectors.h"

namespace ostler {

namespace {

constexpr std::int64_t kDefaultFinished = 20;
constexpr std::size_t kMostHistories = 20;
constexpr std::uint64_t kLogEnd = 64 << 10;

enum class Form { markdown, html };

// What --html and the name of -o say; they must not contradict each other.
Form form_of(const Invocation& invocation) {
  const bool html = invocation.has("--html");
  const auto output = invocation.value("--output");
  if (!output || descriptor_named(*output)) return html ? Form::html : Form::markdown;
  std::string name = file_name(*output);
  for (char& c : name)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  if (ends_with(name, ".html") || ends_with(name, ".htm")) return Form::html;
  const bool markdown = ends_with(name, ".md") || ends_with(name, ".markdown");
  if (markdown && html)
    throw invalid_argument("--html and -o " + *output +
                           " contradict each other: name a .html, or leave out --html");
  if (!markdown && !html)
    throw invalid_argument("-o " + *output +
                           ": the name says neither .md nor .html; rename it, or add --html");
  return html ? Form::html : Form::markdown;
}

// ESC [ ... letter: colours and the like.
std::string without_escapes(std::string_view line) {
  std::string plain;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\x1b' && i + 1 < line.size() && line[i + 1] == '[') {
      i += 2;
      while (i < line.size() && (line[i] < '@' || line[i] > '~')) ++i;
      continue;
    }
    plain += line[i];
  }
  return plain;
}

std::vector<std::string> log_end(const JobEngine& engine, const JobInfo& info) {
  const auto status = info.log_path.empty() ? std::nullopt : file_status(info.log_path, Links::keep);
  if (!status) return {};
  const std::uint64_t from = status->size > kLogEnd ? status->size - kLogEnd : 0;
  std::string text;
  engine.read_log(info.uuid, from, [&](std::string_view more) {
    text += more;
    if (text.size() > 2 * kLogEnd) text.erase(0, text.size() - kLogEnd);
  });
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  std::vector<std::string> lines;
  if (text.empty()) return lines;
  for (std::string& line : split(text, '\n')) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    // Of a line that was written over and over, what stood there at last.
    lines.push_back(without_escapes(line.substr(line.rfind('\r') + 1)));
  }
  if (lines.size() > kReportedLogLines) lines.erase(lines.begin(), lines.end() - kReportedLogLines);
  return lines;
}

// Of each save path that the jobs have: every training that ended with metrics, whichever were chosen.
std::vector<ReportHistory> histories_of(JobEngine& engine, const std::vector<JobInfo>& jobs) {
  std::vector<ReportHistory> histories;
  for (const JobInfo& info : jobs) {
    if (info.kind != JobKind::train || !info.save_path || histories.size() == kMostHistories) continue;
    if (std::any_of(histories.begin(), histories.end(),
                    [&](const ReportHistory& other) { return other.save_path == *info.save_path; }))
      continue;
    ReportHistory history{*info.save_path, {}};
    JobSelector selector;
    selector.save_path = info.save_path;
    selector.statuses = {JobStatus::COMPLETED, JobStatus::CANCELED, JobStatus::ERRORED};
    selector.limit = kReportedRuns;
    for (JobInfo& run : engine.list(selector).jobs)
      if (run.metrics.size() > 0) history.runs.push_back(std::move(run));
    std::reverse(history.runs.begin(), history.runs.end());
    histories.push_back(std::move(history));
  }
  std::erase_if(histories, [](const ReportHistory& history) { return history.runs.size() < 2; });
  return histories;
}

Report gather(const Invocation& invocation) {
  JobEngine& engine = invocation.manager().jobs();
  const std::vector<std::string>& ids = invocation.arguments[0];
  JobList list;
  if (ids.empty()) {
    list = engine.list(read_selector(invocation, kDefaultFinished));
  } else {
    for (const std::string& uuid : choose_jobs(invocation, ids)) list.jobs.push_back(engine.get_info(uuid));
    list.total = std::ssize(list.jobs);
  }
  Report report;
  report.made = Clock::system().now();
  report.total = list.total;
  report.histories = histories_of(engine, list.jobs);
  for (JobInfo& info : list.jobs) {
    ReportJob& job = report.jobs.emplace_back();
    if (report.jobs.size() <= kReportedInFull) {
      job.curve = engine.learning_curve(info.uuid);
      if (info.status == JobStatus::ERRORED || info.status == JobStatus::CANCELED)
        job.log_end = log_end(engine, info);
    }
    job.info = std::move(info);
  }
  return report;
}

int run(const Invocation& invocation) {
  const bool structured = invocation.json() || invocation.has("--format");
  if (structured && invocation.has("--html") && !invocation.has("--output"))
    throw invalid_argument("--json and --format take the page's place on standard output: add -o FILE");
  if (const auto line = invocation.value("--format"); line && line->find('{') == std::string::npos)
    throw invalid_argument(
        "--format is a line for each job, such as '{id} {status}'; a page is made by --html");
  check_job_format(invocation);
  const Form form = form_of(invocation);
  const Report report = gather(invocation);
  if (report.jobs.empty() && !invocation.quiet()) say("no jobs to report on");
  const std::string text = form == Form::html ? report_as_html(report) : report_as_markdown(report);
  if (const auto output = invocation.value("--output")) {
    end_cleanly_on_signals();
    OutputFile file(*output, "the report");
    print(text, file.fd(), *output);
    file.publish();
  } else if (!structured) {
    print(text);
  }
  if (structured) {
    std::vector<JobInfo> jobs;
    for (const ReportJob& job : report.jobs) jobs.push_back(job.info);
    print_structured(invocation, jobs_document(jobs, report.total), "jobs");
  }
  return 0;
}

}  // namespace

CommandSpec report_command() {
  CommandSpec command;
  command.name = "report";
  command.summary = "Report on jobs as Markdown, or as one HTML page with charts";
  command.usage = "ostler report [ID...]";
  command.examples = {
      "ostler report --group nightly >> \"$GITHUB_STEP_SUMMARY\"",
      "ostler report -o nightly.html --since 7d -n 0",
      "ostler train xgboost data.csv --label y --on-finish 'ostler report \"$OSTLER_JOB_ID\" -o last.html'"};
  command.arguments = {{"ID", "a job's id, external id, or the first characters of its uuid", 0, -1}};
  command.options =
      std::vector<OptionSpec>{{"--html", "", "", "an HTML page that needs nothing beside itself", "Options"},
                              {"--output", "-o", "FILE",
                               "write it to FILE, whole or not at all; .md or .html says which", "Options"}} +
      selector_options();
  command.notes =
      "Without an id the active jobs and the newest 20 that have ended, as ostler status shows them.\n"
      "Where several trainings were saved at one place, it shows how their metrics went.\n"
      "--json tells of the same jobs: in the place of Markdown, or beside the file of -o.\n"
      "Exits 0 also where jobs failed; ostler wait gives their codes.";
  command.group = "Jobs";
  command.exit_codes = {3};
  command.run = run;
  return command;
}

}  // namespace ostler
