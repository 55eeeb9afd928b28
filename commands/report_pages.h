#pragma once

// What a report tells, and its two forms. Everything in it that comes from outside (names, paths, messages,
// logs, parameters) is escaped for the form, and both are bounded in size, whatever the jobs hold; what was
// left out is said.

#include <string>
#include <vector>

#include "lib/core/job.h"

namespace ostler {

struct ReportJob {
  JobInfo info;
  Value curve;                       // JobEngine::learning_curve
  std::vector<std::string> log_end;  // the last lines, of a job that did not complete
};

// The trainings that were saved at one place, the oldest first.
struct ReportHistory {
  std::string save_path;
  std::vector<JobInfo> runs;
};

struct Report {
  Time made{};
  std::vector<ReportJob> jobs;  // in the order of `ostler status`
  std::int64_t total = 0;       // with those that the selector's limit left out
  std::vector<ReportHistory> histories;
};

constexpr std::size_t kReportedInFull =
    100;  // jobs with curves and the end of their logs; the others are in the table
constexpr std::size_t kReportedLogLines = 20;
constexpr std::size_t kReportedRuns = 200;  // of a save path, the newest

// "4 jobs: 1 running, 2 completed, 1 errored; 3m 4s of work"
std::string report_summary(const Report& report);
// "ERRORED (signal)"
std::string report_status(const JobInfo& info);
// From the start to the end, or to now; "" where it has not started.
std::string report_duration(const JobInfo& info, Time now);
// Its save path, or the model of a prediction.
std::string report_target(const JobInfo& info);
// "short_id, time, COMPLETED", and a word where the model did not stay.
std::string report_run(const JobInfo& info);
// Whether the run's model took the place of the one before.
bool report_took_place(const JobInfo& info);

// GitHub's and GitLab's Markdown, at most 64,000 bytes, so that it fits into a comment.
std::string report_as_markdown(const Report& report);
// One page: no network, no script; light or dark as the reader likes it, and fit for paper. Well-formed as
// XML.
std::string report_as_html(const Report& report);

}  // namespace ostler
