#pragma once

// What the tests of the engine share: a store of their own, jobs that misbehave on request, and conditions
// that are polled up to a deadline.

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <functional>

#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/base/process.h"
#include "lib/base/strings.h"
#include "lib/jobs/job_directory.h"
#include "lib/jobs/job_engine.h"
#include "lib/jobs/job_lock.h"
#include "lib/jobs/test_point.h"
#include "tests/support/job_program/fake_job.h"

namespace ostler {

// True as soon as the condition is; false when it is not within 60 s (a loaded machine, sanitizers).
inline bool eventually(const std::function<bool()>& condition) {
  const Duration began = Clock::system().steady();
  while (!condition()) {
    if (Clock::system().steady() - began > std::chrono::seconds(60)) return false;
    ::poll(nullptr, 0, 2);
  }
  return true;
}

struct Fixture {
  explicit Fixture(int cpus = 16, std::string job_program = OSTLER_TEST_JOB_PROGRAM)
      : directory(working_directory() + "/" + make_uuid4()),
        home(directory + "/home"),
        save_path(directory + "/models/m"),
        engine({home, std::move(job_program), cpus, &Clock::system()}) {
    make_directories(directory + "/models");
    test_point("");  // remembers that this process is to pass all of them
  }
  // No test leaves a process: what still runs is ended.
  ~Fixture() {
    for (const JobInfo& job : engine.list({}).jobs)
      if (!is_terminal(job.status)) engine.cancel(job.uuid, std::chrono::seconds(30));
    CHECK(eventually([&] { return runners().empty(); }));
  }

  JobSpec spec(const std::string& what) const { return fake_job(what, directory); }
  std::string submit(const JobSpec& what, std::vector<std::string> environment = {"PATH=/usr/bin:/bin"}) {
    engine.submit(what, {std::move(environment), -1});
    return what.uuid;
  }
  std::string submit(const std::string& what) { return submit(spec(what)); }

  JobInfo end_of(const std::string& uuid) {
    REQUIRE(engine.wait({uuid}, JobEngine::Wait::all, std::chrono::seconds(60)));
    return engine.get_info(uuid);
  }
  JobPaths paths(const std::string& uuid) const { return JobPaths(engine.job_directory(uuid)); }

  // Runs the stand-in with the arguments, and with `setting` ("K=V", may be empty) in its environment; its
  // wait status.
  static pid_t start(std::vector<std::string> arguments, const std::string& setting = {}) {
    SpawnRequest request;
    request.arguments = {OSTLER_TEST_JOB_PROGRAM};
    request.arguments.insert(request.arguments.end(), arguments.begin(), arguments.end());
    request.environment = std::vector<std::string>{"PATH=/usr/bin:/bin"};
    for (const char* name : {"ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS"})
      if (const char* value = std::getenv(name))
        request.environment->push_back(std::string(name) + "=" + value);
    if (!setting.empty()) request.environment->push_back(setting);
    return spawn(request);
  }
  static int run(std::vector<std::string> arguments, const std::string& setting = {}) {
    return wait_for(start(std::move(arguments), setting));
  }
  pid_t start_submit(const std::string& what, const std::string& external_id = {},
                     const std::string& setting = {}) {
    return start({"submit", home, directory, what, external_id}, setting);
  }

  // Pids that the work has written down, once there are `count`.
  std::vector<pid_t> pids(const std::string& uuid, std::size_t count) {
    std::vector<pid_t> found;
    REQUIRE(eventually([&] {
      found.clear();
      const auto text = read_file_if_there(join_path(engine.job_directory(uuid), "pids"));
      for (const std::string& line : split(text.value_or(""), '\n'))
        if (const auto pid = parse_integer(line)) found.push_back(static_cast<pid_t>(*pid));
      return found.size() >= count && text->back() == '\n';
    }));
    return found;
  }
  pid_t runner_of(const std::string& uuid) { return observe_lock(paths(uuid).lock).pid; }
  std::vector<pid_t> runners() const {
    std::vector<pid_t> found;
    for (const std::string& name : list_directory("/proc")) {
      const auto pid = parse_integer(name);
      if (!pid) continue;
      std::optional<std::string> line;
      try {
        line = read_file_if_there("/proc/" + name + "/cmdline");
      } catch (const Error&) {
        continue;  // it has just ended
      }
      if (line && line->find(home) != std::string::npos && line->find("--home") != std::string::npos)
        found.push_back(static_cast<pid_t>(*pid));
    }
    return found;
  }
  static bool all_gone(const std::vector<pid_t>& pids) {
    for (const pid_t pid : pids)
      if (is_running(pid)) return false;
    return true;
  }
  // What lies beside the target: nothing but it.
  std::vector<std::string> in_models() const { return list_directory(directory + "/models"); }

  std::string directory, home, save_path;
  JobEngine engine;
};

}  // namespace ostler
