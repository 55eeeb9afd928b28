#include "lib/jobs/job_store.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

#include <thread>

#include "lib/base/error.h"
#include "lib/base/files.h"
#include "tests/support/job_program/fake_job.h"

using namespace ostler;

namespace {

std::unique_ptr<JobStore> fresh_store() {
  return JobStore::open_or_create(working_directory() + "/" + make_uuid4(), Database::Checkpoints::no);
}

JobSpec queued(JobStore& store, const std::string& instance = "default", int priority = 0,
               std::optional<int> limit = {}, int cpus = 1) {
  JobSpec spec = fake_job("done", "/d");
  spec.instance = instance;
  spec.priority = priority;
  spec.max_concurrent = limit;
  spec.cpus = cpus;
  store.insert(spec);
  return spec;
}

JobStore::Claim claim(JobStore& store, const std::string& uuid, int pool = 8) {
  return store.claim(uuid, pool, {}, Clock::system().now(), "here");
}

std::vector<JobRow> finished_of(JobStore& store, const JobSelector& selector) {
  std::vector<JobRow> rows;
  store.finished(selector, [&](const JobRow& row) { rows.push_back(row); });
  return rows;
}

Outcome ended(JobStatus status) {
  Outcome outcome;
  outcome.status = status;
  outcome.completion_time = Clock::system().now();
  return outcome;
}

}  // namespace

TEST_CASE("a row tells what was submitted") {
  const auto store = fresh_store();
  JobSpec spec = fake_job("done", "/d");
  spec.external_id = spec.id = "it's \"nightly\"; DROP TABLE jobs";
  spec.module.version = "2.0";
  spec.data = {{"/d/a.csv", 1, 2}};
  store->insert(spec);
  const auto row = store->find(spec.uuid);
  REQUIRE(row);
  CHECK(row->external_id == spec.external_id);
  CHECK(row->status == JobStatus::QUEUED);
  CHECK(row->submission_time == spec.submission_time);
  CHECK(row->details.get_string("module_version") == "2.0");
  CHECK(row->details.at("data") == Value::array({"/d/a.csv"}));
  CHECK(row->details.at("parameters") == spec.parameters);
  CHECK_FALSE(row->start_time);
  CHECK(row->outcome.is_null());
  CHECK(store->newest_of(*spec.external_id)->uuid == spec.uuid);
  CHECK_FALSE(store->find(make_uuid4()));
  CHECK(store->uuids_with_prefix(spec.uuid.substr(0, 4), 5) == std::vector<std::string>{spec.uuid});
}

TEST_CASE("a store that cannot be made leaves no home") {
  const std::string parent = working_directory() + "/" + make_uuid4(), home = parent + "/home";
  make_directories(parent);
  const auto fails = [&] {
    try {
      JobStore::open_or_create(home, Database::Checkpoints::no);
      return false;
    } catch (const Error&) {
      return true;
    }
  };
  // No file may grow: what a full disk does to the new store. Nothing is checked (printed) meanwhile.
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const rlimit none{0, before.rlim_max};
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  ::setrlimit(RLIMIT_FSIZE, &none);
  const bool first = fails(), left = file_status(home).has_value();
  make_directories(home);
  const bool second = fails(), kept = file_status(home).has_value();
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, handler);
  CHECK(first);
  CHECK_FALSE(left);
  CHECK(second);
  CHECK(kept);  // it was the user's own
  CHECK_FALSE(fails());
}

TEST_CASE("one active job an external id") {
  const auto store = fresh_store();
  JobSpec spec = fake_job("done", "/d");
  spec.external_id = "x";
  store->insert(spec);
  JobSpec again = fake_job("done", "/d");
  again.external_id = "x";
  CHECK_THROWS_WITH(store->insert(again), doctest::Contains("x is QUEUED"));
  CHECK_FALSE(store->find(again.uuid));
  REQUIRE(store->finish(spec.uuid, 0, JobStatus::QUEUED, ended(JobStatus::CANCELED)));
  CHECK_NOTHROW(store->insert(again));
  CHECK(store->history("x").size() == 2);
}

TEST_CASE("a claim is lost to whoever was first, to a cancel, to the limits and to the order") {
  const auto store = fresh_store();
  const JobSpec first = queued(*store, "default", 0, 1), second = queued(*store, "default", 0, 1);
  CHECK(claim(*store, second.uuid) == JobStore::Claim::not_first);
  CHECK(claim(*store, first.uuid) == JobStore::Claim::claimed);
  CHECK(claim(*store, first.uuid) == JobStore::Claim::taken);
  CHECK(claim(*store, second.uuid) == JobStore::Claim::no_room);
  CHECK(store->request_cancel(second.uuid));
  CHECK(claim(*store, second.uuid) == JobStore::Claim::taken);
  CHECK_FALSE(store->next_eligible(8));
  const auto row = store->find(first.uuid);
  CHECK(row->status == JobStatus::RUNNING);
  CHECK(row->attempt == 1);
  CHECK(row->host == "here");
}

TEST_CASE("a clock that was set back does not start a job before its submit") {
  const auto store = fresh_store();
  const JobSpec spec = queued(*store);
  REQUIRE(store->claim(spec.uuid, 8, {}, spec.submission_time - std::chrono::hours(24), "here") ==
          JobStore::Claim::claimed);
  CHECK(store->find(spec.uuid)->start_time == spec.submission_time);
}

TEST_CASE("the row follows the record, once, and only from where it was seen") {
  const auto store = fresh_store();
  const JobSpec spec = queued(*store);
  CHECK_THROWS_AS(store->finish(spec.uuid, 0, JobStatus::COMPLETED, ended(JobStatus::ERRORED)), Error);
  CHECK_THROWS_AS(store->finish(spec.uuid, 0, JobStatus::QUEUED, ended(JobStatus::RUNNING)), Error);
  REQUIRE(claim(*store, spec.uuid) == JobStore::Claim::claimed);
  CHECK_FALSE(store->finish(spec.uuid, 0, JobStatus::QUEUED, ended(JobStatus::CANCELED)));
  CHECK_FALSE(store->finish(spec.uuid, 2, JobStatus::RUNNING, ended(JobStatus::ERRORED)));
  Outcome completed = ended(JobStatus::COMPLETED);
  completed.metrics = Value::object({{"loss", 0.5}});
  completed.progress = Value::object({{"done", 3}, {"metrics", completed.metrics}});
  CHECK(store->finish(spec.uuid, 1, JobStatus::RUNNING, completed));
  CHECK_FALSE(store->finish(spec.uuid, 1, JobStatus::RUNNING, ended(JobStatus::ERRORED)));
  const auto row = store->find(spec.uuid);
  CHECK(row->status == JobStatus::COMPLETED);
  CHECK(row->metrics == completed.metrics);
  CHECK(row->progress == Value::object({{"done", 3}}));  // its metrics are above
  CHECK(outcome_from(row->outcome).progress == completed.progress);
  CHECK_FALSE(store->request_cancel(spec.uuid));
}

TEST_CASE("the first in the queue: limits of instances, priorities, age, room") {
  const auto store = fresh_store();
  CHECK_FALSE(store->next_eligible(8));
  CHECK_FALSE(store->has_queue());
  const JobSpec a1 = queued(*store, "a", 0, 1), a2 = queued(*store, "a", 0, 1),
                b1 = queued(*store, "b", 0, {}, 6), b2 = queued(*store, "b");
  CHECK(store->next_eligible(8)->uuid == a1.uuid);
  CHECK(store->next_eligible(8, {a1.uuid})->uuid == a2.uuid);
  REQUIRE(claim(*store, a1.uuid) == JobStore::Claim::claimed);
  // "a" is at its limit; b1 is next, and b2 does not overtake it for want of room.
  CHECK(store->next_eligible(8)->uuid == b1.uuid);
  CHECK(store->next_eligible(8)->fits);
  CHECK(store->next_eligible(6)->uuid == b1.uuid);
  CHECK_FALSE(store->next_eligible(6)->fits);
  // A limit that was raised since counts for the jobs submitted under it.
  const JobSpec a3 = queued(*store, "a", 3, 2);
  CHECK(store->next_eligible(8)->uuid == a3.uuid);
  const JobSpec urgent = queued(*store, "b", 9);
  CHECK(store->next_eligible(8)->uuid == urgent.uuid);
  REQUIRE(store->request_cancel(urgent.uuid));
  CHECK(store->next_eligible(8)->uuid == a3.uuid);
  CHECK(store->queued_with_marks().size() == 1);
  CHECK(store->queued_with_marks()[0].uuid == urgent.uuid);
  (void)b2;
}

TEST_CASE("a job larger than the pool runs when nothing else does") {
  const auto store = fresh_store();
  const JobSpec large = queued(*store, "default", 0, {}, 64);
  CHECK(store->next_eligible(4)->fits);
  REQUIRE(claim(*store, large.uuid, 4) == JobStore::Claim::claimed);
  queued(*store);
  CHECK_FALSE(store->next_eligible(4)->fits);
}

TEST_CASE("counts follow every move, and selectors select") {
  const auto store = fresh_store();
  std::vector<JobSpec> specs;
  for (int i = 0; i < 6; ++i) specs.push_back(queued(*store));
  JobSelector all;
  CHECK(store->count(all) == 6);
  for (int i = 0; i < 4; ++i)
    REQUIRE(claim(*store, specs[static_cast<std::size_t>(i)].uuid) == JobStore::Claim::claimed);
  REQUIRE(store->finish(specs[0].uuid, 1, JobStatus::RUNNING, ended(JobStatus::COMPLETED)));
  REQUIRE(store->finish(specs[1].uuid, 1, JobStatus::RUNNING, ended(JobStatus::ERRORED)));
  REQUIRE(store->finish(specs[2].uuid, 1, JobStatus::RUNNING, ended(JobStatus::COMPLETED)));
  const auto count_of = [&](JobStatus status) {
    JobSelector selector;
    selector.statuses = {status};
    return store->count(selector);
  };
  CHECK(count_of(JobStatus::COMPLETED) == 2);
  CHECK(count_of(JobStatus::ERRORED) == 1);
  CHECK(count_of(JobStatus::RUNNING) == 1);
  CHECK(count_of(JobStatus::QUEUED) == 2);
  all.limit = 2;
  const auto finished = finished_of(*store, all);
  REQUIRE(finished.size() == 2);
  CHECK(finished[0].uuid == specs[2].uuid);
  CHECK(finished[1].uuid == specs[1].uuid);
  CHECK(store->active(all).at(0).uuid == specs[3].uuid);
  JobSelector late;
  late.since = specs[3].submission_time;
  CHECK(store->count(late) == 3);
  CHECK(store->active(late).size() == 3);
  CHECK(finished_of(*store, late).empty());
  JobSelector other;
  other.kind = JobKind::predict;
  CHECK(store->count(other) == 0);
  // The counters against the rows themselves.
  CHECK(store->database().integer("SELECT sum(number) FROM counts") ==
        store->database().integer("SELECT count(*) FROM jobs"));
  store->database().run("DELETE FROM jobs WHERE status = 4");
  CHECK(count_of(JobStatus::ERRORED) == 0);
}

TEST_CASE("a long queue is not walked through") {
  const auto store = fresh_store();
  const auto plan = [&](const std::string& sql) {
    std::string text;
    store->database().each("EXPLAIN QUERY PLAN " + sql, {},
                           [&](const Database::Row& row) { text += row.text(3) + "; "; });
    return text;
  };
  const std::string marked = plan(
      "SELECT * FROM jobs INDEXED BY jobs_marked WHERE status = 0 AND (cancel_requested OR failed_starts > "
      "0) ORDER BY sequence");
  CHECK_MESSAGE(marked.find("TEMP B-TREE") == std::string::npos, marked);
  const std::string ended =
      "SELECT sequence FROM jobs INDEXED BY jobs_by_status WHERE status = 2 AND sequence > 7 AND kind = 0 "
      "AND "
      "module_name = 'm' AND submission_time > 1 AND completion_time < 3";
  for (const char* order : {"", " DESC"}) {
    const std::string some = plan(ended + " UNION ALL " + ended + " ORDER BY sequence" + order + " LIMIT 20");
    CHECK_MESSAGE(some.find("COVERING INDEX jobs_by_status (status=? AND sequence>?)") != std::string::npos,
                  some);
    CHECK_MESSAGE(some.find("TEMP B-TREE") == std::string::npos, some);
  }
  const std::string head = plan(
      "SELECT uuid FROM jobs INDEXED BY jobs_queue WHERE status = 0 AND waiting_for = 0 AND cancel_requested "
      "= 0 AND lane = 'x' AND max_concurrent = 0 ORDER BY priority DESC, sequence LIMIT 1");
  CHECK_MESSAGE(head.find("TEMP B-TREE") == std::string::npos, head);
}

TEST_CASE("failures of the store say what and where") {
  const std::string home = working_directory() + "/" + make_uuid4();
  CHECK(JobStore::open(home, Database::Checkpoints::no) == nullptr);
  make_directories(home, 0700);
  SUBCASE("no SQLite file") {
    write_file(JobStore::path_in(home),
               "this is no database, but long enough to look like one" + std::string(200, '.'), Sync::no);
    CHECK_THROWS_WITH(JobStore::open(home, Database::Checkpoints::no), doctest::Contains("damaged"));
  }
  SUBCASE("locked by another") {
    const auto store = JobStore::open_or_create(home, Database::Checkpoints::no);
    const auto other = JobStore::open(home, Database::Checkpoints::no);
    other->database().script("BEGIN IMMEDIATE");
    store->database().set_patience(std::chrono::milliseconds(5));
    JobSpec spec = fake_job("done", "/d");
    try {
      store->insert(spec);
      FAIL("the store was locked");
    } catch (const Error& error) {
      CHECK(error.code() == StatusCode::failed_precondition);
    }
    CHECK_FALSE(store->find(spec.uuid));  // reading works all the while
    other->database().script("ROLLBACK");
    CHECK_NOTHROW(store->insert(spec));
  }
}

TEST_CASE("eight that make the store at once make one") {
  const std::string home = working_directory() + "/" + make_uuid4();
  std::vector<std::thread> threads;
  std::vector<std::string> failures(8);
  for (std::size_t i = 0; i < 8; ++i)
    threads.emplace_back([&, i] {
      try {
        queued(*JobStore::open_or_create(home, Database::Checkpoints::no));
      } catch (const Error& error) {
        failures[i] = error.what();
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (const std::string& failure : failures) CHECK(failure.empty());
  CHECK(JobStore::open(home, Database::Checkpoints::no)->count({}) == 8);
  for (const std::string& name : list_directory(home)) CHECK(name.find(".new-") == std::string::npos);
}

TEST_CASE("jobs that wait for others become eligible once all have completed") {
  const auto store = fresh_store();
  const JobSpec first = queued(*store), second = queued(*store);
  JobSpec last = fake_job("done", "/d");
  last.after = {first.uuid, second.uuid, first.uuid};
  store->insert(last);
  CHECK(store->find(last.uuid)->waiting_for == 2);
  for (const JobSpec& spec : {first, second}) {
    REQUIRE(claim(*store, spec.uuid) == JobStore::Claim::claimed);
    CHECK(claim(*store, last.uuid) == JobStore::Claim::taken);
    CHECK(store->has_queue());
    CHECK(store->finish(spec.uuid, 1, JobStatus::RUNNING, ended(JobStatus::COMPLETED)));
    CHECK_FALSE(store->finish(spec.uuid, 1, JobStatus::RUNNING, ended(JobStatus::COMPLETED)));
  }
  CHECK(store->find(last.uuid)->waiting_for == 0);
  CHECK(store->queued_with_marks().empty());
  // Needed as long as it has not ended.
  CHECK(store->not_needed({first.uuid, last.uuid}) == std::vector<std::string>{last.uuid});
  REQUIRE(claim(*store, last.uuid) == JobStore::Claim::claimed);
  CHECK(store->finish(last.uuid, 1, JobStatus::RUNNING, ended(JobStatus::COMPLETED)));
  CHECK(store->not_needed({first.uuid}).size() == 1);
}

TEST_CASE("jobs that wait for what did not complete are marked, also when that was before") {
  const auto store = fresh_store();
  const JobSpec first = queued(*store);
  JobSpec before = fake_job("done", "/d"), after = fake_job("done", "/d"), missing = fake_job("done", "/d");
  before.after = after.after = {first.uuid};
  store->insert(before);
  CHECK(store->finish(first.uuid, 0, JobStatus::QUEUED, ended(JobStatus::CANCELED)));
  store->insert(after);
  const auto marked = store->queued_with_marks();
  REQUIRE(marked.size() == 2);
  for (const JobRow& row : marked) CHECK(row.failed_dependency == first.uuid);
  missing.after = {make_uuid4()};
  CHECK_THROWS_WITH_AS(store->insert(missing), doctest::Contains("is gone"), Error);
  CHECK_FALSE(store->find(missing.uuid));
}

TEST_CASE("what did not complete marks the whole chain behind it, a long one in parts") {
  const auto store = fresh_store();
  std::vector<std::string> chain = {queued(*store).uuid};
  store->database().in_transaction([&] {
    for (int i = 0; i < 2000; ++i) {
      JobSpec next = fake_job("done", "/d");
      next.after = {chain.back()};
      if (i == 2) next.after.push_back(chain[1]);  // two ways to it
      store->insert(next);
      chain.push_back(next.uuid);
    }
  });
  const auto fails = [&](std::size_t i) {
    return store->finish(chain[i], 0, JobStatus::QUEUED, ended(JobStatus::ERRORED));
  };
  REQUIRE(fails(0));
  const auto marked = store->queued_with_marks();
  CHECK(marked.size() > 1000);
  CHECK(marked.size() < 1501);
  for (std::size_t i = 0; i < marked.size(); ++i) {
    REQUIRE(marked[i].uuid == chain[i + 1]);
    CHECK((marked[i].failed_dependency == chain[i] || (i == 2 && marked[i].failed_dependency == chain[1])));
  }
  store->database().in_transaction([&] {
    for (std::size_t i = 1; i <= marked.size(); ++i) REQUIRE(fails(i));
  });
  CHECK(store->queued_with_marks().size() == 2000 - marked.size());
  CHECK(store->queued_with_marks().back().uuid == chain.back());
}

TEST_CASE("gpus are given by number, to one job at a time") {
  const auto store = fresh_store();
  const Pool pool(8, std::vector<int>{1, 3, 4});
  std::vector<JobSpec> specs;
  for (const int gpus : {2, 1, 1}) {
    JobSpec spec = fake_job("done", "/d");
    spec.gpus = gpus;
    store->insert(spec);
    specs.push_back(spec);
  }
  const auto take = [&](const JobSpec& spec) {
    return store->claim(spec.uuid, pool, {}, Clock::system().now(), "here");
  };
  REQUIRE(take(specs[0]) == JobStore::Claim::claimed);
  REQUIRE(take(specs[1]) == JobStore::Claim::claimed);
  CHECK(take(specs[2]) == JobStore::Claim::no_room);
  CHECK(store->find(specs[0].uuid)->gpu_devices == "1,3");
  CHECK(store->find(specs[1].uuid)->gpu_devices == "4");
  CHECK(store->finish(specs[0].uuid, 1, JobStatus::RUNNING, ended(JobStatus::COMPLETED)));
  REQUIRE(take(specs[2]) == JobStore::Claim::claimed);
  CHECK(store->find(specs[2].uuid)->gpu_devices == "1");
}

TEST_CASE("a running job is queued again as often as it may be, and begins further attempts") {
  const auto store = fresh_store();
  JobSpec spec = fake_job("done", "/d");
  spec.max_requeues = 1;
  store->insert(spec);
  CHECK_FALSE(store->requeue(spec.uuid, 0));  // it does not run
  REQUIRE(claim(*store, spec.uuid) == JobStore::Claim::claimed);
  CHECK_FALSE(store->begin_attempt(spec.uuid, 7));
  CHECK(store->begin_attempt(spec.uuid, 1));
  CHECK_FALSE(store->requeue(spec.uuid, 1));
  CHECK(store->requeue(spec.uuid, 2));
  const auto row = store->find(spec.uuid);
  CHECK(row->status == JobStatus::QUEUED);
  CHECK(row->attempt == 2);
  CHECK_FALSE(row->start_time);
  REQUIRE(claim(*store, spec.uuid) == JobStore::Claim::claimed);
  CHECK_FALSE(store->requeue(spec.uuid, 3));
}

TEST_CASE("tags and groups choose jobs, and go with them") {
  const auto store = fresh_store();
  JobSpec spec = fake_job("done", "/d");
  spec.tags = Value::object({{"a", "1"}, {"b", "it's"}});
  spec.group = "fan";
  store->insert(spec);
  queued(*store);
  JobSelector selector;
  selector.tags = {{"b", "it's"}, {"a", "1"}};
  selector.group = "fan";
  CHECK(store->active(selector).size() == 1);
  CHECK(store->count(selector) == 1);
  selector.tags.emplace_back("a", "2");
  CHECK(store->active(selector).empty());
  CHECK(store->finish(spec.uuid, 0, JobStatus::QUEUED, ended(JobStatus::CANCELED)));
  store->remove({spec.uuid});
  CHECK(store->database().integer("SELECT count(*) FROM tags") == 0);
}
