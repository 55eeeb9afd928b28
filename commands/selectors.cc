#include "commands/selectors.h"

#include <algorithm>

#include "commands/job_options.h"
#include "commands/jobs.h"
#include "commands/output.h"

namespace ostler {

namespace {

constexpr char kSelectors[][9] = {"--status", "--kind",  "--module", "--tag",
                                  "--group",  "--since", "--until",  "--limit"};

JobStatus read_status(const std::string& text) {
  std::string name;
  for (const char c : text) name += static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  if (const auto status = job_status_from(name)) return *status;
  const std::vector<std::string> known = {"QUEUED", "RUNNING", "COMPLETED", "CANCELED", "ERRORED"};
  throw invalid_argument("--status \"" + text + "\" is no status" + did_you_mean(name, known) +
                         " (known: " + join(known, ", ") + ")");
}

// A duration (that long ago), a date, or a date and time; UTC where it does not say, as all times here are.
std::optional<Time> read_time(const Invocation& invocation, const std::string& option) {
  const auto text = invocation.value(option);
  if (!text) return std::nullopt;
  if (const auto ago = parse_duration(*text)) return Clock::system().now() - *ago;
  for (const char* rest : {"", "Z", ":00Z", "T00:00:00Z"})
    if (const auto time = parse_time(*text + rest)) return time;
  throw invalid_argument(option + " \"" + *text +
                         "\" is no time; write how long ago (90, 2h30m, 7d) or a date (2026-11-22, "
                         "2026-11-22T09:30:00Z)");
}

}  // namespace

std::vector<OptionSpec> selector_options() {
  return {
      {"--status", "", "STATUS,...", "QUEUED, RUNNING, COMPLETED, CANCELED, ERRORED", "Which jobs", true},
      {"--kind", "", "KIND", "train or predict", "Which jobs"},
      {"--module", "", "NAME", "of this module", "Which jobs"},
      {"--tag", "", "NAME=VALUE", "with this tag; of several, with all", "Which jobs", true},
      {"--group", "", "NAME", "of this group", "Which jobs"},
      {"--since", "", "TIME", "submitted since: how long ago, or a date", "Which jobs"},
      {"--until", "", "TIME", "submitted until: how long ago, or a date", "Which jobs"},
      {"--limit", "-n", "N", "at most so many (0: all)", "Which jobs"},
  };
}

bool has_selector(const Invocation& invocation) {
  return std::any_of(std::begin(kSelectors), std::end(kSelectors),
                     [&](const char* option) { return invocation.has(option); });
}

JobSelector read_selector(const Invocation& invocation, std::optional<std::int64_t> default_limit) {
  JobSelector selector;
  for (const std::string& list : invocation.values("--status"))
    for (const std::string& name : split(list, ',')) selector.statuses.push_back(read_status(name));
  if (const auto kind = invocation.value("--kind")) {
    if (*kind != "train" && *kind != "predict")
      throw invalid_argument("--kind is train or predict, not \"" + *kind + "\"" +
                             did_you_mean(*kind, {"train", "predict"}));
    selector.kind = *kind == "train" ? JobKind::train : JobKind::predict;
  }
  selector.module_name = invocation.value("--module");
  selector.group = invocation.value("--group");
  for (const std::string& tag : invocation.values("--tag")) selector.tags.push_back(read_tag(tag));
  constexpr std::size_t kMostTags = 100;
  if (selector.tags.size() > kMostTags)
    throw invalid_argument("--tag is given " + std::to_string(selector.tags.size()) + " times; at most " +
                           std::to_string(kMostTags) + " choose jobs");
  selector.since = read_time(invocation, "--since");
  selector.until = read_time(invocation, "--until");
  selector.limit = default_limit;
  if (const auto limit = invocation.number("--limit", 0, 1'000'000'000))
    selector.limit = *limit > 0 ? std::optional<std::int64_t>(*limit) : std::nullopt;
  return selector;
}

std::vector<std::string> choose_jobs(const Invocation& invocation, const std::vector<std::string>& ids,
                                     const std::vector<JobStatus>& statuses) {
  const std::string usage = "ostler " + invocation.command;
  if (!ids.empty() && has_selector(invocation))
    throw invalid_argument("name jobs by id or by what they are (--status, --module, ...), not both");
  if (!ids.empty()) return resolve_all(invocation, ids);
  if (!has_selector(invocation))
    throw invalid_argument(usage + " needs an id, or a selector such as --module NAME or --since 1h (" +
                           usage + " --help)");
  JobSelector selector = read_selector(invocation);
  if (selector.statuses.empty()) selector.statuses = statuses;
  selector.brief = true;
  std::vector<std::string> uuids;
  for (const JobInfo& info : invocation.manager().jobs().list(selector).jobs)
    if (!selector.limit || static_cast<std::int64_t>(uuids.size()) < *selector.limit)
      uuids.push_back(info.uuid);
  if (uuids.empty() && !invocation.quiet()) say(no_job_matches(invocation));
  return uuids;
}

std::string no_job_matches(const Invocation& invocation) {
  const auto module = invocation.value("--module");
  std::vector<std::string> known;
  if (module)
    for (const ModuleManifest& manifest : invocation.manager().modules().list())
      known.push_back(manifest.name);
  const bool is_known = std::find(known.begin(), known.end(), module.value_or("")) != known.end();
  return "no job matches in " + invocation.manager().jobs().home() +
         (is_known ? "" : did_you_mean(module.value_or(""), known));
}

}  // namespace ostler
