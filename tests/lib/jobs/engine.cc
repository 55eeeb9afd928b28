// The engine with real processes: a job's way from submit to its end, seen from the outside.
#include "lib/jobs/job_engine.h"

#include "lib/base/error.h"
#include "lib/jobs/local_executor.h"
#include "tests/lib/jobs/engine_fixture.h"

using namespace ostler;

TEST_CASE("a job runs to its end and its model is published") {
  Fixture fixture;
  const std::string uuid = fixture.submit("done");
  const JobInfo info = fixture.end_of(uuid);
  CHECK(info.status == JobStatus::COMPLETED);
  CHECK(info.reason == JobReason::none);
  CHECK(info.errors.empty());
  CHECK(info.result == fixture.save_path);
  CHECK(info.exit_status == 0);
  CHECK(info.attempt == 1);
  CHECK(info.metrics.get_number("accuracy") == 0.5);
  REQUIRE(info.start_time);
  REQUIRE(info.completion_time);
  CHECK(*info.start_time >= info.submission_time);
  CHECK(*info.completion_time >= *info.start_time);
  CHECK(info.max_rss_bytes > 0);
  CHECK(fixture.in_models() == std::vector<std::string>{"m"});
  CHECK(file_status(fixture.save_path + "/config.yml"));
  // The record says the same as the index, and what was private is gone.
  const auto outcome = read_outcome(fixture.paths(uuid));
  REQUIRE(outcome);
  CHECK(outcome->status == JobStatus::COMPLETED);
  CHECK(outcome->completion_time == *info.completion_time);
  CHECK(eventually([&] { return !file_status(fixture.paths(uuid).environment); }));
  CHECK(eventually([&] { return !file_status(fixture.paths(uuid).outcome + ".new"); }));
}

TEST_CASE("without a save path the model stays in the job's directory") {
  Fixture fixture;
  JobSpec spec = fixture.spec("done");
  spec.save_path.clear();
  const JobInfo info = fixture.end_of(fixture.submit(spec));
  CHECK(info.status == JobStatus::COMPLETED);
  CHECK(info.result == join_path(info.directory, "model"));
  CHECK(info.save_path == info.result);
  CHECK(file_status(*info.result + "/config.yml"));
}

TEST_CASE("an end is what it is") {
  struct Row {
    const char* what;
    JobReason reason;
    std::optional<int> exit_status, signal;
    const char* error;
  };
  const Row rows[] = {
      {"exit_0", JobReason::exit, 0, {}, "ended without a result"},
      {"exit_3", JobReason::exit, 3, {}, "exit status 3"},
      {"kill_itself", JobReason::signal, {}, SIGKILL, "signal 9 (SIGKILL)"},
      {"abort", JobReason::signal, {}, SIGABRT, "signal 6 (SIGABRT)"},
      {"error", JobReason::module, 1, {}, "the label has one class"},
      {"disk_full", JobReason::disk_full, 1, {}, "no space left"},
      {"long_error", JobReason::module, 1, {}, "[cut]"},
      {"done_then_print", JobReason::exit, 0, {}, "was not done"},
      {"done_then_fail", JobReason::exit, 3, {}, "exit status 3"},
  };
  Fixture fixture;
  for (const Row& row : rows) {
    CAPTURE(row.what);
    const std::string uuid = fixture.submit(row.what);
    const JobInfo info = fixture.end_of(uuid);
    CHECK(info.status == JobStatus::ERRORED);
    CHECK(info.reason == row.reason);
    CHECK(info.exit_status == row.exit_status);
    CHECK(info.signal == row.signal);
    REQUIRE(info.errors.size() == 1);
    CHECK(info.errors[0].find(row.error) != std::string::npos);
    CHECK(info.errors[0].size() < 20'000);
    CHECK(fixture.in_models().empty());
    CHECK(eventually([&] { return Fixture::all_gone(fixture.pids(uuid, 1)); }));
  }
}

TEST_CASE("nothing of the process tree is left, and the status is that of the work") {
  Fixture fixture;
  const std::string uuid = fixture.submit("done_with_children");
  const JobInfo info = fixture.end_of(uuid);
  CHECK(info.status == JobStatus::COMPLETED);
  CHECK(Fixture::all_gone(fixture.pids(uuid, 4)));
  CHECK(read_file(info.log_path).find("left behind were ended") != std::string::npos);
}

TEST_CASE("the work runs where and as what it was submitted") {
  Fixture fixture;
  JobSpec spec = fixture.spec("describe");
  spec.umask = 027;
  const JobInfo info = fixture.end_of(
      fixture.submit(spec, {"PATH=/bin", "SECRET=a b", "OSTLER_JOB_ID=another", "OSTLER_RUNNER=1"}));
  CHECK(info.status == JobStatus::COMPLETED);
  const std::string log = read_file(info.log_path);
  const auto says = [&](const std::string& line) {
    return ("\n" + log).find("\n" + line + "\n") != std::string::npos;
  };
  CHECK(says("cwd=" + fixture.directory + " umask=027"));
  CHECK(says("env SECRET=a b"));
  CHECK(says("env OSTLER_JOB_ID=" + info.uuid));
  CHECK(says("env OSTLER_JOB_DIR=" + info.directory));
  CHECK(log.find("another") == std::string::npos);
  CHECK(log.find("OSTLER_RUNNER") == std::string::npos);
  CHECK(says("fd 0 /dev/null"));
  CHECK(says("fd 1 " + info.log_path));
  CHECK(says("fd 2 " + info.log_path));
  CHECK(log.find("fd 3 ") == std::string::npos);
  CHECK(says("session 1"));
  const auto mode = [](const std::string& path) {
    struct stat status {};
    CHECK(::stat(path.c_str(), &status) == 0);
    return status.st_mode & 0777;
  };
  CHECK(mode(fixture.home) == 0700);
  for (const std::string& path :
       {info.log_path, fixture.paths(info.uuid).spec, fixture.paths(info.uuid).outcome,
        fixture.home + "/jobs.db", fixture.paths(info.uuid).events})
    CHECK_MESSAGE(mode(path) == 0600, path);
}

TEST_CASE("a program whose children are reaped by others starts runners") {
  const Fixture f;
  LocalExecutor executor(f.home, OSTLER_TEST_JOB_PROGRAM, Pool{1, {}});
  const auto before = ::signal(SIGCHLD, SIG_IGN);
  CHECK_NOTHROW(executor.launch());
  ::signal(SIGCHLD, before);
}

TEST_CASE("progress of a running job comes from its events") {
  Fixture fixture;
  const std::string uuid = fixture.submit("progress_and_hold");
  JobInfo info;
  CHECK(eventually([&] {
    info = fixture.engine.get_info(uuid);
    return !info.progress.is_null();
  }));
  CHECK(info.status == JobStatus::RUNNING);
  CHECK(info.progress.get_number("done") == 3);
  CHECK(info.progress.get_number("total") == 10);
  CHECK(info.progress.get_string("unit") == "rounds");
  CHECK(info.metrics.get_number("loss") == 0.25);
}

TEST_CASE("standard input is spooled, and wiped at the end") {
  Fixture fixture;
  write_file(fixture.directory + "/rows", "a,b\n1,2\n", Sync::no);
  const UniqueFd input = open_file(fixture.directory + "/rows", O_RDONLY);
  const JobSpec spec = fixture.spec("wait_for_file");
  fixture.engine.submit(spec, {{}, input.get()});
  CHECK(read_file(fixture.paths(spec.uuid).input) == "a,b\n1,2\n");
  write_file(join_path(fixture.engine.job_directory(spec.uuid), "go"), "", Sync::no);
  CHECK(fixture.end_of(spec.uuid).status == JobStatus::COMPLETED);
  CHECK(eventually([&] { return !file_status(fixture.paths(spec.uuid).input); }));
}

TEST_CASE("a submit that fails leaves nothing") {
  Fixture fixture;
  SUBCASE("more cpus than the pool") {
    JobSpec spec = fixture.spec("done");
    spec.cpus = 17;
    CHECK_THROWS_WITH(fixture.submit(spec), doctest::Contains("17 cpus"));
    CHECK_FALSE(file_status(fixture.home));
  }
  SUBCASE("standard input that cannot be read") {
    const UniqueFd directory = open_file(fixture.directory, O_RDONLY);
    CHECK_THROWS_AS(fixture.engine.submit(fixture.spec("done"), {{}, directory.get()}), Error);
    CHECK(list_directory(fixture.home + "/staging").empty());
    CHECK(list_directory(fixture.home + "/jobs").empty());
    CHECK(fixture.engine.list({}).total == 0);
  }
  SUBCASE("no job program") {
    JobEngine engine({fixture.home, fixture.directory + "/none", 1, &Clock::system()});
    CHECK_THROWS_WITH(engine.submit(fixture.spec("done"), {}), doctest::Contains("is missing"));
    CHECK_FALSE(file_status(fixture.home));
  }
}

TEST_CASE("a save path that became something else while the job ran is left alone") {
  Fixture fixture;
  const std::string uuid = fixture.submit("wait_for_file");
  make_directories(fixture.save_path);
  write_file(fixture.save_path + "/thesis.txt", "precious", Sync::no);
  write_file(join_path(fixture.engine.job_directory(uuid), "go"), "", Sync::no);
  const JobInfo info = fixture.end_of(uuid);
  CHECK(info.status == JobStatus::ERRORED);
  CHECK(info.reason == JobReason::user);
  CHECK(read_file(fixture.save_path + "/thesis.txt") == "precious");
  CHECK(list_directory(fixture.save_path) == std::vector<std::string>{"thesis.txt"});
  CHECK(fixture.in_models() == std::vector<std::string>{"m"});
}

TEST_CASE("ids: exact, external, prefix") {
  Fixture fixture;
  CHECK_THROWS_WITH(fixture.engine.resolve("abcd"), doctest::Contains(fixture.home.c_str()));
  JobSpec named = fixture.spec("done");
  named.external_id = named.id = "nightly";
  const std::string first = fixture.submit(named);
  fixture.end_of(first);
  named.uuid = make_uuid4();
  const std::string second = fixture.submit(named);
  fixture.end_of(second);
  const std::string third = fixture.submit("done");
  fixture.end_of(third);

  CHECK(fixture.engine.resolve("nightly") == second);  // the newest run
  CHECK(fixture.engine.resolve(first) == first);
  CHECK(fixture.engine.resolve(hash_instance_name("default") + ":" + third) == third);
  CHECK(fixture.engine.resolve(third.substr(0, 8)) == third);
  CHECK_THROWS_AS(fixture.engine.resolve(third.substr(0, 3)), Error);
  CHECK_THROWS_AS(fixture.engine.resolve("other:" + third), Error);
  CHECK_THROWS_AS(fixture.engine.resolve("night"), Error);  // external ids never by prefix
  CHECK_THROWS_WITH(fixture.engine.resolve(""), doctest::Contains("shell variable"));
  const auto history = fixture.engine.history("nightly");
  REQUIRE(history.size() == 2);
  CHECK(history[0].uuid == second);
  CHECK(history[1].uuid == first);
}

TEST_CASE("without a store, looking makes none") {
  Fixture fixture;
  CHECK(fixture.engine.list({}).jobs.empty());
  CHECK_THROWS_AS(fixture.engine.get_info(make_uuid4()), Error);
  fixture.engine.dispatch();
  CHECK_FALSE(file_status(fixture.home));
}

TEST_CASE("lists: active ones first, finished ones newest first, with totals") {
  Fixture fixture;
  std::vector<std::string> finished;
  for (int i = 0; i < 3; ++i) {
    finished.push_back(fixture.submit(i == 1 ? "exit_3" : "done"));
    fixture.end_of(finished.back());
  }
  const std::string held = fixture.submit("hold");
  CHECK(eventually([&] { return fixture.engine.get_info(held).status == JobStatus::RUNNING; }));
  JobSelector selector;
  selector.limit = 2;
  JobList list = fixture.engine.list(selector);
  REQUIRE(list.jobs.size() == 3);
  CHECK(list.jobs[0].uuid == held);
  CHECK(list.jobs[1].uuid == finished[2]);
  CHECK(list.jobs[2].uuid == finished[1]);
  CHECK(list.jobs[2].exit_status == 3);
  CHECK(list.total == 4);
  CHECK(list.running == 1);
  // A brief list has of the same jobs what a table shows, and nothing that has to be parsed.
  selector.brief = true;
  const JobList brief = fixture.engine.list(selector);
  REQUIRE(brief.jobs.size() == list.jobs.size());
  for (std::size_t i = 0; i < list.jobs.size(); ++i) {
    CHECK(brief.jobs[i].id == list.jobs[i].id);
    CHECK(brief.jobs[i].status == list.jobs[i].status);
    CHECK(brief.jobs[i].reason == list.jobs[i].reason);
    CHECK(brief.jobs[i].completion_time == list.jobs[i].completion_time);
    CHECK(brief.jobs[i].save_path == list.jobs[i].save_path);
    CHECK(brief.jobs[i].metrics == list.jobs[i].metrics);
  }
  CHECK(brief.jobs[2].errors.empty());
  selector.brief = false;
  selector.statuses = {JobStatus::ERRORED};
  list = fixture.engine.list(selector);
  CHECK(list.total == 1);
  CHECK(list.jobs.size() == 1);
  selector = {};
  selector.module_name = "other";
  CHECK(fixture.engine.list(selector).total == 0);
  selector = {};
  selector.until = Clock::system().now() - std::chrono::hours(1);
  CHECK(fixture.engine.list(selector).total == 0);
}

TEST_CASE("waiting: for all, for the first, for a while") {
  Fixture fixture;
  const std::string held = fixture.submit("hold");
  const std::string quick = fixture.submit("done");
  CHECK(fixture.engine.wait({held, quick}, JobEngine::Wait::any, {}));
  CHECK_FALSE(fixture.engine.wait({held, quick}, JobEngine::Wait::all, std::chrono::milliseconds(1)));
  int looks = 0;
  CHECK_FALSE(fixture.engine.wait({held}, JobEngine::Wait::all, std::chrono::milliseconds(1),
                                  [&](const std::vector<JobInfo>& infos) {
                                    ++looks;
                                    CHECK(infos.at(0).uuid == held);
                                  }));
  CHECK(looks > 0);
}
