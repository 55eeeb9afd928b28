// Cancel: of queued, starting, running, deaf and ended jobs.
#include "lib/jobs/cancel.h"

#include <map>
#include <mutex>
#include <thread>

#include "lib/core/module_config.h"
#include "lib/jobs/job_store.h"
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

namespace {

// Jobs that are canceled at about the moment at which they complete, one after the other. The delay goes up
// after a cancel that won and down after one that lost, so that it stays where either may win.
struct Race {
  explicit Race(Fixture& where) : fixture(where) {}

  void run(int rounds) {
    std::thread reader(&Race::read, this);
    JobEngine engine({fixture.home, OSTLER_TEST_JOB_PROGRAM, 16, &Clock::system()});
    auto delay = std::chrono::milliseconds(20);
    bool has_lost = false;
    for (int round = 0; round < rounds; ++round) {
      JobSpec spec = fixture.spec("done");
      spec.save_path = fixture.directory + "/models/" + spec.uuid;
      engine.submit(spec, {{"PATH=/usr/bin:/bin"}, -1});
      now_racing(spec.uuid);
      std::this_thread::sleep_for(delay);
      const JobStatus status = engine.cancel(spec.uuid).status;
      ends.emplace_back(spec.uuid, status);
      // Towards the moment at which either may win, on machines fast and slow: doubled until a cancel has
      // lost.
      has_lost |= status == JobStatus::COMPLETED;
      const auto step = std::max(has_lost ? delay / 4 : delay, std::chrono::milliseconds(1));
      delay += status == JobStatus::CANCELED ? step : -step;
      delay = std::max(delay, std::chrono::milliseconds(0));
    }
    now_racing("");
    reader.join();
  }

  // Looks at the job that is being raced for, all the while.
  void read() {
    JobEngine engine({fixture.home, OSTLER_TEST_JOB_PROGRAM, 16, &Clock::system()});
    for (;;) {
      std::string uuid;
      {
        const std::lock_guard guard(mutex);
        uuid = racing;
        if (over) return;
      }
      if (!uuid.empty()) {
        const JobStatus status = engine.get_info(uuid).status;
        if (is_terminal(status)) seen.emplace_back(uuid, status);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(6));
    }
  }

  void now_racing(const std::string& uuid) {
    const std::lock_guard guard(mutex);
    racing = uuid;
    over = uuid.empty();
  }

  Fixture& fixture;
  std::vector<std::pair<std::string, JobStatus>> ends, seen;  // as cancel said, and as the reader saw
  std::mutex mutex;
  std::string racing;
  bool over = false;
};

}  // namespace

TEST_CASE("cancel racing with the end a thousand times: one outcome, the same for every reader") {
#ifdef OSTLER_SANITIZE
  constexpr int kRounds = 20;  // each costs a hundred times what a look costs
#else
  constexpr int kRounds = 250;
#endif
  Fixture fixture;
  std::vector<std::unique_ptr<Race>> races;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    races.push_back(std::make_unique<Race>(fixture));
    threads.emplace_back(&Race::run, races.back().get(), kRounds);
  }
  for (std::thread& thread : threads) thread.join();
  REQUIRE(eventually([&] { return fixture.runners().empty(); }));

  std::map<std::string, JobStatus> ends;
  std::vector<std::string> models;
  for (const auto& race : races) ends.insert(race->ends.begin(), race->ends.end());
  CHECK(ends.size() == 4 * kRounds);
  for (const auto& race : races)
    for (const auto& [uuid, status] : race->seen) CHECK(status == ends.at(uuid));
  const auto store = JobStore::open(fixture.home, Database::Checkpoints::no);
  for (const auto& [uuid, status] : ends) {
    CHECK((status == JobStatus::COMPLETED || status == JobStatus::CANCELED));
    CHECK(store->find(uuid)->status == status);
    const auto outcome = read_outcome(fixture.paths(uuid));
    REQUIRE(outcome);
    CHECK(outcome->status == status);
    if (status != JobStatus::COMPLETED) continue;
    models.push_back(uuid);
    const std::string model = fixture.directory + "/models/" + uuid;
    CHECK(ModuleConfig::load(model).tracking_id() == outcome->tracking_id);
    CHECK(read_file(model + "/weights") == outcome->tracking_id);
  }
  CHECK(fixture.in_models() == models);  // sorted, as the map is: what was canceled has left nothing
  MESSAGE(models.size(), " of ", ends.size(), " have completed");
  CHECK(models.size() > ends.size() / 10);
  CHECK(models.size() < ends.size() - ends.size() / 10);
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
