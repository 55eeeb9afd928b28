// Who starts when, and who races whom.
#include <algorithm>

#include "lib/base/error.h"
#include "lib/jobs/job_store.h"
#include "tests/lib/jobs/engine_fixture.h"

using namespace ostler;

namespace {

std::vector<JobInfo> by_start(Fixture& fixture) {
  std::vector<JobInfo> jobs = fixture.engine.list({}).jobs;
  std::sort(jobs.begin(), jobs.end(),
            [](const JobInfo& left, const JobInfo& right) { return left.start_time < right.start_time; });
  return jobs;
}

void go(Fixture& fixture, const std::string& uuid) {
  write_file(join_path(fixture.engine.job_directory(uuid), "go"), "", Sync::no);
}

}  // namespace

TEST_CASE("eight racing submits under one id: one runs") {
  Fixture fixture;
  std::vector<pid_t> submitters;
  for (int i = 0; i < 8; ++i) submitters.push_back(fixture.start_submit("wait_for_file", "nightly"));
  int accepted = 0, refused = 0;
  for (const pid_t pid : submitters) {
    const int status = wait_for(pid);
    if (status == 0) ++accepted;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 4) ++refused;
  }
  CHECK(accepted == 1);
  CHECK(refused == 7);
  CHECK(list_directory(fixture.home + "/staging").empty());
  CHECK(list_directory(fixture.home + "/jobs").size() == 1);
  const std::string uuid = fixture.engine.resolve("nightly");
  // Refused while it runs, and free again once it has ended, by whatever end.
  JobSpec again = fixture.spec("done");
  again.external_id = again.id = "nightly";
  fixture.pids(uuid, 1);
  CHECK_THROWS_WITH(fixture.submit(again), doctest::Contains("nightly is RUNNING"));
  ::kill(fixture.runner_of(uuid), SIGKILL);
  REQUIRE(eventually([&] { return !observe_lock(fixture.paths(uuid).lock).held; }));
  CHECK(fixture.end_of(fixture.submit(again)).status == JobStatus::COMPLETED);
}

TEST_CASE("the pool: what does not fit waits, and is not overtaken") {
  Fixture fixture(4);
  JobSpec large = fixture.spec("wait_for_file");
  large.cpus = 3;
  const std::string first = fixture.submit(large);
  fixture.pids(first, 1);
  large.uuid = make_uuid4();
  const std::string second = fixture.submit(large);
  const std::string small = fixture.submit("done");  // would fit beside the first
  fixture.engine.dispatch();
  CHECK(eventually([&] { return fixture.runners().size() == 1; }));
  CHECK(fixture.engine.get_info(small).status == JobStatus::QUEUED);
  CHECK(fixture.engine.list({}).queued == 2);
  go(fixture, first);
  // With the second running there is room for the small one.
  CHECK(fixture.end_of(small).status == JobStatus::COMPLETED);
  CHECK(fixture.engine.get_info(second).status == JobStatus::RUNNING);
  go(fixture, second);
  CHECK(fixture.end_of(second).status == JobStatus::COMPLETED);
  CHECK(*fixture.engine.get_info(second).start_time <= *fixture.engine.get_info(small).start_time);
}

TEST_CASE("an instance at its limit does not hold up another's jobs") {
  Fixture fixture;
  JobSpec limited = fixture.spec("hold");
  limited.max_concurrent = 1;
  const std::string first = fixture.submit(limited);
  limited.uuid = make_uuid4();
  const std::string second = fixture.submit(limited);
  JobSpec other = fixture.spec("done");
  other.instance = "other";
  other.max_concurrent = 1;
  CHECK(fixture.end_of(fixture.submit(other)).status == JobStatus::COMPLETED);
  CHECK(fixture.engine.get_info(second).status == JobStatus::QUEUED);
  fixture.pids(first, 1);
  // Its place is the next one's, also when it ends by force.
  ::kill(fixture.runner_of(first), SIGKILL);
  REQUIRE(eventually([&] { return !observe_lock(fixture.paths(first).lock).held; }));
  fixture.engine.dispatch();
  fixture.pids(second, 1);
  CHECK(fixture.engine.get_info(first).reason == JobReason::lost);
}

TEST_CASE("priority first, then age") {
  Fixture fixture(1);
  const std::string first = fixture.submit("wait_for_file");
  fixture.pids(first, 1);
  std::vector<std::string> queued;
  for (const int priority : {0, 5, 0, 5, -1}) {
    JobSpec spec = fixture.spec("done");
    spec.priority = priority;
    queued.push_back(fixture.submit(spec));
  }
  go(fixture, first);
  REQUIRE(fixture.engine.wait(queued, JobEngine::Wait::all, std::chrono::seconds(60)));
  std::vector<std::string> order;
  for (const JobInfo& job : by_start(fixture)) order.push_back(job.uuid);
  CHECK(order == std::vector<std::string>{first, queued[1], queued[3], queued[0], queued[2], queued[4]});
}

TEST_CASE("a queue whose runners were all killed is taken up again") {
  Fixture fixture(1);
  const std::string first = fixture.submit("hold");
  fixture.pids(first, 1);
  std::vector<std::string> queued;
  for (int i = 0; i < 5; ++i) queued.push_back(fixture.submit("done"));
  for (const pid_t runner : fixture.runners()) ::kill(runner, SIGKILL);
  REQUIRE(
      eventually([&] { return fixture.runners().empty() && !observe_lock(fixture.paths(first).lock).held; }));
  JobList list = fixture.engine.list({});  // settles, and starts nothing
  CHECK(list.queued == 5);
  CHECK(list.running == 0);
  SUBCASE("by dispatch") { fixture.engine.dispatch(); }
  SUBCASE("by a submit") { fixture.submit("done"); }
  SUBCASE("by a wait") {}
  REQUIRE(fixture.engine.wait(queued, JobEngine::Wait::all, std::chrono::seconds(60)));
  for (const std::string& uuid : queued) CHECK(fixture.engine.get_info(uuid).status == JobStatus::COMPLETED);
}

TEST_CASE("a job that was submitted from within a job outlives it") {
  Fixture fixture;
  const std::string outer = fixture.submit("submit_another");
  CHECK(fixture.end_of(outer).status == JobStatus::COMPLETED);
  const std::string inner = fixture.engine.resolve("inner");
  fixture.pids(inner, 1);
  CHECK(fixture.engine.get_info(inner).status == JobStatus::RUNNING);
  go(fixture, inner);
  CHECK(fixture.end_of(inner).status == JobStatus::COMPLETED);
}
