// What both forms of a report say in the same words.

#include "commands/report_pages.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/base/files.h"
#include "lib/base/strings.h"

namespace ostler {

std::string report_summary(const Report& report) {
  if (report.jobs.empty()) return "no jobs";
  std::array<std::size_t, 5> counts{};
  Duration work{0};
  for (const ReportJob& job : report.jobs) {
    ++counts[static_cast<std::size_t>(job.info.status)];
    if (job.info.start_time)
      work += std::max(Duration(0), job.info.completion_time.value_or(report.made) - *job.info.start_time);
  }
  constexpr std::array<const char*, 5> words = {"queued", "running", "completed", "canceled", "errored"};
  std::vector<std::string> parts;
  for (const JobStatus status :
       {JobStatus::ERRORED, JobStatus::CANCELED, JobStatus::RUNNING, JobStatus::QUEUED, JobStatus::COMPLETED})
    if (const auto at = static_cast<std::size_t>(status); counts[at] > 0)
      parts.push_back(fmt::format("{} {}", counts[at], words[at]));
  std::string text = fmt::format("{} {}: {}", report.jobs.size(), report.jobs.size() == 1 ? "job" : "jobs",
                                 join(parts, ", "));
  if (work > Duration(0)) text += "; " + format_duration(work) + " of work";
  return text;
}

std::string report_status(const JobInfo& info) {
  std::string text(job_status_name(info.status));
  if (info.reason != JobReason::none) text += " (" + std::string(job_reason_name(info.reason)) + ")";
  return text;
}

std::string report_duration(const JobInfo& info, Time now) {
  if (!info.start_time) return "";
  return format_duration(std::max(Duration(0), info.completion_time.value_or(now) - *info.start_time));
}

std::string report_target(const JobInfo& info) {
  if (info.kind == JobKind::predict) return info.model;
  // Within the job's directory: it has no place of its own.
  const bool own = info.save_path && parent_path(*info.save_path) == info.directory;
  return info.save_path && !own ? *info.save_path : "";
}

std::string report_run(const JobInfo& info) {
  std::string text =
      info.uuid.substr(0, 8) + ", " + format_time(info.submission_time) + ", " + report_status(info);
  if (info.status == JobStatus::COMPLETED && !report_took_place(info)) text += ", the one before stayed";
  return text;
}

bool report_took_place(const JobInfo& info) {
  return info.status == JobStatus::COMPLETED && info.replaced.value_or(true);
}

}  // namespace ostler
