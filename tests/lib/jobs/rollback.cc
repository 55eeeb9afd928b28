// Models that are replaced and kept beside their place, and bringing them back.

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "lib/base/error.h"
#include "lib/base/strings.h"
#include "lib/core/model_directory.h"
#include "lib/jobs/publish.h"
#include "lib/jobs/replace_model.h"

using namespace ostler;

namespace {

struct Place {
  std::string directory = working_directory() + "/" + make_uuid4(), target = directory + "/m";
  Place() { make_directories(directory); }

  static void write_model(const std::string& path, const std::string& id) {
    make_directories(path);
    write_file(path + "/weights", id, Sync::no);
    ModuleConfig config(Value::object({{"ostler_version", "0"},
                                       {"module_id", "7d9bf0a5-6a0f-4a8b-b0a3-2f5d51f6b1d1"},
                                       {"tracking_id", id}}),
                        {});
    add_file_manifest(config, path);
    config.save(path);
  }
  Outcome staged(int keep) const {
    Outcome outcome;
    outcome.status = JobStatus::COMPLETED;
    outcome.target = target;
    outcome.staged = staged_path(target, make_uuid4());
    outcome.tracking_id = make_uuid4();
    outcome.keep_previous = keep;
    write_model(outcome.staged, outcome.tracking_id);
    return outcome;
  }
  // Its tracking id.
  std::string publish(int keep) const {
    const Outcome outcome = staged(keep);
    Publication publication(outcome, "/nowhere");
    publication.prepare();
    publication.commit();
    return outcome.tracking_id;
  }
  static bool resume(const Outcome& outcome) { return Publication(outcome, "/nowhere").resume(); }
  std::string at_target() const { return tracking_id_of(target); }
  // Tracking ids of the kept ones, the newest first; each is whole.
  std::vector<std::string> kept() const {
    std::vector<std::string> ids;
    for (const PreviousModel& model : previous_models(target)) {
      CHECK(model.problem.empty());
      ModelDirectory::open(model.path).verify();
      ids.push_back(model.config.tracking_id());
    }
    return ids;
  }
  std::string rollback(std::size_t number = 0) const {
    return rollback_model(target, previous_models(target).at(number).path);
  }
  std::vector<std::string> names() const { return list_directory(directory); }
};

using Ids = std::vector<std::string>;

}  // namespace

TEST_CASE("replaced models are kept, the newest first, and the oldest go") {
  const Place place;
  const std::string first = place.publish(2);
  CHECK(place.kept() == Ids{});
  const std::string second = place.publish(2), third = place.publish(2);
  CHECK(place.kept() == Ids{second, first});
  const std::string fourth = place.publish(2);
  CHECK(place.kept() == Ids{third, second});
  // A publication that keeps none leaves them, and what it replaces is gone.
  const std::string fifth = place.publish(0);
  CHECK(place.kept() == Ids{third, second});
  CHECK(place.at_target() == fifth);
  const std::string sixth = place.publish(1);
  CHECK(place.kept() == Ids{fifth});
  CHECK(place.names().size() == 2);
  const auto model = previous_models(place.target).at(0);
  CHECK(file_name(model.path).find(".m.ostler-previous-2") == 0);
  CHECK(model.replaced > Clock::system().now() - std::chrono::minutes(10));
  CHECK(model.replaced < Clock::system().now() + std::chrono::minutes(10));
}

TEST_CASE("an empty directory is not kept, nor is anything that only looks so") {
  const Place place;
  make_directories(place.target);
  place.publish(3);
  CHECK(place.names() == Ids{"m"});
  make_directories(place.directory + "/.m.ostler-previous-20260101T000000.000Z-not-a-uuid");
  make_directories(place.directory + "/.m.ostler-previous-yesterday-" + make_uuid4());
  write_file(place.directory + "/.m.ostler-previous-20260101T000000.000Z-" + make_uuid4(), "", Sync::no);
  make_directories(place.directory + "/.other.ostler-previous-20260101T000000.000Z-" + make_uuid4());
  CHECK(previous_models(place.target).empty());
  const auto before = place.names();
  place.publish(0);
  CHECK(place.names() == before);  // and nobody removes it
  CHECK(previous_models(place.directory + "/no/such/place").empty());
}

TEST_CASE("one that is read while it falls out of the kept ones is whole until its reader is done") {
  const Place place;
  const std::string first = place.publish(1);
  place.publish(1);
  {
    const ModelDirectory reader = ModelDirectory::open(previous_models(place.target).at(0).path);
    place.publish(1);
    place.publish(1);
    CHECK(read_file(reader.read_path() + "/weights") == first);
    CHECK(place.names().size() == 3);
  }
  place.publish(1);
  CHECK(place.names().size() == 2);
}

TEST_CASE("whoever dies between the steps of a publication that keeps: the next look does the rest") {
  const Place place;
  const std::string first = place.publish(2), second = place.publish(2);
  Outcome outcome = place.staged(2);
  SUBCASE("nothing was exchanged") {}
  SUBCASE("exchanged") { REQUIRE(exchange_directories(outcome.staged, place.target)); }
  SUBCASE("exchanged, and kept") {
    REQUIRE(exchange_directories(outcome.staged, place.target));
    rename_path(outcome.staged, previous_path(place.target));
    write_file(PublishLock::path_of(place.target), "", Sync::no);
  }
  SUBCASE("one too many is kept") {
    REQUIRE(exchange_directories(outcome.staged, place.target));
    rename_path(outcome.staged, previous_path(place.target));
    outcome.keep_previous = 1;
    write_file(PublishLock::path_of(place.target), "", Sync::no);
  }
  SUBCASE("where the file system cannot exchange: aside, and nothing at the target") {
    rename_path(place.target, place_aside(place.target, place.target, 2));
    CHECK(place.kept() == Ids{second, first});
  }
  CHECK(place.resume(outcome));
  CHECK(place.at_target() == outcome.tracking_id);
  CHECK(place.kept() == (outcome.keep_previous == 2 ? Ids{second, first} : Ids{second}));
  CHECK(place.names().size() == (outcome.keep_previous == 2 ? 3 : 2));
  CHECK(place.resume(outcome));
  CHECK(place.names().size() == (outcome.keep_previous == 2 ? 3 : 2));
}

TEST_CASE("a name that is too long to be kept under is refused before anything is replaced") {
  Place place;
  place.target = place.directory + "/" + std::string(190, 'n');
  place.publish(0);
  const std::string before = place.at_target();
  const Outcome outcome = place.staged(1);
  Publication publication(outcome, "/nowhere");
  CHECK_THROWS_WITH(publication.prepare(), doctest::Contains("too long"));
  CHECK(place.at_target() == before);
}

TEST_CASE("a rollback brings the newest back, and the next one undoes it") {
  const Place place;
  const std::string first = place.publish(5), second = place.publish(5), third = place.publish(5);
  const std::string kept_path = place.rollback();
  CHECK(place.at_target() == second);
  CHECK(place.kept() == Ids{third, first});
  CHECK(tracking_id_of(kept_path) == third);
  place.rollback();
  CHECK(place.at_target() == third);
  CHECK(place.kept() == Ids{second, first});
  place.rollback(1);
  CHECK(place.at_target() == first);
  CHECK(place.kept() == Ids{third, second});
  CHECK(place.names().size() == 3);
}

TEST_CASE("the clock may have been set back: what was replaced last is the newest all the same") {
  const Place place;
  const std::string first = place.publish(5), second = place.publish(5);
  const std::string future = place.directory + "/.m.ostler-previous-29991231T235959.999Z-" + make_uuid4();
  rename_path(previous_models(place.target).at(0).path, future);
  place.publish(5);
  CHECK(place.kept() == Ids{second, first});
  place.rollback();
  CHECK(place.at_target() == second);
}

TEST_CASE("a model that is gone is brought back; an empty directory in its place goes") {
  const Place place;
  const std::string first = place.publish(5), second = place.publish(5);
  remove_tree(place.target);
  CHECK(place.rollback().empty());
  CHECK(place.at_target() == first);
  CHECK(place.names() == Ids{"m"});
  place.publish(5);
  remove_tree(place.target);
  make_directories(place.target);
  CHECK(place.rollback().empty());
  CHECK(place.at_target() == first);
  CHECK(place.names() == Ids{"m"});
}

TEST_CASE(
    "whoever dies between the steps of a rollback: the same again brings it back, and nothing is lost") {
  const Place place;
  const std::string first = place.publish(5), second = place.publish(5), third = place.publish(5);
  write_file(PublishLock::path_of(place.target), "", Sync::no);
  const std::string wanted = previous_models(place.target).at(1).path;  // the first, by --to 2
  rename_path(wanted, previous_path(place.target));
  SUBCASE("renamed") {
    CHECK(place.kept() == Ids{first, second});
    place.rollback();
    CHECK(place.at_target() == first);
    CHECK(place.kept() == Ids{third, second});
  }
  SUBCASE("where the file system cannot exchange: what was there is aside, and is brought back") {
    rename_path(place.target, previous_path(place.target));
    CHECK(place.rollback().empty());
    CHECK(place.at_target() == third);
    CHECK(place.kept() == Ids{first, second});
  }
  SUBCASE("the same, and a publication comes first") {
    rename_path(place.target, previous_path(place.target));
    const std::string fourth = place.publish(5);
    CHECK(place.at_target() == fourth);
    CHECK(place.kept() == Ids{third, first, second});
  }
  CHECK_FALSE(file_status(PublishLock::path_of(place.target)));
}

TEST_CASE("a rollback that is refused changes nothing") {
  const Place place;
  place.publish(5);
  const std::string second = place.publish(5);
  const std::string kept = previous_models(place.target).at(0).path;
  const auto refused = [&](StatusCode code, const std::string& text) {
    const auto before = place.names();
    try {
      rollback_model(place.target, kept);
      FAIL("brought back");
    } catch (const Error& error) {
      CHECK_MESSAGE(error.code() == code, error.what());
      CHECK_MESSAGE(std::string(error.what()).find(text) != std::string::npos, error.what());
    }
    CHECK(place.names() == before);
    CHECK(place.at_target() == second);
  };
  SUBCASE("damaged") {
    write_file(kept + "/weights", "other", Sync::no);
    refused(StatusCode::data_loss, "weights");
  }
  SUBCASE("its config.yml is nonsense") {
    write_file(kept + "/config.yml", "- no\n", Sync::no);
    CHECK_FALSE(previous_models(place.target).at(0).problem.empty());
    refused(StatusCode::data_loss, "config.yml");
  }
  SUBCASE("gone") {
    remove_tree(kept);
    refused(StatusCode::not_found, kept);
  }
  SUBCASE("something else is there") {
    write_file(place.target + "/notes.txt", "mine", Sync::no);
    refused(StatusCode::invalid_argument, "notes.txt");
  }
  SUBCASE("something is being published there") {
    const PublishLock lock = PublishLock::take(place.target, Duration::zero());
    refused(StatusCode::unavailable, "lock");
  }
}

TEST_CASE("readers, publishers and rollbacks at once: every read is one whole model") {
#ifdef OSTLER_SANITIZE
  constexpr int kRounds = 50;
#else
  constexpr int kRounds = 300;
#endif
  const Place place;
  place.publish(3);
  place.publish(3);
  std::atomic<int> running = 2, mixed = 0, failed = 0, brought_back = 0;
  std::vector<std::thread> threads;
  threads.emplace_back([&] {
    while (running > 0) {
      try {
        const ModelDirectory model = ModelDirectory::open(place.target);
        if (read_file(model.read_path() + "/weights") != model.config().tracking_id()) ++mixed;
      } catch (const Error&) {
        ++failed;
      }
    }
  });
  threads.emplace_back([&] {
    for (int round = 0; round < kRounds; ++round) place.publish(3);
    --running;
  });
  threads.emplace_back([&] {
    for (int round = 0; round < kRounds; ++round) {
      try {
        const std::vector<PreviousModel> kept = previous_models(place.target);
        if (kept.empty()) continue;  // it is being renamed at this moment
        rollback_model(place.target, kept[static_cast<std::size_t>(round) % kept.size()].path);
        ++brought_back;
      } catch (const Error& error) {
        // It fell out of those that are kept meanwhile, or the publisher was always the faster one.
        if (error.code() != StatusCode::not_found && error.code() != StatusCode::unavailable) ++failed;
      }
    }
    --running;
  });
  for (std::thread& thread : threads) thread.join();
  CHECK(mixed == 0);
  CHECK(failed == 0);
  CHECK(brought_back > 0);
  place.publish(3);
  CHECK(place.kept().size() == 3);
  CHECK(place.names().size() == 4);
}
