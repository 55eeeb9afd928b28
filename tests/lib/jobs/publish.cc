#include "lib/jobs/publish.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/file.h>

#include <atomic>
#include <thread>

#include "lib/base/error.h"
#include "lib/base/strings.h"
#include "lib/core/model_directory.h"

using namespace ostler;

namespace {

struct Place {
  std::string directory = working_directory() + "/" + make_uuid4(), target = directory + "/m";
  Place() { make_directories(directory); }

  void write_model(const std::string& path, const std::string& id) const {
    make_directories(path);
    write_file(path + "/weights", id, Sync::no);
    write_file(
        path + "/config.yml",
        to_yaml(Value::object({{"ostler_version", "0"},
                               {"module_id", "7d9bf0a5-6a0f-4a8b-b0a3-2f5d51f6b1d1"},
                               {"tracking_id", id},
                               {"files", Value::object({{"weights", Value::object({{"size", 36}})}})}})),
        Sync::no);
  }
  // What a job that has staged a new model promises.
  Outcome staged() const {
    Outcome outcome;
    outcome.status = JobStatus::COMPLETED;
    outcome.target = target;
    outcome.staged = staged_path(target, make_uuid4());
    outcome.tracking_id = make_uuid4();
    write_model(outcome.staged, outcome.tracking_id);
    return outcome;
  }
  void publish(const Outcome& outcome) const {
    Publication publication(outcome, "/nowhere");
    publication.prepare();
    publication.commit();
  }
  std::vector<std::string> names() const { return list_directory(directory); }
};

}  // namespace

TEST_CASE("a model comes to its place, and the one before it goes") {
  const Place place;
  for (int i = 0; i < 3; ++i) {
    const Outcome outcome = place.staged();
    CHECK(is_unpublished(outcome));
    place.publish(outcome);
    CHECK_FALSE(is_unpublished(outcome));
    CHECK(read_file(place.target + "/weights") == outcome.tracking_id);
    CHECK(place.names() == std::vector<std::string>{"m"});
    place.publish(outcome);  // a second time changes nothing
    CHECK(place.names() == std::vector<std::string>{"m"});
  }
}

TEST_CASE("an empty directory is replaced, anything else is refused and left") {
  const Place place;
  make_directories(place.target);
  place.publish(place.staged());
  CHECK(place.names() == std::vector<std::string>{"m"});

  write_file(place.target + "/notes.txt", "mine", Sync::no);
  const Outcome outcome = place.staged();
  Publication publication(outcome, "/nowhere");
  CHECK_THROWS_WITH(publication.prepare(), doctest::Contains("notes.txt"));
  CHECK(file_status(place.target + "/notes.txt"));
  CHECK(is_unpublished(outcome));
}

TEST_CASE("a model that is being read is not removed below its reader") {
  const Place place;
  place.publish(place.staged());
  std::string left;
  {
    const ModelDirectory reader = ModelDirectory::open(place.target);
    const Outcome outcome = place.staged();
    place.publish(outcome);
    CHECK(read_file(reader.read_path() + "/weights") == reader.config().tracking_id());
    CHECK(reader.config().tracking_id() != outcome.tracking_id);
    REQUIRE(place.names().size() == 2);
    CHECK(place.names()[0].find(".m.ostler-old-") == 0);
  }
  // The next publication sweeps it.
  place.publish(place.staged());
  CHECK(place.names() == std::vector<std::string>{"m"});
}

TEST_CASE("files are published by a rename") {
  const Place place;
  Outcome outcome;
  outcome.status = JobStatus::COMPLETED;
  outcome.target = place.directory + "/rows.csv";
  outcome.staged = staged_path(outcome.target, make_uuid4());
  write_file(outcome.target, "old", Sync::no);
  write_file(outcome.staged, "new", Sync::no);
  place.publish(outcome);
  CHECK(read_file(outcome.target) == "new");
  CHECK_FALSE(is_unpublished(outcome));
  CHECK(place.names() == std::vector<std::string>{"rows.csv"});
  remove_file_if_there(outcome.target);
  make_directories(outcome.target);
  write_file(outcome.staged, "new", Sync::no);
  Publication refused(outcome, "/nowhere");
  CHECK_THROWS_AS(refused.prepare(), Error);
}

TEST_CASE("readers and publishers at once: every read is one whole model") {
  const Place place;
  place.publish(place.staged());
  std::atomic<bool> stop = false;
  std::atomic<int> reads = 0, mixed = 0, failed = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&] {
      while (!stop) {
        try {
          const ModelDirectory model = ModelDirectory::open(place.target);
          if (read_file(model.read_path() + "/weights") != model.config().tracking_id()) ++mixed;
          ++reads;
        } catch (const Error&) {
          ++failed;
        }
      }
    });
  for (int i = 0; i < 2; ++i)
    threads.emplace_back([&] {
      for (int round = 0; round < 150; ++round) place.publish(place.staged());
    });
  for (std::size_t i = 3; i < 5; ++i) threads[i].join();
  stop = true;
  for (std::size_t i = 0; i < 3; ++i) threads[i].join();
  CHECK(mixed == 0);
  CHECK(failed == 0);
  CHECK(reads > 0);
  place.publish(place.staged());
  CHECK(place.names() == std::vector<std::string>{"m"});
}

TEST_CASE("what a job that failed had staged is removed; another's is not touched") {
  const Place place;
  const std::string mine = make_uuid4(), other = make_uuid4();
  place.write_model(staged_path(place.target, mine), "a");
  place.write_model(staged_path(place.target, other), "b");
  make_directories(place.directory + "/job");
  write_file(staged_path(place.directory + "/job/result.csv", mine), "rows", Sync::no);
  remove_staged(place.target, mine, place.directory + "/job");
  CHECK_FALSE(file_status(staged_path(place.target, mine)));
  CHECK(file_status(staged_path(place.target, other)));
  CHECK(list_directory(place.directory + "/job").empty());
}
