// ostler result ID: waits, then gives the result.

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "commands/jobs.h"
#include "commands/output.h"
#include "lib/base/files.h"

namespace ostler {

namespace {

void copy_to_stdout(const std::string& path) {
  const UniqueFd fd = open_file(path, O_RDONLY);
  std::vector<char> block(1 << 16);
  for (;;) {
    const ssize_t count = ::read(fd.get(), block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw system_error(errno, "cannot read " + path);
    if (count == 0) return;
    print({block.data(), static_cast<std::size_t>(count)});
  }
}

int run(const Invocation& invocation) {
  JobEngine& engine = invocation.manager().jobs();
  const std::string uuid = engine.resolve(invocation.arguments[0][0]);
  JobInfo info = engine.get_info(uuid);
  if (!is_terminal(info.status)) {
    if (invocation.has("--no-wait")) {
      if (!invocation.quiet()) say(end_sentence(info) + "; there is no result yet");
      return 4;
    }
    const int code = wait_for_jobs(invocation, {uuid});
    if (code != 0) return code;
    info = engine.get_info(uuid);
  }
  try {
    throw_if_not_completed(info);
  } catch (const Error& error) {
    if (info.reason != JobReason::requirement) throw;
    say(std::string("error: ") + error.what());
    return exit_code_of(info);  // an Error's code cannot tell it from another end
  }
  if (print_structured(invocation, jobs_document({info}, 1), "jobs")) return 0;
  if (!info.result) throw internal_error("the job " + info.id + " is COMPLETED but names no result");
  if (!file_status(*info.result))
    throw not_found("the result of " + info.id + " is gone: " + *info.result + " does not exist any more");
  if (info.kind == JobKind::train) {
    print(*info.result + "\n");
  } else {
    copy_to_stdout(*info.result);
  }
  return 0;
}

}  // namespace

CommandSpec result_command() {
  CommandSpec command;
  command.name = "result";
  command.summary = "Wait for a job and give its result: a model's path, or the predicted rows";
  command.usage = "ostler result ID";
  command.examples = {"ostler predict \"$(ostler result \"$id\")\" test.csv",
                      "ostler result \"$id\" > predictions.csv",
                      "ostler result --no-wait \"$id\"  # exit 4 when it has not ended"};
  command.arguments = {{"ID", "a job's id, external id, or the first characters of its uuid"}};
  command.options = std::vector<OptionSpec>{{"--no-wait", "", "",
                                             "do not wait: exit 4 when the job has not ended", "Waiting"}} +
                    waiting_options();
  command.notes = "A job that did not complete gives its error, and the job's code: 5 canceled, 6 errored.";
  command.group = "Jobs";
  command.exit_codes = {3, 4, 5, 6, 7, 124, 130};
  command.run = run;
  return command;
}

}  // namespace ostler
