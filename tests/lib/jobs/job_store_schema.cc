#include "lib/jobs/job_store_schema.h"

#include <doctest/doctest.h>

#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/base/strings.h"
#include "lib/jobs/job_store.h"

using namespace ostler;

namespace {

// A copy of a store that the first released schema wrote (make_store_v1.sh), in a home of its own.
std::string home_with_old_store() {
  const std::string home = working_directory() + "/" + make_uuid4();
  make_directories(home, 0700);
  write_file(JobStore::path_in(home), read_file(OSTLER_TEST_DATA "/../lib/jobs/store_v1.db"), Sync::no);
  return home;
}

}  // namespace

TEST_CASE("a store of the first schema is read and used") {
  const auto store = JobStore::open(home_with_old_store(), Database::Checkpoints::no);
  REQUIRE(store);
  CHECK(store->database().integer("PRAGMA user_version") ==
        static_cast<std::int64_t>(job_store_migrations().size()));
  CHECK(store->count({}) == 4);
  const auto completed = store->find("11111111-1111-4111-8111-111111111111");
  REQUIRE(completed);
  CHECK(completed->status == JobStatus::COMPLETED);
  CHECK(completed->external_id == "nightly");
  CHECK(completed->details.get_string("save_path") == "/home/user/models/penguins");
  CHECK(outcome_from(completed->outcome).metrics.get_number("accuracy") == 0.97);
  // What later migrations took out of the documents, for lists that parse none.
  JobSelector brief;
  brief.brief = true;
  brief.statuses = {JobStatus::COMPLETED};
  std::vector<JobRow> listed;
  store->finished(brief, [&](const JobRow& row) { listed.push_back(row); });
  REQUIRE(listed.size() == 1);
  CHECK(listed[0].target == "/home/user/models/penguins");
  CHECK(listed[0].metrics.get_number("accuracy") == 0.97);
  CHECK(listed[0].details.is_null());
  CHECK(store->find("22222222-2222-4222-8222-222222222222")->reason == JobReason::lost);
  CHECK(store->running().size() == 1);
  CHECK(store->next_eligible(8)->uuid == "44444444-4444-4444-8444-444444444444");
  CHECK(store->database().integer(
            "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'") == 1);
}

TEST_CASE("migrations are taken once each, in order, or not at all") {
  const std::string path = working_directory() + "/" + make_uuid4();
  write_file(path, "", Sync::no);
  Database database(path, Database::Checkpoints::no);
  const Migration one[] = {{"one", "CREATE TABLE a (x)"}};
  const Migration two[] = {{"one", "CREATE TABLE a (x)"},
                           {"two", "CREATE TABLE b (x); INSERT INTO b VALUES (7)"}};
  const Migration broken[] = {two[0], two[1], {"three", "CREATE TABLE c (x); CREATE TABLE a (y)"}};
  migrate(database, path, one);
  migrate(database, path, one);
  CHECK(database.integer("PRAGMA user_version") == 1);
  migrate(database, path, two);
  CHECK(database.integer("SELECT x FROM b") == 7);
  CHECK_THROWS_AS(migrate(database, path, broken), Error);
  CHECK(database.integer("PRAGMA user_version") == 2);
  CHECK(database.integer("SELECT count(*) FROM sqlite_master WHERE name = 'c'") == 0);
  CHECK(database.integer("SELECT count(*) FROM migrations") == 2);
  // The older program meets the newer store.
  CHECK_THROWS_WITH(migrate(database, path, one), doctest::Contains("newer ostler"));
}

TEST_CASE("a newer store is refused by name and left alone") {
  const std::string home = home_with_old_store();
  {
    Database database(JobStore::path_in(home), Database::Checkpoints::yes);
    database.script("PRAGMA user_version = 1000");
  }
  try {
    JobStore::open(home, Database::Checkpoints::no);
    FAIL("a newer store was opened");
  } catch (const Error& error) {
    CHECK(error.code() == StatusCode::failed_precondition);
    CHECK(std::string(error.what()).find("its schema is 1000") != std::string::npos);
    CHECK(std::string(error.what()).find(home) != std::string::npos);
  }
}
