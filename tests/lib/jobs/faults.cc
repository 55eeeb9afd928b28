// What is left of a job when one of its processes is killed, wherever it stands.
#include <cstdlib>
#include <filesystem>

#include "lib/base/error.h"
#include "lib/core/module_config.h"
#include "lib/jobs/job_store.h"
#include "tests/lib/jobs/engine_fixture.h"

using namespace ostler;

namespace {

// The hook for the runner alone: the fixture's engine has been told to pass.
struct RunnerHook {
  explicit RunnerHook(const char* point) { ::setenv("OSTLER_TEST_DIE_AT", point, 1); }
  ~RunnerHook() { ::unsetenv("OSTLER_TEST_DIE_AT"); }
};

bool running(Fixture& fixture, const std::string& uuid) {
  return eventually([&] { return fixture.engine.get_info(uuid).status == JobStatus::RUNNING; });
}

std::string unfinished_outcome(Fixture& fixture, const std::string& uuid) {
  return fixture.paths(uuid).outcome + ".new";
}

void check_lost(Fixture& fixture, const std::string& uuid, const std::vector<pid_t>& pids) {
  const JobInfo info = fixture.engine.get_info(uuid);
  CHECK(info.status == JobStatus::ERRORED);
  CHECK(info.reason == JobReason::lost);
  REQUIRE(info.errors.size() == 1);
  CHECK(Fixture::all_gone(pids));
  CHECK(info.completion_time >= info.start_time);
  CHECK(read_outcome(fixture.paths(uuid))->status == JobStatus::ERRORED);
  CHECK_FALSE(file_status(fixture.paths(uuid).environment));
  CHECK_FALSE(file_status(unfinished_outcome(fixture, uuid)));
}

}  // namespace

TEST_CASE("the runner is killed: the next look says so, and nothing of the tree is left") {
  Fixture fixture;
  const std::string uuid = fixture.submit("hold_with_children");
  const std::vector<pid_t> pids = fixture.pids(uuid, 4);
  REQUIRE(running(fixture, uuid));
  const pid_t runner = fixture.runner_of(uuid);
  REQUIRE(runner > 0);
  ::kill(runner, SIGKILL);
  REQUIRE(eventually([&] { return !is_running(runner) && !observe_lock(fixture.paths(uuid).lock).held; }));
  check_lost(fixture, uuid, pids);
  CHECK(fixture.in_models().empty());
  // It stays so.
  check_lost(fixture, uuid, pids);
  CHECK(fixture.engine.list({}).running == 0);
}

TEST_CASE("the worker is killed: ERRORED with its signal") {
  Fixture fixture;
  const std::string uuid = fixture.submit("hold_with_children");
  const std::vector<pid_t> pids = fixture.pids(uuid, 4);
  ::kill(pids[0], SIGKILL);
  const JobInfo info = fixture.end_of(uuid);
  CHECK(info.status == JobStatus::ERRORED);
  CHECK(info.reason == JobReason::signal);  // and not out_of_memory, which only the kernel can say
  CHECK(info.signal == SIGKILL);
  CHECK(Fixture::all_gone(pids));
}

TEST_CASE("runner and worker are killed at once") {
  Fixture fixture;
  const std::string uuid = fixture.submit("hold_with_children");
  const std::vector<pid_t> pids = fixture.pids(uuid, 4);
  const pid_t runner = fixture.runner_of(uuid);
  ::kill(runner, SIGSTOP);
  ::kill(pids[0], SIGKILL);
  ::kill(runner, SIGKILL);
  REQUIRE(eventually([&] { return !is_running(runner) && !observe_lock(fixture.paths(uuid).lock).held; }));
  check_lost(fixture, uuid, pids);
}

TEST_CASE("what a dead job had staged is removed, and the model before it stays") {
  Fixture fixture;
  REQUIRE(fixture.end_of(fixture.submit("done")).status == JobStatus::COMPLETED);
  const std::string before = read_file(fixture.save_path + "/weights");
  const std::string uuid = fixture.submit("hold_staged");
  REQUIRE(eventually([&] { return !read_last_events(fixture.paths(uuid).events).done.is_null(); }));
  CHECK(fixture.in_models().size() == 2);
  const pid_t runner = fixture.runner_of(uuid);
  ::kill(runner, SIGKILL);
  REQUIRE(eventually([&] { return !is_running(runner) && !observe_lock(fixture.paths(uuid).lock).held; }));
  check_lost(fixture, uuid, fixture.pids(uuid, 1));
  CHECK(fixture.in_models() == std::vector<std::string>{"m"});
  CHECK(read_file(fixture.save_path + "/weights") == before);
}

TEST_CASE("a wait for a job whose runner is killed ends") {
  Fixture fixture;
  const std::string uuid = fixture.submit("hold");
  fixture.pids(uuid, 1);
  bool killed = false;
  CHECK(fixture.engine.wait({uuid}, JobEngine::Wait::all, std::chrono::seconds(60),
                            [&](const std::vector<JobInfo>&) {
                              if (!killed) ::kill(fixture.runner_of(uuid), SIGKILL);
                              killed = true;
                            }));
  CHECK(fixture.engine.get_info(uuid).reason == JobReason::lost);
}

TEST_CASE("the runner dies between any two of its steps") {
  enum class Then { starts_again, lost, completed };
  struct Row {
    const char* point;
    Then then;
  };
  const Row rows[] = {
      {"run:locked", Then::starts_again},  {"run:claimed", Then::lost},
      {"run:spawned", Then::lost},         {"outcome:written", Then::lost},
      {"outcome:linked", Then::completed}, {"publish:exchanged", Then::completed},
      {"end:published", Then::completed},  {"end:row", Then::completed},
  };
  for (const bool replaces : {false, true}) {
    for (const Row& row : rows) {
      CAPTURE(std::string(row.point));
      CAPTURE(replaces);
      Fixture fixture;
      std::string before;
      if (replaces) {
        REQUIRE(fixture.end_of(fixture.submit("done")).status == JobStatus::COMPLETED);
        before = read_file(fixture.save_path + "/weights");
        REQUIRE(eventually([&] { return fixture.runners().empty(); }));
      }
      std::string uuid;
      {
        const RunnerHook hook(row.point);
        uuid = fixture.submit("done");
        // It has come as far as the lock, and is gone.
        REQUIRE(eventually([&] {
          const std::string lock = fixture.paths(uuid).lock;
          return file_status(lock) && fixture.runners().empty() && !observe_lock(lock).held;
        }));
      }
      const JobInfo info =
          row.then == Then::starts_again ? fixture.end_of(uuid) : fixture.engine.get_info(uuid);
      if (row.then == Then::lost) {
        CHECK(info.status == JobStatus::ERRORED);
        CHECK(info.reason == JobReason::lost);
      } else {
        CHECK(info.status == JobStatus::COMPLETED);
      }
      CHECK(info.attempt == 1);
      // One whole model, or none; nothing staged, nothing of the old one.
      const bool model = row.then != Then::lost || replaces;
      CHECK(fixture.in_models() == (model ? std::vector<std::string>{"m"} : std::vector<std::string>{}));
      if (model) {
        const std::string weights = read_file(fixture.save_path + "/weights");
        CHECK(weights == ModuleConfig::load(fixture.save_path).tracking_id());
        CHECK((weights == before) == (row.then == Then::lost));
      }
      CHECK(fixture.engine.list({}).running == 0);
      CHECK(eventually([&] { return !file_status(fixture.paths(uuid).environment); }));
      CHECK(eventually([&] { return !file_status(unfinished_outcome(fixture, uuid)); }));
    }
  }
}

TEST_CASE("the staged model is gone before the outcome: no success") {
  Fixture fixture;
  JobSpec spec = fixture.spec("done_with_children");
  spec.cancel_grace = std::chrono::seconds(5);  // its children ignore SIGTERM: time to remove what it staged
  const std::string uuid = fixture.submit(spec);
  REQUIRE(eventually([&] { return !read_last_events(fixture.paths(uuid).events).done.is_null(); }));
  remove_tree(staged_path(fixture.save_path, uuid));
  const JobInfo info = fixture.end_of(uuid);
  CHECK(info.status == JobStatus::ERRORED);
  CHECK(info.reason == JobReason::lost);
  REQUIRE(info.errors.size() == 1);
  CHECK(info.errors[0].find("the staged model") == 0);
  CHECK(info.errors[0].find("is gone") != std::string::npos);
  CHECK(fixture.in_models().empty());
}

TEST_CASE("the staged model is gone after the outcome: it stands, and the log tells") {
  Fixture fixture;
  std::string uuid;
  {
    const RunnerHook hook("outcome:linked");
    uuid = fixture.submit("done");
    REQUIRE(eventually([&] {
      const JobPaths paths = fixture.paths(uuid);
      return file_status(paths.outcome) && fixture.runners().empty() && !observe_lock(paths.lock).held;
    }));
  }
  remove_tree(staged_path(fixture.save_path, uuid));
  const JobInfo info = fixture.engine.get_info(uuid);
  CHECK(info.status == JobStatus::COMPLETED);
  CHECK(read_file(fixture.paths(uuid).log).find("the result is not at " + fixture.save_path) !=
        std::string::npos);
  CHECK(fixture.in_models().empty());  // the lock that the runner died with is gone too
}

TEST_CASE("a job's directory is removed while it runs: lost, and its runner ends") {
  Fixture fixture;
  const std::string uuid = fixture.submit("hold");
  const std::vector<pid_t> pids = fixture.pids(uuid, 1);
  REQUIRE(running(fixture, uuid));
  remove_tree(fixture.engine.job_directory(uuid));
  ::kill(pids[0], SIGKILL);
  CHECK(eventually([&] { return fixture.runners().empty(); }));
  const JobInfo info = fixture.engine.get_info(uuid);
  CHECK(info.status == JobStatus::ERRORED);
  CHECK(info.reason == JobReason::lost);
  const auto store = JobStore::open(fixture.home, Database::Checkpoints::no);
  CHECK(store->find(uuid)->failed_starts == 0);
}

TEST_CASE("without its environment a job does not start") {
  Fixture fixture;
  REQUIRE(WIFSIGNALED(wait_for(fixture.start_submit("done", "x", "OSTLER_TEST_DIE_AT=submit:renamed"))));
  const std::string uuid = fixture.engine.resolve("x");
  remove_file_if_there(fixture.paths(uuid).environment);
  const JobInfo info = fixture.end_of(uuid);
  CHECK(info.status == JobStatus::ERRORED);
  CHECK(info.reason == JobReason::lost);
  REQUIRE(info.errors.size() == 1);
  CHECK(info.errors[0].find("could not be started") != std::string::npos);
  CHECK_FALSE(info.start_time);
  CHECK(fixture.in_models().empty());
}

TEST_CASE("the submitter dies between any two of its steps") {
  for (const char* point : {"submit:written", "submit:inserted", "submit:renamed"}) {
    CAPTURE(point);
    Fixture fixture;
    const int status =
        wait_for(fixture.start_submit("done", "nightly", std::string("OSTLER_TEST_DIE_AT=") + point));
    REQUIRE(WIFSIGNALED(status));
    const JobList list = fixture.engine.list({});
    if (point == std::string("submit:written")) {
      CHECK(list.total == 0);
      const auto left = list_directory(fixture.home + "/staging");
      REQUIRE(left.size() == 1);
      fixture.engine.dispatch();
      CHECK(list_directory(fixture.home + "/staging").size() == 1);  // it may be a young submit
      const timespec old[2] = {{1'000'000, 0}, {1'000'000, 0}};
      REQUIRE(::utimensat(AT_FDCWD, (fixture.home + "/staging/" + left[0]).c_str(), old, 0) == 0);
      fixture.engine.dispatch();
      CHECK(list_directory(fixture.home + "/staging").empty());
    } else {
      REQUIRE(list.jobs.size() == 1);
      CHECK(list.jobs[0].status == JobStatus::QUEUED);
      CHECK(fixture.end_of(fixture.engine.resolve("nightly")).status == JobStatus::COMPLETED);
      CHECK(list_directory(fixture.home + "/staging").empty());
    }
  }
}

TEST_CASE("who makes the store dies before it is there: the next one makes it") {
  Fixture fixture;
  REQUIRE(WIFSIGNALED(wait_for(fixture.start_submit("done", "", "OSTLER_TEST_DIE_AT=store:made"))));
  CHECK(list_directory(fixture.home) == std::vector<std::string>{"staging"});
  const auto left = list_directory(fixture.home + "/staging");
  REQUIRE(left.size() == 1);
  CHECK(fixture.end_of(fixture.submit("done")).status == JobStatus::COMPLETED);
  const timespec old[2] = {{1'000'000, 0}, {1'000'000, 0}};
  REQUIRE(::utimensat(AT_FDCWD, (fixture.home + "/staging/" + left[0]).c_str(), old, 0) == 0);
  fixture.engine.dispatch();
  CHECK(list_directory(fixture.home + "/staging").empty());
}

TEST_CASE("a settler dies between any two of its steps") {
  for (const char* point : {"settle:locked", "outcome:written", "outcome:linked"}) {
    CAPTURE(point);
    Fixture fixture;
    const std::string uuid = fixture.submit("hold");
    const std::vector<pid_t> pids = fixture.pids(uuid, 1);
    const pid_t runner = fixture.runner_of(uuid);
    ::kill(runner, SIGKILL);
    REQUIRE(eventually([&] { return !is_running(runner) && !observe_lock(fixture.paths(uuid).lock).held; }));
    const int status = Fixture::run({"look", fixture.home, uuid}, std::string("OSTLER_TEST_DIE_AT=") + point);
    REQUIRE(WIFSIGNALED(status));
    check_lost(fixture, uuid, pids);
  }
}

TEST_CASE("who cancels dies once the request is written: it is heeded") {
  Fixture fixture;
  const std::string uuid = fixture.submit("hold");
  fixture.pids(uuid, 1);
  const int status = Fixture::run({"cancel", fixture.home, uuid}, "OSTLER_TEST_DIE_AT=cancel:requested");
  REQUIRE(WIFSIGNALED(status));
  CHECK(fixture.end_of(uuid).status == JobStatus::CANCELED);
}

TEST_CASE("a damaged outcome is an end, not a job that runs for ever") {
  Fixture fixture;
  const std::string uuid = fixture.submit("hold");
  fixture.pids(uuid, 1);
  const pid_t runner = fixture.runner_of(uuid);
  ::kill(runner, SIGKILL);
  REQUIRE(eventually([&] { return !is_running(runner) && !observe_lock(fixture.paths(uuid).lock).held; }));
  write_file(fixture.paths(uuid).outcome, "{\"status\":", Sync::no);
  const JobInfo info = fixture.engine.get_info(uuid);
  CHECK(info.status == JobStatus::ERRORED);
  CHECK(info.reason == JobReason::lost);
  CHECK(info.errors.at(0).find("outcome.json") != std::string::npos);
  CHECK(fixture.engine.list({}).running == 0);
}

TEST_CASE("a job that cannot be started is given up after the third time, with the reason") {
  Fixture fixture(1);
  const std::string first = fixture.submit("wait_for_file");
  fixture.pids(first, 1);
  JobSpec spec = fixture.spec("done");
  const std::string broken = fixture.submit(spec);
  write_file(fixture.paths(broken).spec, "{", Sync::no);
  const std::string next = fixture.submit("done");
  SUBCASE("its specification is damaged") {}
  SUBCASE("its directory is gone") { remove_tree(fixture.engine.job_directory(broken)); }
  write_file(join_path(fixture.engine.job_directory(first), "go"), "", Sync::no);
  CHECK(fixture.end_of(first).status == JobStatus::COMPLETED);
  const JobInfo info = fixture.end_of(broken);
  CHECK(info.status == JobStatus::ERRORED);
  CHECK(info.reason == JobReason::lost);
  REQUIRE(info.errors.size() == 1);
  CHECK(info.completion_time);
  CHECK(fixture.end_of(next).status == JobStatus::COMPLETED);
}

TEST_CASE("who gives a job up dies when its outcome is there: it is not started again") {
  Fixture fixture;
  REQUIRE(WIFSIGNALED(wait_for(fixture.start_submit("done", "x", "OSTLER_TEST_DIE_AT=submit:renamed"))));
  const std::string uuid = fixture.engine.resolve("x");
  const JobPaths paths = fixture.paths(uuid);
  const std::string spec = read_file(paths.spec);
  write_file(paths.spec, "{", Sync::no);
  {
    const RunnerHook hook("outcome:linked");
    fixture.engine.dispatch();
    REQUIRE(eventually([&] { return file_status(paths.outcome) && fixture.runners().empty(); }));
  }
  // What kept it from starting is mended meanwhile; nobody looks before the queue is taken up again.
  write_file(paths.spec, spec, Sync::no);
  const std::string outcome = read_file(paths.outcome);
  fixture.engine.dispatch();
  REQUIRE(eventually([&] { return fixture.runners().empty(); }));
  CHECK(read_file(paths.outcome) == outcome);
  const JobInfo info = fixture.engine.get_info(uuid);
  CHECK(info.status == JobStatus::ERRORED);
  CHECK_FALSE(info.start_time);
  CHECK(fixture.in_models().empty());
}

TEST_CASE("a running job whose directory was removed is lost, not stuck") {
  Fixture fixture;
  const std::string uuid = fixture.submit("hold");
  const std::vector<pid_t> pids = fixture.pids(uuid, 1);
  const pid_t runner = fixture.runner_of(uuid);
  remove_tree(fixture.engine.job_directory(uuid));
  const JobInfo info = fixture.engine.get_info(uuid);
  CHECK(info.status == JobStatus::ERRORED);
  CHECK(info.reason == JobReason::lost);
  CHECK(eventually([&] { return Fixture::all_gone(pids) && !is_running(runner); }));
}

TEST_CASE("the job program is removed while a job runs and another waits") {
  const std::string program = working_directory() + "/" + make_uuid4();
  std::filesystem::copy_file(OSTLER_TEST_JOB_PROGRAM, program);
  Fixture fixture(1, program);
  const std::string first = fixture.submit("wait_for_file");
  fixture.pids(first, 1);
  const std::string second = fixture.submit("done");
  remove_file_if_there(program);
  write_file(join_path(fixture.engine.job_directory(first), "go"), "", Sync::no);
  REQUIRE(eventually([&] { return is_terminal(fixture.engine.get_info(second).status); }));
  CHECK(fixture.engine.get_info(first).status == JobStatus::COMPLETED);
  CHECK(fixture.engine.get_info(second).status == JobStatus::COMPLETED);
}

TEST_CASE("a runner that is told to end takes its job along and takes no other") {
  Fixture fixture(1);
  const std::string first = fixture.submit("hold_with_children");
  const std::vector<pid_t> pids = fixture.pids(first, 4);
  const std::string second = fixture.submit("hold");
  ::kill(fixture.runner_of(first), SIGTERM);
  REQUIRE(eventually([&] { return is_terminal(fixture.engine.get_info(first).status); }));
  CHECK(fixture.engine.get_info(first).status == JobStatus::ERRORED);
  CHECK(Fixture::all_gone(pids));
  CHECK(eventually([&] { return fixture.runners().empty(); }));
  CHECK(fixture.engine.get_info(second).status == JobStatus::QUEUED);
}
