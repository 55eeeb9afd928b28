// ostler prune ID... or selectors: forgets jobs that have ended.

#include <fmt/format.h>

#include <algorithm>

#include "commands/jobs.h"
#include "commands/output.h"
#include "commands/selectors.h"

namespace ostler {

namespace {

// The document of jobs, printed as they go: there may be a million, and what is gone is told even when what
// comes next fails.
class JobsDocument {
 public:
  explicit JobsDocument(const Invocation& invocation) : invocation_(invocation) {}

  void add(const JobInfo& info) {
    if (!invocation_.json()) {
      print_structured(invocation_, jobs_document({info}, 1), "jobs");
      return;
    }
    print(total_++ == 0 ? kHead : ",");
    print(indented("\n" + to_json(job_to_value(info), true)));
  }
  bool begun() const { return total_ > 0; }
  void end() {
    if (!invocation_.json()) return;
    if (total_ == 0) print(kHead);
    print(fmt::format("{}],\n  \"total\": {},\n  \"truncated\": false\n}}\n", total_ == 0 ? "" : "\n  ",
                      total_));
  }

 private:
  static constexpr char kHead[] = "{\n  \"schema\": 1,\n  \"jobs\": [";

  // JSON has no line breaks but those between its tokens.
  static std::string indented(const std::string& json) {
    std::string text;
    for (const char c : json) text += c == '\n' ? "\n    " : std::string(1, c);
    return text;
  }

  const Invocation& invocation_;
  std::int64_t total_ = 0;
};

int prune_named(const Invocation& invocation, const std::vector<std::string>& ids, bool dry_run,
                const std::function<void(const JobInfo&)>& tell) {
  JobEngine& engine = invocation.manager().jobs();
  std::vector<std::string> uuids = resolve_all(invocation, ids);
  std::sort(uuids.begin(), uuids.end());
  uuids.erase(std::unique(uuids.begin(), uuids.end()), uuids.end());
  int code = 0;
  for (const std::string& uuid : uuids) {
    JobInfo info;
    try {
      if (const auto pruned = engine.prune(uuid, dry_run)) {
        tell(*pruned);
        continue;
      }
      info = engine.get_info(uuid);
    } catch (const Error& error) {
      if (error.code() != StatusCode::not_found) throw;
      // It was there when the ids were looked up.
      if (!invocation.quiet())
        say("note: the job " + uuid.substr(0, 8) + " is gone already: pruned by another");
      continue;
    }
    say("the job " + info.id +
        (is_terminal(info.status) ? " stays: a job that has not ended was submitted to run after it"
                                  : " has not ended and stays; ostler cancel ends it"));
    code = 4;
  }
  return code;
}

int run(const Invocation& invocation) {
  const std::vector<std::string>& ids = invocation.arguments[0];
  const auto older_than = invocation.duration("--older-than");
  const bool selects = has_selector(invocation) || older_than;
  if (ids.empty() && !selects)
    throw invalid_argument(
        "ostler prune needs an id, or a selector such as --older-than 30d or --status ERRORED (ostler prune "
        "--help)");
  if (!ids.empty() && selects)
    throw invalid_argument("name jobs by id or by what they are (--older-than, --status, ...), not both");
  JobSelector selector = read_selector(invocation);
  if (older_than) selector.ended_before = Clock::system().now() - *older_than;
  if (std::any_of(selector.statuses.begin(), selector.statuses.end(),
                  [](JobStatus status) { return !is_terminal(status); }))
    throw invalid_argument("--status: only jobs that have ended are pruned (COMPLETED, CANCELED, ERRORED)");

  check_job_format(invocation);
  const bool structured = invocation.json() || invocation.has("--format");
  selector.brief = !structured;
  JobsDocument document(invocation);
  const auto tell = [&](const JobInfo& info) {
    if (structured)
      document.add(info);
    else
      print(info.id + "\n");
  };
  int code = 0;
  try {
    if (ids.empty())
      invocation.manager().jobs().prune(selector, invocation.has("--dry-run"), tell);
    else
      code = prune_named(invocation, ids, invocation.has("--dry-run"), tell);
  } catch (const Error&) {
    if (document.begun()) document.end();
    throw;
  }
  if (structured) document.end();
  return code;
}

}  // namespace

CommandSpec prune_command() {
  CommandSpec command;
  command.name = "prune";
  command.summary = "Forget jobs that have ended, with their logs and results; prints their ids";
  command.usage = "ostler prune ID...";
  command.examples = {"ostler prune --older-than 30d", "ostler prune --status ERRORED --dry-run",
                      "ostler prune \"$id\""};
  command.arguments = {{"ID", "a job's id, external id, or the first characters of its uuid", 0, -1}};
  command.options =
      std::vector<OptionSpec>{
          {"--older-than", "", "D", "that ended longer ago than this", "Which jobs"},
          {"--dry-run", "", "", "only tell which ones", "Options"},
      } +
      selector_options();
  command.notes =
      "Jobs that have not ended are never pruned; one that is named is said, and the exit code is 4. With "
      "-n, "
      "the\n"
      "oldest. A model at a --save-path stays, unless its trainer is configured with delete_saved_models: "
      "true, "
      "and then\n"
      "only while no later training has saved there. What predict -o wrote stays.";
  command.group = "Jobs";
  command.exit_codes = {3, 4};
  command.run = run;
  return command;
}

}  // namespace ostler
