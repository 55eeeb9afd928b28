// A report as one HTML page. It needs nothing beside itself: no script, no font, no picture from elsewhere;
// the policy in its head has a browser refuse them, whatever a log holds.

#include <fmt/format.h>

#include <cmath>

#include "commands/output.h"
#include "commands/report_pages.h"
#include "commands/svg_chart.h"
#include "lib/base/install.h"
#include "lib/base/strings.h"

namespace ostler {

namespace {

constexpr std::size_t kMostRows = 1000;
constexpr std::size_t kText = 2'000, kLine = 500, kParameters = 4'000;
constexpr std::size_t kShownRuns = 10;

constexpr char kStyle[] = R"css(
:root { color-scheme: light dark; --ground: #ffffff; --card: #f6f7f9; --text: #1b1f24; --quiet: #5c6570; --rule: #d9dee4;
  --line0: #2563a8; --line1: #c2571a; --good: #1a7f37; --bad: #c0262d; --busy: #9a6700; }
@media (prefers-color-scheme: dark) { :root { --ground: #14171b; --card: #1c2026; --text: #e4e8ec; --quiet: #99a3ae; --rule: #343b44;
  --line0: #6cb0f5; --line1: #f0955a; --good: #4ac26b; --bad: #ff7b72; --busy: #d9a83a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 84rem; padding: 1.5rem clamp(1rem, 3vw, 2.5rem) 3rem; background: var(--ground); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .2rem; } h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; }
h3 { font-size: 1rem; margin: 1.2rem 0 .4rem; } p { margin: .3rem 0; }
.quiet { color: var(--quiet); } .summary { font-size: 1.05rem; }
code, pre, .mono { font: 13px/1.45 ui-monospace, SFMono-Regular, Menlo, "DejaVu Sans Mono", monospace; }
code { overflow-wrap: anywhere; }
pre { margin: .3rem 0 .8rem; padding: .7rem .9rem; background: var(--card); border: 1px solid var(--rule); border-radius: 6px;
  white-space: pre-wrap; overflow-wrap: anywhere; }
pre.error { border-left: 3px solid var(--bad); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th, td { text-align: left; vertical-align: top; padding: .38rem .7rem .38rem 0; border-bottom: 1px solid var(--rule); }
th { color: var(--quiet); font-weight: 600; white-space: nowrap; } td.number { white-space: nowrap; font-variant-numeric: tabular-nums; }
td.target { min-width: 11rem; }
a { color: var(--line0); text-decoration: none; } a:hover { text-decoration: underline; }
.status { font-weight: 600; white-space: nowrap; } .COMPLETED { color: var(--good); } .ERRORED { color: var(--bad); }
.RUNNING { color: var(--busy); } .QUEUED, .CANCELED { color: var(--quiet); }
.metric { display: inline-block; margin-right: .8rem; white-space: nowrap; } .metric span { color: var(--quiet); }
section.job { border-top: 1px solid var(--rule); margin-top: 1.6rem; padding-top: .4rem; }
section.job h3 { margin-top: .4rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: .4rem 0 .8rem; font-size: 14px; }
dt { color: var(--quiet); } dd { margin: 0; overflow-wrap: anywhere; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 21rem), 1fr)); gap: .8rem; margin: .6rem 0 1rem; }
.charts svg { width: 100%; height: auto; background: var(--card); border: 1px solid var(--rule); border-radius: 6px; }
svg text { font: 11px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: var(--quiet); }
svg text.title { font-size: 13px; font-weight: 600; fill: var(--text); }
svg .grid { stroke: var(--rule); stroke-width: 1; } svg .axis { stroke: var(--quiet); stroke-width: 1; }
svg .line { fill: none; stroke-width: 1.8; stroke-linejoin: round; } svg .line0 { stroke: var(--line0); } svg .line1 { stroke: var(--line1); stroke-dasharray: 5 3; }
svg .point { stroke-width: 1.5; stroke-dasharray: none; } svg .point.line0 { fill: var(--line0); } svg .point.line1 { fill: var(--line1); }
svg .point.hollow { fill: var(--card); } svg .point.quiet { opacity: 0; } svg .point.quiet:hover { opacity: 1; }
@media print { body { max-width: none; padding: 0; font-size: 11px; } table, dl { font-size: 10px; } code, pre { font-size: 9px; }
  svg, tr, pre { break-inside: avoid; } h2, h3 { break-after: avoid; } .charts { grid-template-columns: repeat(2, 1fr); } a { color: inherit; } }
)css";

std::string text(std::string_view given, std::size_t most = kText) {
  return escape_html(bounded(given, most));
}

// A name or path: never broken into lines by what it holds.
std::string code(std::string_view given) {
  return given.empty() ? "" : "<code>" + escape_html(in_one_line(bounded(given, kText))) + "</code>";
}

// The first ones; those on training data only where they are asked for, or there are no others.
std::string metric_list(const Value& metrics, bool of_training_too) {
  if (!metrics.is_object()) return "";
  std::string html;
  std::size_t count = 0;
  for (const bool of_training : {false, true}) {
    if (of_training && count > 0 && !of_training_too) break;
    for (const auto& [name, value] : metrics.as_object()) {
      if (starts_with(name, "train_") != of_training) continue;
      if (++count > 12) return html + "…";
      html += fmt::format("<span class=\"metric\"><span>{}</span> {}</span> ", text(name, 60),
                          value.is_number() ? shown_number(value.as_number()) : text(to_json(value), 60));
    }
  }
  return html;
}

// "eta=0.1 rounds=100", without those that are null.
std::string parameter_list(const Value& parameters) {
  std::string list;
  if (parameters.is_object())
    for (const auto& [name, value] : parameters.as_object())
      if (!value.is_null())
        list += (list.empty() ? "" : " ") + name + "=" +
                (value.is_string() ? shell_quote(value.as_string()) : to_json(value));
  return list.empty() ? "" : "<code>" + escape_html(in_one_line(bounded(list, kParameters))) + "</code>";
}

std::string status_of(const JobInfo& info) {
  return fmt::format("<span class=\"status {}\">{}</span>", job_status_name(info.status),
                     report_status(info));
}

// The job's uuid is one; so it is safe in an address.
std::string link_to(const JobInfo& info, bool has_section) {
  const std::string name = info.uuid.substr(0, 8);
  std::string html = has_section ? fmt::format("<a class=\"mono\" href=\"#job-{}\">{}</a>", info.uuid, name)
                                 : fmt::format("<span class=\"mono\">{}</span>", name);
  if (info.external_id) html += "<br/>" + code(bounded(*info.external_id, 100));
  return html;
}

std::string table_head(const std::vector<std::string>& names) {
  return "<thead><tr><th>" + join(names, "</th><th>") + "</th></tr></thead>\n<tbody>\n";
}

std::string charts(const std::vector<Chart>& drawn) {
  if (drawn.empty()) return "";
  std::string html = "<div class=\"charts\">\n";
  for (const Chart& chart : drawn) html += to_svg(chart);
  return html + "</div>\n";
}

std::string job_table(const Report& report) {
  std::string html =
      "<h2>Jobs</h2>\n<div class=\"wide\"><table>\n" +
      table_head({"Job", "Status", "Kind", "Module", "Submitted", "Duration", "Metrics", "Target"});
  std::size_t count = 0;
  for (const ReportJob& job : report.jobs) {
    if (++count > kMostRows) break;
    const JobInfo& info = job.info;
    html += fmt::format(
        "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td class=\"number\">{}</td><td "
        "class=\"number\">{}</td>"
        "<td>{}</td><td class=\"target\">{}</td></tr>\n",
        link_to(info, count <= kReportedInFull), status_of(info), job_kind_name(info.kind),
        text(info.module_name, 100),
        format_time(std::chrono::floor<std::chrono::seconds>(info.submission_time)),
        report_duration(info, report.made), metric_list(info.metrics, false), code(report_target(info)));
  }
  html += "</tbody></table></div>\n";
  if (report.jobs.size() > kMostRows)
    html += fmt::format("<p class=\"quiet\">The first {} of {}.</p>\n", kMostRows, report.jobs.size());
  if (report.total > std::ssize(report.jobs))
    html += fmt::format("<p class=\"quiet\">These are {} of {} jobs; <code>-n 0</code> reports on all.</p>\n",
                        report.jobs.size(), report.total);
  return html;
}

std::string history(const ReportHistory& shown) {
  std::vector<Measured> measured;
  std::vector<std::string> names;
  for (const JobInfo& run : shown.runs) {
    measured.push_back(
        {static_cast<double>(names.size()), run.metrics, report_run(run), !report_took_place(run)});
    names.push_back(format_time(run.submission_time).substr(0, 10));
  }
  std::string html = "<h2>Trainings to " + code(shown.save_path) + "</h2>\n";
  html += fmt::format(
      "<p class=\"quiet\">{} trainings, the oldest first; a hollow point did not take its place there.</p>\n",
      shown.runs.size());
  html += charts(metric_charts(measured, "training", names));
  html += "<div class=\"wide\"><table>\n" + table_head({"Job", "Submitted", "Status", "Module", "Metrics"});
  const std::size_t from = shown.runs.size() - std::min(kShownRuns, shown.runs.size());
  for (std::size_t i = shown.runs.size(); i-- > from;) {
    const JobInfo& run = shown.runs[i];
    const bool stayed = run.status == JobStatus::COMPLETED && !report_took_place(run);
    html += fmt::format(
        "<tr><td>{}</td><td class=\"number\">{}</td><td>{}{}</td><td>{}</td><td>{}</td></tr>\n",
        link_to(run, false), format_time(std::chrono::floor<std::chrono::seconds>(run.submission_time)),
        status_of(run), stayed ? "<br/>the one before stayed" : "", text(run.module_name, 100),
        metric_list(run.metrics, false));
  }
  return html + "</tbody></table></div>\n";
}

std::string block(const std::vector<std::string>& lines, const char* css = "") {
  std::string html = fmt::format("<pre class=\"{}\">", css);
  for (const std::string& line : lines) html += text(line, kLine) + "\n";
  html.pop_back();
  return html + "</pre>\n";
}

std::string definition(const std::string& name, const std::string& html) {
  return html.empty() ? "" : "<dt>" + name + "</dt><dd>" + html + "</dd>\n";
}

std::string words(const Value& list) {
  std::vector<std::string> quoted;
  if (list.is_array())
    for (const Value& word : list.as_array())
      quoted.push_back(shell_quote(word.is_string() ? word.as_string() : to_json(word)));
  return join(quoted, " ");
}

std::string job_section(const ReportJob& job, Time now) {
  const JobInfo& info = job.info;
  std::string html =
      fmt::format("<section class=\"job\" id=\"job-{}\">\n<h3>{} {} {}</h3>\n", info.uuid,
                  info.kind == JobKind::train ? "Training" : "Prediction", code(info.id), status_of(info));
  if (!info.errors.empty()) html += block(info.errors, "error");
  if (!info.note.empty()) html += "<p>" + text(info.note) + "</p>\n";
  if (!job.log_end.empty()) html += "<p class=\"quiet\">The end of its log:</p>\n" + block(job.log_end);
  std::vector<Measured> measured;
  if (job.curve.is_array())
    for (const Value& point : job.curve.as_array()) {
      const Value* metrics = point.find("metrics");
      const double done = point.get_number("done");
      measured.push_back({done, metrics == nullptr ? Value() : *metrics, shown_number(done), false});
    }
  const std::string unit = info.progress.is_object() ? info.progress.get_string("unit") : "";
  // A single point is no curve.
  if (measured.size() > 1)
    html += charts(metric_charts(measured, bounded(unit.empty() ? "progress" : unit, 40)));
  html += "<dl>\n";
  html += definition("module",
                     text(info.module_name + (info.module_version.empty() ? "" : " " + info.module_version)));
  html += definition("metrics", metric_list(info.metrics, true));
  html += definition("duration", report_duration(info, now));
  html += definition(info.kind == JobKind::train ? "save path" : "model", code(report_target(info)));
  html += definition("data", code(words(info.data)));
  html += definition("parameters", parameter_list(info.parameters));
  html += definition("host", text(info.host));
  html += definition("directory", code(info.working_directory));
  html += definition("command", code(words(info.command)));
  return html + "</dl>\n</section>\n";
}

}  // namespace

std::string report_as_html(const Report& report) {
  const std::string summary = escape_html(report_summary(report));
  std::string html =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'\"/>\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
      "<meta name=\"referrer\" content=\"no-referrer\"/>\n"
      "<title>ostler: " +
      summary + "</title>\n<style>" + kStyle +
      "</style>\n</head>\n<body>\n<h1>ostler report</h1>\n<p class=\"summary\">" + summary +
      "</p>\n<p class=\"quiet\">made " + format_time(std::chrono::floor<std::chrono::seconds>(report.made)) +
      " by ostler " + version() + "</p>\n";
  if (!report.jobs.empty()) html += job_table(report);
  for (const ReportHistory& shown : report.histories) html += history(shown);
  if (!report.jobs.empty()) html += "<h2>Each job</h2>\n";
  std::size_t count = 0;
  for (const ReportJob& job : report.jobs)
    if (++count <= kReportedInFull) html += job_section(job, report.made);
  if (count > kReportedInFull)
    html += fmt::format("<p class=\"quiet\">The first {} of {}.</p>\n", kReportedInFull, count);
  return html + "</body>\n</html>\n";
}

}  // namespace ostler
