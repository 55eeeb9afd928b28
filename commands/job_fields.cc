#include "commands/job_fields.h"

#include <algorithm>

#include "commands/jobs.h"
#include "commands/output.h"
#include "lib/base/error.h"
#include "lib/base/strings.h"
#include "lib/core/learning_task.h"

namespace ostler {

const std::vector<std::string>& member_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    const Value job = job_to_value({});
    for (const auto& [name, value] : job.as_object()) list.push_back(name);
    list.emplace_back("duration");
    return list;
  }();
  return names;
}

const std::vector<std::string>& sortable_names() {
  static const std::vector<std::string> names = {
      "submission_time", "start_time", "completion_time", "duration", "status", "module", "priority"};
  return names;
}

namespace {

struct Group {
  std::string_view name, member;
};
constexpr Group kGroups[] = {{"metric.", "metrics."}, {"param.", "params."}, {"tag.", "tags."}};

// Of a name that is not known, with its group mistyped, too.
std::string did_you_mean_field(const std::string& name, const std::vector<std::string>& known) {
  const std::size_t dot = name.find('.');
  if (dot < name.size() - 1)
    if (const auto group = nearest(name.substr(0, dot), {"metric", "param", "tag"}))
      return "; did you mean \"" + *group + name.substr(dot) + "\"?";
  if (find_metric(name) != nullptr) return "; did you mean \"metric." + name + "\"?";
  return did_you_mean(name.substr(0, dot), known);
}

Value with_duration(const JobInfo& info) {
  Value job = job_to_value(info);
  const auto taken = time_taken(info.start_time, info.completion_time);
  job["duration"] = taken ? Value(seconds(*taken)) : Value();
  return job;
}

std::string cell(const Value& value, bool exact) {
  if (value.is_null()) return "";
  if (value.is_string()) return value.as_string();
  if (value.is_number()) return exact ? number_to_text(value.as_number()) : shown_number(value.as_number());
  return to_json(value);
}

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

// -1, 0, 1; numbers before texts.
int compare(const Value& left, const Value& right) {
  if (left.is_number() != right.is_number()) return left.is_number() ? -1 : 1;
  if (left.is_number()) {
    const double a = left.as_number(), b = right.as_number();
    return a < b ? -1 : a > b ? 1 : 0;
  }
  const std::string a = cell(left, true), b = cell(right, true);
  return a < b ? -1 : a > b ? 1 : 0;
}

}  // namespace

JobField parse_job_field(const std::string& name, const std::string& option) {
  for (const Group& group : kGroups)
    if (starts_with(name, group.name) && name.size() > group.name.size())
      return {name, std::string(group.member) + name.substr(group.name.size())};
  const std::string first = name.substr(0, name.find('.'));
  const std::vector<std::string>& known = member_names();
  if (std::find(known.begin(), known.end(), first) == known.end())
    throw invalid_argument(
        option + ": a job has no \"" + name + "\"" + did_you_mean_field(name, known) +
        "; there are metric.NAME, param.NAME, tag.NAME, and what ostler status --json shows");
  return {name, name == "module" ? "module.name" : name};
}

std::vector<JobField> parse_job_fields(const std::string& names, const std::string& option) {
  std::vector<JobField> fields;
  for (const std::string& name : split(names, ','))
    fields.push_back(parse_job_field(std::string(trim(name)), option));
  return fields;
}

Value field_of(const Value& job, const JobField& field) {
  // The name of a metric may have dots: all that follows the first one is tried as one name.
  const std::size_t dot = field.path.find('.');
  const Value* value = job.find(field.path.substr(0, dot));
  std::string rest = dot == std::string::npos ? "" : field.path.substr(dot + 1);
  while (value != nullptr && !rest.empty()) {
    if (const Value* whole = value->find(rest)) return *whole;
    const std::size_t next = rest.find('.');
    if (next == std::string::npos) return {};
    value = value->find(rest.substr(0, next));
    rest = rest.substr(next + 1);
  }
  return value == nullptr ? Value() : *value;
}

JobSelector::Sort read_sort(const std::string& name, bool reverse) {
  JobSelector::Sort sort;
  sort.by = name;
  for (const Group& group : kGroups)
    if (starts_with(name, group.name) && name.size() > group.name.size()) {
      if (name.find('"') != std::string::npos)
        throw invalid_argument("--sort: a name with a quote cannot be sorted by");
      if (group.name == "metric.") {
        const MetricSpec* known = find_metric(std::string_view(name).substr(group.name.size()));
        sort.descending = known == nullptr || known->larger_is_better;
      }
      sort.descending = sort.descending != reverse;
      return sort;
    }
  const std::vector<std::string>& known = sortable_names();
  if (std::find(known.begin(), known.end(), name) == known.end())
    throw invalid_argument("--sort " + name + ": jobs cannot be sorted by that" +
                           did_you_mean_field(name, known) +
                           "; there are metric.NAME, param.NAME, tag.NAME, " + join(known, ", "));
  sort.descending = reverse;
  return sort;
}

void sort_jobs(std::vector<JobInfo>& jobs, const JobSelector::Sort& sort) {
  const JobField field = parse_job_field(sort.by, "--sort");
  std::vector<std::pair<Value, std::size_t>> keys;
  for (std::size_t i = 0; i < jobs.size(); ++i) keys.emplace_back(field_of(with_duration(jobs[i]), field), i);
  std::stable_sort(keys.begin(), keys.end(), [&](const auto& left, const auto& right) {
    if (left.first.is_null() || right.first.is_null()) return !left.first.is_null() && right.first.is_null();
    const int order = compare(left.first, right.first);
    return sort.descending ? order > 0 : order < 0;
  });
  std::vector<JobInfo> sorted;
  sorted.reserve(jobs.size());
  for (const auto& [key, index] : keys) sorted.push_back(std::move(jobs[index]));
  jobs = std::move(sorted);
}

std::string fields_table(const std::vector<JobInfo>& jobs, const std::vector<JobField>& fields) {
  std::vector<std::vector<std::string>> rows(1);
  for (const JobField& field : fields) {
    std::string head = field.name;
    for (char& c : head)
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    rows[0].push_back(in_one_line(head));
  }
  for (const JobInfo& info : jobs) {
    const Value job = with_duration(info);
    auto& row = rows.emplace_back();
    for (const JobField& field : fields) row.push_back(in_one_line(cell(field_of(job, field), false)));
  }
  // What was asked for is never left out.
  std::vector<TableCut> cuts;
  for (const std::size_t least : {20, 12, 6})
    for (std::size_t i = fields.size(); i-- > 0;)
      if (const std::string& name = fields[i].name;
          name != "status" && name != "uuid" && name != "id" && !ends_with(name, "_id"))
        cuts.push_back({i, least});
  return format_table(std::move(rows), cuts);
}

std::string fields_csv(const std::vector<JobInfo>& jobs, const std::vector<JobField>& fields) {
  std::string text;
  const auto add = [&](std::size_t place, const std::string& value) {
    if (place > 0) text += ',';
    text += csv_cell(value);
  };
  for (std::size_t i = 0; i < fields.size(); ++i) add(i, fields[i].name);
  text += '\n';
  for (const JobInfo& info : jobs) {
    const Value job = with_duration(info);
    for (std::size_t i = 0; i < fields.size(); ++i) add(i, cell(field_of(job, fields[i]), true));
    text += '\n';
  }
  return text;
}

}  // namespace ostler
