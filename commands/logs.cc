// ostler logs ID: what a job printed.

#include "commands/interrupt.h"
#include "commands/jobs.h"
#include "commands/output.h"
#include "commands/selectors.h"

namespace ostler {

namespace {

int run(const Invocation& invocation) {
  JobEngine& engine = invocation.manager().jobs();
  const std::vector<std::string> uuids = choose_jobs(invocation, invocation.arguments[0]);
  const auto print_from = [&](const std::string& uuid, std::uint64_t offset) {
    return engine.read_log(uuid, offset, [](std::string_view text) { print(text); });
  };
  if (!invocation.has("--follow")) {
    for (const std::string& uuid : uuids) {
      if (uuids.size() > 1) print("==> " + uuid + " <==\n");
      print_from(uuid, 0);
    }
    return 0;
  }
  if (uuids.size() > 1)
    throw invalid_argument("-f follows one job; these are " + std::to_string(uuids.size()));
  if (uuids.empty()) return 0;
  const std::string& uuid = uuids[0];
  std::uint64_t offset = 0;
  const auto print_new = [&] { offset = print_from(uuid, offset); };
  const auto timeout = invocation.duration("--timeout");
  const Duration start = Clock::system().steady();
  InterruptGuard interrupt;
  for (;;) {
    // Looked at before the log is read: what an ended job printed is all there.
    const bool ended = engine.wait({uuid}, JobEngine::Wait::all, std::chrono::milliseconds(200));
    print_new();
    if (ended) break;
    if (interrupt.count() > 0) return 130;
    if (timeout && Clock::system().steady() - start >= *timeout) {
      if (!invocation.quiet()) say("--timeout ran out; the job goes on");
      return 124;
    }
  }
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
  command.group = "Jobs";
  command.exit_codes = {3, 5, 6, 7, 124, 130};
  command.run = run;
  return command;
}

}  // namespace ostler
