// ostler logs ID: what a job printed.

#include <poll.h>

#include "commands/interrupt.h"
#include "commands/jobs.h"
#include "commands/output.h"
#include "commands/selectors.h"

namespace ostler {

namespace {

// The logs as a document, each line an item.
void print_lines(const Invocation& invocation, const std::vector<std::string>& uuids) {
  Value::Array items;
  for (const std::string& uuid : uuids) {
    std::string text;
    invocation.manager().jobs().read_log(uuid, 0, [&](std::string_view more) { text += more; });
    if (text.empty()) continue;
    if (text.back() == '\n') text.pop_back();
    std::int64_t number = 0;
    for (std::string& line : split(text, '\n'))
      items.push_back(Value::object({{"uuid", uuid}, {"number", ++number}, {"text", std::move(line)}}));
  }
  print_structured(invocation, document_of_all("lines", std::move(items)), "lines");
}

int run(const Invocation& invocation) {
  JobEngine& engine = invocation.manager().jobs();
  const std::vector<std::string> uuids = choose_jobs(invocation, invocation.arguments[0]);
  const auto print_from = [&](const std::string& uuid, std::uint64_t offset) {
    return engine.read_log(uuid, offset, [](std::string_view text) { print(text); });
  };
  const bool structured = invocation.json() || invocation.has("--format");
  if (!invocation.has("--follow")) {
    if (structured) {
      print_lines(invocation, uuids);
      return 0;
    }
    for (const std::string& uuid : uuids) {
      if (uuids.size() > 1) print("==> " + uuid + " <==\n");
      print_from(uuid, 0);
    }
    return 0;
  }
  if (uuids.size() > 1)
    throw invalid_argument("-f follows one job; these are " + std::to_string(uuids.size()));
  if (uuids.empty()) {
    if (structured) print_lines(invocation, uuids);
    return 0;
  }
  const std::string& uuid = uuids[0];
  // A job that prints much wakes at each line: what comes meanwhile is taken together.
  constexpr Duration kShortest = std::chrono::milliseconds(50), kPatience = std::chrono::seconds(1);
  std::uint64_t offset = 0;
  const Duration began = Clock::system().steady();
  Duration last{};
  bool said = invocation.quiet();
  InterruptGuard interrupt;
  // The job is looked at before its log is read: what one that has ended printed is all there.
  const auto on_look = [&](const std::vector<JobInfo>& jobs) {
    if (!structured) offset = print_from(uuid, offset);
    if (interrupt.count() > 0) throw Interrupted();
    if (is_terminal(jobs[0].status)) return;
    const Duration now = Clock::system().steady();
    if (!said && jobs[0].status == JobStatus::QUEUED && now - began >= kPatience) {
      say(uuid.substr(0, 8) + " is QUEUED; its log follows once it has started");
      said = true;
    }
    if (now - last < kShortest)
      ::poll(nullptr, 0, static_cast<int>((kShortest - (now - last)).count() / 1000) + 1);
    last = Clock::system().steady();
  };
  try {
    if (!engine.wait({uuid}, JobEngine::Wait::all, invocation.duration("--timeout"), on_look)) {
      if (!invocation.quiet()) say("--timeout ran out; the job goes on");
      return 124;
    }
  } catch (const Interrupted&) {
    if (!invocation.quiet())
      say("interrupted; the job goes on; to come back: ostler logs -f " + uuid.substr(0, 8));
    return 130;
  }
  if (structured) print_lines(invocation, uuids);  // one document, and so not before the end
  const JobInfo info = engine.get_info(uuid);
  if (info.status != JobStatus::COMPLETED && !invocation.quiet()) say(end_sentence(info));
  return exit_code_of(info);
}

}  // namespace

CommandSpec logs_command() {
  CommandSpec command;
  command.name = "logs";
  command.summary = "Print what a job has printed";
  command.usage = "ostler logs ID";
  command.examples = {"ostler logs \"$id\"", "ostler logs -f \"$id\"", "ostler logs \"$id\" | tail -n 20",
                      "ostler logs --status ERRORED -n 1  # of the newest that failed"};
  command.arguments = {{"ID", "a job's id, external id, or the first characters of its uuid", 0, 1}};
  command.options =
      std::vector<OptionSpec>{
          {"--follow", "-f", "", "go on until the job has ended, then exit with its code", "Options"},
          {"--timeout", "", "D", "with -f: no longer than this (exit 124; the job goes on)", "Options"}} +
      selector_options();
  command.notes = "--json gives each line with its number, after -f when the job has ended.";
  command.group = "Jobs";
  command.exit_codes = {3, 5, 6, 7, 124, 130};
  command.run = run;
  return command;
}

}  // namespace ostler
