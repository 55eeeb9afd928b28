// ostler logs ID: what a job printed.

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "commands/interrupt.h"
#include "commands/jobs.h"
#include "commands/output.h"
#include "lib/base/files.h"

namespace ostler {

namespace {

// Prints what has come since the last call. The log may not be there yet.
class LogReader {
 public:
  explicit LogReader(std::string path) : path_(std::move(path)) {}
  void print_new() {
    if (!fd_) fd_ = try_open_file(path_, O_RDONLY);
    if (!fd_) return;
    char block[1 << 16];
    for (;;) {
      const ssize_t count = ::read(fd_.get(), block, sizeof block);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) throw system_error(errno, "cannot read " + path_);
      if (count == 0) return;
      print({block, static_cast<std::size_t>(count)});
    }
  }

 private:
  std::string path_;
  UniqueFd fd_;
};

int run(const Invocation& invocation) {
  JobEngine& engine = invocation.manager().jobs();
  const std::string uuid = engine.resolve(invocation.arguments[0][0]);
  LogReader log(engine.get_info(uuid).log_path);
  if (!invocation.has("--follow")) {
    log.print_new();
    return 0;
  }
  const auto timeout = invocation.duration("--timeout");
  const Duration start = Clock::system().steady();
  InterruptGuard interrupt;
  for (;;) {
    // Looked at before the log is read: what an ended job printed is all there.
    const bool ended = engine.wait({uuid}, JobEngine::Wait::all, std::chrono::milliseconds(200));
    log.print_new();
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
  command.examples = {"ostler logs \"$id\"", "ostler logs -f \"$id\"", "ostler logs \"$id\" | tail -n 20"};
  command.arguments = {{"ID", "a job's id, external id, or the first characters of its uuid"}};
  command.options = {
      {"--follow", "-f", "", "go on until the job has ended, then exit with its code", "Options"},
      {"--timeout", "", "D", "with -f: no longer than this (exit 124; the job goes on)", "Options"}};
  command.run = run;
  return command;
}

}  // namespace ostler
