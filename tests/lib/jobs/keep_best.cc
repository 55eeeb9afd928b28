// What a runner makes of a comparison with the model at the save path (--keep-best), and of replaced models
// that are to be kept. The comparisons are those of tests/support/job_program.

#include "lib/jobs/publish.h"
#include "lib/jobs/replace_model.h"
#include "tests/lib/jobs/engine_fixture.h"

using namespace ostler;

namespace {

struct KeepBest : Fixture {
  // Publishes an old model, and gives its tracking id.
  std::string old_model() {
    CHECK(end_of(submit("done")).replaced == true);
    return at_target();
  }
  JobSpec comparing(const std::string& how, const std::string& what = "done") {
    JobSpec spec = this->spec(what);
    spec.keep_best = "accuracy";
    spec.parameters["compare"] = how;
    return spec;
  }
  std::string at_target() const { return tracking_id_of(save_path); }
  std::string place_apart(const std::string& uuid) { return join_path(paths(uuid).directory, "model"); }
  void check_stayed(const std::string& uuid, const std::string& old) {
    const JobInfo info = end_of(uuid);
    CHECK(info.status == JobStatus::COMPLETED);
    CHECK(info.replaced == false);
    CHECK(info.result == place_apart(uuid));
    CHECK(at_target() == old);
    CHECK(tracking_id_of(place_apart(uuid)).size() == 36);
    CHECK(in_models() == std::vector<std::string>{"m"});
  }
  void check_replaced(const std::string& uuid, const std::string& old, const std::string& note) {
    const JobInfo info = end_of(uuid);
    CHECK_MESSAGE(info.status == JobStatus::COMPLETED, (info.errors.empty() ? "" : info.errors[0]));
    CHECK(info.replaced == true);
    CHECK(info.result == save_path);
    CHECK(at_target() != old);
    CHECK_FALSE(file_status(place_apart(uuid)));
    CHECK_MESSAGE((note.empty() ? info.note.empty() : info.note.find(note) != std::string::npos), info.note);
    CHECK(in_models() == std::vector<std::string>{"m"});
  }
};

}  // namespace

TEST_CASE_FIXTURE(KeepBest, "where there is nothing to compare with, nothing is compared") {
  const std::string uuid = submit(comparing("worse"));
  check_replaced(uuid, "", "");
  CHECK(pids(uuid, 1).size() == 1);
}

TEST_CASE_FIXTURE(KeepBest, "a better model replaces the old one") {
  const std::string old = old_model(), uuid = submit(comparing("better"));
  check_replaced(uuid, old, "");
  CHECK(pids(uuid, 2).size() == 2);
  CHECK(read_file(paths(uuid).log).find("accuracy 0.5 is better than 0.25") != std::string::npos);
}

TEST_CASE_FIXTURE(KeepBest, "a worse model stays in its job's directory") {
  const std::string old = old_model(), uuid = submit(comparing("worse"));
  check_stayed(uuid, old);
  CHECK(engine.get_info(uuid).note == "accuracy 0.5 is no better than 0.75 of the model at " + save_path +
                                          ", which stays; the new one is at " + place_apart(uuid));
}

TEST_CASE_FIXTURE(KeepBest, "an old model that cannot be read is replaced, and it is said why") {
  std::string old = old_model();
  for (const auto& [kind, note] : {std::pair<std::string, std::string>{"unknown", "it has no such metric"},
                                   {"crash", "died of signal 6"}}) {
    const std::string how = kind;
    CAPTURE(how);
    const std::string uuid = submit(comparing(how));
    check_replaced(uuid, old, note);
    CHECK(engine.get_info(uuid).note.find("warning: the model at " + save_path + " cannot be read") == 0);
    old = at_target();
  }
}

TEST_CASE_FIXTURE(KeepBest, "a comparison that fails leaves the old model, and is an error") {
  const std::string old = old_model();
  for (const auto& [kind, why] :
       {std::pair<std::string, std::string>{"exit_0", "exit status 0 and without a result"},
        {"exit_3", "exit status 3"},
        {"killed", "died of signal 9"}}) {
    const std::string how = kind;
    CAPTURE(how);
    const std::string uuid = submit(comparing(how));
    const JobInfo info = end_of(uuid);
    CHECK(info.status == JobStatus::ERRORED);
    REQUIRE(info.errors.size() == 1);
    CHECK_MESSAGE(info.errors[0].find(why) != std::string::npos, info.errors[0]);
    CHECK(info.errors[0].find(place_apart(uuid)) != std::string::npos);
    CHECK_FALSE(info.replaced.has_value());
    CHECK(at_target() == old);
    CHECK(tracking_id_of(place_apart(uuid)).size() == 36);
    CHECK(in_models() == std::vector<std::string>{"m"});
  }
}

TEST_CASE_FIXTURE(KeepBest, "another model came meanwhile: it is compared again") {
  std::string old = old_model();
  const std::string uuid = submit(comparing("raced,better"));
  check_replaced(uuid, old, "");
  CHECK(pids(uuid, 3).size() == 3);
  old = at_target();
  const std::string worse = submit(comparing("raced,worse"));
  CHECK(end_of(worse).replaced == false);
  CHECK(pids(worse, 3).size() == 3);
  CHECK(at_target() != old);  // the other one that came
}

TEST_CASE_FIXTURE(KeepBest, "the old model went meanwhile: there is nothing to compare with any more") {
  old_model();
  const std::string uuid = submit(comparing("removed,worse"));
  check_replaced(uuid, "", "");
  CHECK(pids(uuid, 2).size() == 2);
}

TEST_CASE_FIXTURE(KeepBest, "another model comes each time: it ends, and says so") {
  old_model();
  const std::string uuid = submit(comparing("always_raced,better"));
  const JobInfo info = end_of(uuid);
  CHECK(info.status == JobStatus::ERRORED);
  REQUIRE(info.errors.size() == 1);
  CHECK(info.errors[0].find("each of the 5 times") != std::string::npos);
  CHECK_FALSE(info.replaced);
  CHECK(pids(uuid, 6).size() == 6);
  CHECK(in_models() == std::vector<std::string>{"m"});
}

TEST_CASE_FIXTURE(KeepBest,
                  "a cancel or the time limit during the comparison ends the job as during the work") {
  const std::string old = old_model();
  const std::string canceled = submit(comparing("hold"));
  pids(canceled, 2);
  engine.cancel(canceled, std::chrono::seconds(30));
  CHECK(end_of(canceled).status == JobStatus::CANCELED);
  CHECK(all_gone(pids(canceled, 2)));
  JobSpec limited = comparing("hold");
  limited.time_limit = std::chrono::seconds(1);
  const JobInfo info = end_of(submit(limited));
  CHECK(info.status == JobStatus::ERRORED);
  CHECK(info.reason == JobReason::time_limit);
  CHECK(at_target() == old);
  CHECK(in_models() == std::vector<std::string>{"m"});
}

TEST_CASE_FIXTURE(KeepBest,
                  "a runner that is told to end during the comparison ends its job, or queues it again") {
  const std::string old = old_model();
  for (const int requeues : {0, 1}) {
    CAPTURE(requeues);
    JobSpec spec = comparing("hold");
    spec.max_requeues = requeues;
    const std::string uuid = submit(spec);
    const std::vector<pid_t> work = pids(uuid, 2);
    ::kill(runner_of(uuid), SIGTERM);
    if (requeues == 0) {
      const JobInfo info = end_of(uuid);
      CHECK(info.status == JobStatus::ERRORED);
      CHECK(info.reason == JobReason::signal);
    } else {
      CHECK(eventually([&] { return engine.get_info(uuid).status == JobStatus::QUEUED; }));
      engine.cancel(uuid, std::chrono::seconds(30));
    }
    CHECK(all_gone(work));
    CHECK(eventually([&] { return in_models() == std::vector<std::string>{"m"}; }));
    CHECK(at_target() == old);
  }
}

TEST_CASE_FIXTURE(KeepBest,
                  "a runner that is killed during the comparison: lost, and nothing of it is left") {
  const std::string old = old_model(), uuid = submit(comparing("hold"));
  const std::vector<pid_t> work = pids(uuid, 2);
  ::kill(runner_of(uuid), SIGKILL);
  const JobInfo info = end_of(uuid);
  CHECK(info.status == JobStatus::ERRORED);
  CHECK(info.reason == JobReason::lost);
  CHECK(all_gone(work));
  CHECK(at_target() == old);
  CHECK(in_models() == std::vector<std::string>{"m"});
}

TEST_CASE_FIXTURE(KeepBest,
                  "replaced models are kept as the job says; one that stays where it is replaces none") {
  const std::string first = old_model();
  JobSpec keeping = comparing("better");
  keeping.keep_previous = 2;
  CHECK(end_of(submit(keeping)).replaced == true);
  REQUIRE(previous_models(save_path).size() == 1);
  CHECK(previous_models(save_path)[0].config.tracking_id() == first);
  const std::string second = at_target();
  JobSpec worse = comparing("worse");
  worse.keep_previous = 2;
  CHECK(end_of(submit(worse)).replaced == false);
  CHECK(previous_models(save_path).size() == 1);
  CHECK(at_target() == second);
}

TEST_CASE_FIXTURE(KeepBest, "only trainings that save where the user said are said to replace") {
  JobSpec inside = spec("done");
  inside.save_path.clear();
  CHECK_FALSE(end_of(submit(inside)).replaced);
  CHECK_FALSE(end_of(submit("error")).replaced);
}
