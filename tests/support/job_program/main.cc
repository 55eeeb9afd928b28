// A stand-in for ostler-job in the tests of the engine: its runner is the real one, its work misbehaves as
// the job's parameter "do" says. Pids of the processes that it leaves are appended to <job>/pids.
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <string>

#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/base/process.h"
#include "lib/base/strings.h"
#include "lib/core/model_directory.h"
#include "lib/jobs/job_directory.h"
#include "lib/jobs/job_engine.h"
#include "lib/jobs/on_finish.h"
#include "lib/jobs/publish.h"
#include "lib/jobs/work_process.h"
#include "tests/support/job_program/fake_job.h"

namespace {

using namespace ostler;

void record_pid(const JobPaths& paths) {
  const UniqueFd fd = open_file(join_path(paths.directory, "pids"), O_WRONLY | O_CREAT | O_APPEND);
  write_all(fd.get(), std::to_string(::getpid()) + "\n", "pids");
}

[[noreturn]] void hold() {
  for (;;) ::pause();
}

enum class Child { plain, session, daemon };

// A child that ignores SIGTERM and stays; returns once it has written down its pid.
void leave_child(const JobPaths& paths, Child kind) {
  int ready[2];
  if (::pipe(ready) != 0) ::abort();
  if (::fork() == 0) {
    ::signal(SIGTERM, SIG_IGN);
    if (kind != Child::plain) ::setsid();
    if (kind == Child::daemon && ::fork() != 0) ::_exit(0);
    record_pid(paths);
    ::close(ready[0]);
    if (::write(ready[1], "x", 1) != 1) ::_exit(1);
    ::close(ready[1]);
    hold();
  }
  char byte;
  ::close(ready[1]);
  if (::read(ready[0], &byte, 1) != 1) ::abort();
  ::close(ready[0]);
}

void leave_children(const JobPaths& paths) {
  for (const Child kind : {Child::plain, Child::session, Child::daemon}) leave_child(paths, kind);
}

void write_model(const std::string& path, const std::string& module_id, const std::string& tracking_id) {
  make_directories(path);
  write_file(join_path(path, "weights"), tracking_id, Sync::yes, 0666);
  ModuleConfig config(Value::object({{"ostler_version", "0"},
                                     {"module_id", module_id},
                                     {"tracking_id", tracking_id},
                                     {"metrics", Value::object({{"accuracy", 0.5}})}}),
                      {});
  add_file_manifest(config, path);
  config.save(path);
}

// A model directory with one file, as the real worker stages it.
void finish(const JobSpec& spec, const JobPaths& paths) {
  const std::string target = spec.save_path.empty() ? join_path(paths.directory, "model") : spec.save_path;
  const std::string staged = staged_path(target, spec.uuid);
  const std::string tracking_id = make_uuid4();
  write_model(staged, spec.module.module_id, tracking_id);
  append_event(paths.events,
               Value::object({{"event", "metrics"}, {"metrics", Value::object({{"accuracy", 0.5}})}}));
  append_event(paths.events, Value::object({{"event", "done"},
                                            {"result", target},
                                            {"publish", Value::object({{"staged", staged},
                                                                       {"target", target},
                                                                       {"tracking_id", tracking_id}})}}));
}

void report_error(const JobPaths& paths, const char* code, const char* reason, const std::string& message) {
  append_event(paths.events,
               Value::object({{"event", "error"}, {"code", code}, {"reason", reason}, {"message", message}}));
}

void submit(JobEngine& engine, const std::string& directory, const std::string& what,
            const std::string& external_id) {
  JobSpec spec = fake_job(what, directory);
  spec.max_concurrent = 2;
  if (!external_id.empty()) spec.external_id = spec.id = external_id;
  engine.submit(spec, {{"PATH=/usr/bin:/bin"}, -1});
}

int misbehave(const std::string& what, const JobSpec& spec, const JobPaths& paths) {
  record_pid(paths);
  if (what == "done") return finish(spec, paths), 0;
  if (what == "done_then_print") {
    finish(spec, paths);
    append_event(paths.events, Value::object({{"event", "progress"}, {"done", 1}}));
    return 0;
  }
  if (what == "done_then_fail") return finish(spec, paths), 3;
  if (what == "done_with_children") return leave_children(paths), finish(spec, paths), 0;
  if (what == "exit_0") return 0;
  if (what == "exit_3") return 3;
  if (what == "kill_itself") ::raise(SIGKILL);
  if (what == "abort") ::abort();
  if (what == "error") return report_error(paths, "INVALID_ARGUMENT", "module", "the label has one class"), 1;
  if (what == "disk_full") return report_error(paths, "RESOURCE_EXHAUSTED", "module", "no space left"), 1;
  if (what == "long_error") return report_error(paths, "INTERNAL", "module", std::string(300'000, 'x')), 1;
  if (what == "progress_and_hold") {
    append_event(paths.events, Value::object({{"event", "progress"},
                                              {"time", format_time(Clock::system().now())},
                                              {"done", 3},
                                              {"total", 10},
                                              {"unit", "rounds"},
                                              {"metrics", Value::object({{"loss", 0.25}})}}));
    hold();
  }
  if (what == "hold") hold();
  if (what == "hold_with_children") leave_children(paths), hold();
  if (what == "ignore_term") ::signal(SIGTERM, SIG_IGN), leave_children(paths), hold();
  if (what == "hold_staged") {
    finish(spec, paths);  // staged and done, but not yet at its end
    hold();
  }
  if (what == "wait_for_file") {
    // Ends when <job>/go appears; watched in short steps, since the test may come before or after.
    while (!file_status(join_path(paths.directory, "go"))) ::usleep(2000);
    return finish(spec, paths), 0;
  }
  if (what == "submit_another") {
    const std::string home = parent_path(parent_path(paths.directory));
    JobEngine engine({home, std::filesystem::read_symlink("/proc/self/exe").string(), 16, &Clock::system()});
    submit(engine, spec.working_directory, "wait_for_file", "inner");
    // Its runner must be there when this ends.
    while (!file_status(join_path(engine.job_directory(engine.resolve("inner")), "pids"))) ::usleep(2000);
    return finish(spec, paths), 0;
  }
  if (what == "describe") {
    std::printf("cwd=%s umask=%03o\n", working_directory().c_str(), spec.umask);
    for (char** entry = environ; *entry != nullptr; ++entry) std::printf("env %s\n", *entry);
    for (int fd = 0; fd < 256; ++fd)
      if (::fcntl(fd, F_GETFD) != -1) {
        std::error_code error;
        std::printf("fd %d %s\n", fd,
                    std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd), error).c_str());
      }
    std::printf("session %d\n", ::getsid(0) == ::getpid());
    std::fflush(stdout);
    return finish(spec, paths), 0;
  }
  std::fprintf(stderr, "unknown: %s\n", what.c_str());
  return 99;
}

void replace_by_another(const JobSpec& spec) {
  const std::string id = make_uuid4(), other = spec.working_directory + "/" + id;
  write_model(other, spec.module.module_id, id);
  publish_model(other, spec.save_path);
}

// The comparison of --keep-best, as the parameter "compare" says, a word or more:
//   better, worse, unknown   what it comes to
//   raced, always_raced      the old model is replaced by another one meanwhile, once or each time
//   removed                  it is removed meanwhile
//   crash, exit_0, exit_3, hold
int compare(const JobSpec& spec, const JobPaths& paths) {
  record_pid(paths);
  const bool first =
      split(read_file(join_path(paths.directory, "pids")), '\n').size() == 3;  // after the work
  const auto config = read_file_if_there(join_path(spec.save_path, "config.yml"));
  const std::string id = config ? parse_yaml(*config, "config.yml").get_string("tracking_id") : "";
  Value event = Value::object({{"event", "compared"}, {"better", false}, {"tracking_id", id}});
  for (const std::string& word : split(spec.parameters.get_string("compare"), ',')) {
    if (word == "better") event["better"] = true, event["old"] = 0.25, event["new"] = 0.5;
    if (word == "worse") event["old"] = 0.75, event["new"] = 0.5;
    if (word == "unknown") event["better"] = true, event["note"] = "it has no such metric";
    if ((word == "raced" && first) || word == "always_raced") replace_by_another(spec);
    if (word == "removed" && first) remove_tree(spec.save_path);
    if (word == "crash") ::abort();
    if (word == "killed") ::raise(SIGKILL);
    if (word == "exit_0") return 0;
    if (word == "exit_3") return 3;
    if (word == "hold") hold();
  }
  append_event(paths.events, event);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
  const std::string verb = argc > 2 ? argv[1] : "";
  try {
    if (verb == "work" || verb == "compare") {
      if (!enter_job(argv[2])) return 1;
      const JobPaths paths(argv[2]);
      const JobSpec spec = read_spec(paths.spec);
      if (verb == "compare") return compare(spec, paths);
      return misbehave(spec.parameters.get_string("do"), spec, paths);
    }
    if (verb == "submit" || verb == "look" || verb == "cancel" || verb == "dispatch") {
      JobEngine engine({argv[2], self, 16, &Clock::system()});
      if (verb == "submit") submit(engine, argv[3], argv[4], argv[5]);
      if (verb == "look") engine.get_info(argv[3]);
      if (verb == "cancel") engine.cancel(argv[3]);
      if (verb == "dispatch") engine.dispatch();
      return 0;
    }
    if (verb == "finish") return become_on_finish(argv[2]);
    const std::string home = argv[3];
    Pool pool;
    for (int i = 4; i + 1 < argc; i += 2) {
      if (argv[i] == std::string("--cpus"))
        pool.cpus = static_cast<int>(parse_integer(argv[i + 1]).value_or(0));
      if (argv[i] == std::string("--gpus")) pool.gpus = gpus_from(argv[i + 1]);
      if (argv[i] == std::string("--leave-parent")) leave_parent();
    }
    if (verb == "run") return run_runner(home, self, pool);
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return error.code() == StatusCode::already_exists ? 4 : 1;
  }
  return 98;
}
