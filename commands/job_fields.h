#pragma once

// Parts of a job by name, for `status --columns` and `--sort`: a member of its JSON ("status", "save_path",
// "module.name"), metric.NAME, param.NAME, tag.NAME, and "duration" (seconds).

#include <string>
#include <vector>

#include "lib/manager/model_manager.h"

namespace ostler {

struct JobField {
  std::string name;  // as it was given
  std::string path;  // into the job's JSON: "metrics.accuracy"
};

// All that there are beside those of metrics, parameters and tags, and those that jobs can be sorted by.
const std::vector<std::string>& member_names();
const std::vector<std::string>& sortable_names();

// Error (invalid_argument) with the nearest name for what no job has.
JobField parse_job_field(const std::string& name, const std::string& option);
// Names separated by commas.
std::vector<JobField> parse_job_fields(const std::string& names, const std::string& option);

// null where the job has none.
Value field_of(const Value& job, const JobField& field);

// The order of --sort: of a metric the best first, else the smallest; the other way with `reverse`. Jobs that
// have no such thing are last. What cannot be sorted by is an Error (invalid_argument).
JobSelector::Sort read_sort(const std::string& name, bool reverse);
// Sorts running and queued jobs in among those that have ended.
void sort_jobs(std::vector<JobInfo>& jobs, const JobSelector::Sort& sort);

// Those parts of each job: a table, or CSV (RFC 4180, to the last digit).
std::string fields_table(const std::vector<JobInfo>& jobs, const std::vector<JobField>& fields);
std::string fields_csv(const std::vector<JobInfo>& jobs, const std::vector<JobField>& fields);

}  // namespace ostler
