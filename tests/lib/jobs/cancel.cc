// Cancel: of queued, starting, running, deaf and ended jobs.
#include "lib/jobs/cancel.h"

#include "lib/jobs/publish_lock.h"
#include "tests/lib/jobs/engine_fixture.h"

using namespace ostler;

TEST_CASE("cancel of a queued job ends it without a process") {
  Fixture fixture(1);
  const std::string first = fixture.submit("hold");
  fixture.pids(first, 1);
  const std::string queued = fixture.submit("done");
  const JobInfo info = fixture.engine.cancel(queued);
  CHECK(info.status == JobStatus::CANCELED);
  CHECK(info.attempt == 0);
  CHECK_FALSE(info.start_time);
  CHECK(info.completion_time >= info.submission_time);
  CHECK(read_outcome(fixture.paths(queued))->status == JobStatus::CANCELED);
  CHECK_FALSE(file_status(fixture.paths(queued).environment));
  CHECK(fixture.engine.get_info(first).status == JobStatus::RUNNING);
}

TEST_CASE("cancel of a running job leaves nothing of its tree") {
  Fixture fixture;
  for (const char* what : {"hold", "hold_with_children", "ignore_term"}) {
    CAPTURE(what);
    const std::string uuid = fixture.submit(what);
    const std::vector<pid_t> pids = fixture.pids(uuid, what == std::string("hold") ? 1 : 4);
    const JobInfo info = fixture.engine.cancel(uuid);
    CHECK(info.status == JobStatus::CANCELED);
    CHECK(info.reason == JobReason::user);
    CHECK(Fixture::all_gone(pids));
    CHECK(info.start_time);
    CHECK(info.completion_time >= info.start_time);
    CHECK(fixture.in_models().empty());
  }
}

TEST_CASE("a job that was done but not yet ended is canceled with its result") {
  Fixture fixture;
  const std::string uuid = fixture.submit("hold_staged");
  REQUIRE(eventually([&] { return !read_last_events(fixture.paths(uuid).events).done.is_null(); }));
  CHECK(fixture.engine.cancel(uuid).status == JobStatus::CANCELED);
  CHECK(fixture.in_models().empty());
}

TEST_CASE("cancel of an ended job changes nothing") {
  Fixture fixture;
  const std::string uuid = fixture.submit("exit_3");
  const JobInfo before = fixture.end_of(uuid);
  const JobInfo after = fixture.engine.cancel(uuid);
  CHECK(after.status == JobStatus::ERRORED);
  CHECK(after.completion_time == before.completion_time);
  CHECK_FALSE(after.cancel_requested);
}

TEST_CASE("a runner that does not answer is killed, and its job is canceled") {
  Fixture fixture;
  const std::string uuid = fixture.submit("hold_with_children");
  const std::vector<pid_t> pids = fixture.pids(uuid, 4);
  const pid_t runner = fixture.runner_of(uuid);
  ::kill(runner, SIGSTOP);
  const JobInfo info = fixture.engine.cancel(uuid);
  CHECK(info.status == JobStatus::CANCELED);
  CHECK_FALSE(is_running(runner));
  CHECK(Fixture::all_gone(pids));
}

TEST_CASE("cancel with a timeout comes back; the request stays") {
  Fixture fixture;
  JobSpec spec = fixture.spec("ignore_term");
  spec.cancel_grace = std::chrono::seconds(2);
  const std::string uuid = fixture.submit(spec);
  fixture.pids(uuid, 4);
  const JobInfo info = fixture.engine.cancel(uuid, std::chrono::milliseconds(1));
  CHECK(info.status == JobStatus::RUNNING);
  CHECK(info.cancel_requested);
  CHECK(fixture.end_of(uuid).status == JobStatus::CANCELED);
}

TEST_CASE("cancel racing with the end: one outcome, the same for every reader") {
  Fixture fixture;
  int canceled = 0;
  for (int round = 0; round < 25; ++round) {
    const std::string uuid = fixture.submit("wait_for_file");
    fixture.pids(uuid, 1);
    write_file(join_path(fixture.engine.job_directory(uuid), "go"), "", Sync::no);
    ::poll(nullptr, 0, round / 2);  // spread over the time that the end takes
    const JobInfo info = fixture.engine.cancel(uuid);
    const bool completed = info.status == JobStatus::COMPLETED;
    CHECK((completed || info.status == JobStatus::CANCELED));
    canceled += completed ? 0 : 1;
    CHECK(read_outcome(fixture.paths(uuid))->status == info.status);
    CHECK(fixture.engine.get_info(uuid).status == info.status);
    CHECK(JobEngine({fixture.home, OSTLER_TEST_JOB_PROGRAM, 0, &Clock::system()}).get_info(uuid).status ==
          info.status);
    CHECK(info.result.has_value() == completed);
  }
  MESSAGE(canceled, " of 25 were canceled");
}

TEST_CASE("a job that waits for its turn to publish heeds a cancel") {
  Fixture fixture;
  std::string uuid;
  {
    const PublishLock lock = PublishLock::take(fixture.save_path, Duration::zero());
    uuid = fixture.submit("done");
    REQUIRE(eventually([&] { return !read_last_events(fixture.paths(uuid).events).done.is_null(); }));
    ::poll(nullptr, 0, 300);  // it would be through by now
    CHECK(fixture.engine.get_info(uuid).status == JobStatus::RUNNING);
    fixture.engine.cancel(uuid);
    CHECK(fixture.end_of(uuid).status == JobStatus::CANCELED);
  }
  CHECK(fixture.in_models().empty());
}
