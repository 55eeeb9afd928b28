#include "lib/jobs/publish.h"

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
  static void publish(const Outcome& outcome) {
    Publication publication(outcome, "/nowhere");
    publication.prepare();
    publication.commit();
  }
  static bool resume(const Outcome& outcome) { return Publication(outcome, "/nowhere").resume(); }
  // What a job that has staged a file promises.
  Outcome staged_file() const {
    Outcome outcome;
    outcome.status = JobStatus::COMPLETED;
    outcome.target = directory + "/rows.csv";
    outcome.staged = staged_path(outcome.target, make_uuid4());
    write_file(outcome.staged, "new", Sync::no);
    return outcome;
  }
  std::string lock_path() const { return PublishLock::path_of(target); }
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
    CHECK(place.resume(outcome));  // nothing is left to do
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
  const Outcome outcome = place.staged_file();
  write_file(outcome.target, "old", Sync::no);
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

TEST_CASE("a device or a pipe is no place for a file") {
  const Place place;
  const Outcome outcome = place.staged_file();
  for (const bool link : {false, true}) {
    CAPTURE(link);
    if (link)
      REQUIRE(::symlink("/dev/null", outcome.target.c_str()) == 0);
    else
      REQUIRE(::mkfifo(outcome.target.c_str(), 0600) == 0);
    const auto before = file_status(outcome.target, Links::keep);
    {
      Publication refused(outcome, "/nowhere");
      CHECK_THROWS_WITH(refused.prepare(), doctest::Contains("no regular file"));
    }
    CHECK(file_status(outcome.target, Links::keep)->inode == before->inode);
    CHECK(is_unpublished(outcome));
    CHECK(place.names().size() == 2);
    remove_file_if_there(outcome.target);
  }
}

TEST_CASE("what was staged is gone before the outcome: refused, whatever is at the target") {
  const Place place;
  place.publish(place.staged());
  const auto check_refused = [&](const Outcome& outcome) {
    Publication publication(outcome, "/nowhere");
    try {
      publication.prepare();
      FAIL("prepared");
    } catch (const Error& error) {
      CHECK(error.code() == StatusCode::data_loss);
      CHECK(std::string(error.what()).find("is gone") != std::string::npos);
    }
  };
  const Outcome model = place.staged();
  remove_tree(model.staged);
  check_refused(model);
  place.write_model(model.staged, "another's");
  check_refused(model);
  remove_tree(model.staged);
  write_file(model.staged, "a file", Sync::no);
  check_refused(model);
  remove_file_if_there(model.staged);
  const Outcome file = place.staged_file();
  write_file(file.target, "old", Sync::no);
  remove_file_if_there(file.staged);
  check_refused(file);
  make_directories(file.staged);
  check_refused(file);
  CHECK(file_status(place.target + "/config.yml"));
  CHECK(read_file(file.target) == "old");
}

TEST_CASE("what a dead runner left is published, and a result that is gone is told from one at its place") {
  const Place place;
  Outcome outcome = place.staged();
  CHECK(place.resume(outcome));
  CHECK(read_file(place.target + "/weights") == outcome.tracking_id);
  CHECK(place.resume(outcome));
  // Exchanged, and the old one not yet removed.
  place.write_model(outcome.staged, make_uuid4());
  CHECK(place.resume(outcome));
  CHECK(place.names() == std::vector<std::string>{"m"});
  // Removed before it was published: the target is another's.
  outcome = place.staged();
  remove_tree(outcome.staged);
  CHECK_FALSE(place.resume(outcome));
  make_directories(outcome.staged + "/sub");  // neither the new one nor an old one: it is left
  CHECK_FALSE(place.resume(outcome));
  CHECK(file_status(outcome.staged + "/sub"));
  remove_tree(outcome.staged);
  remove_tree(place.target);
  CHECK_FALSE(place.resume(outcome));
  const Outcome file = place.staged_file();
  remove_file_if_there(file.staged);
  CHECK_FALSE(place.resume(file));
  write_file(file.target, "rows", Sync::no);
  CHECK(place.resume(file));
  remove_tree(place.directory);
  CHECK_FALSE(place.resume(outcome));
}

TEST_CASE("the user's own lock on the folder does not stop a publication") {
  const Place place;
  const UniqueFd folder = open_file(place.directory, O_RDONLY | O_DIRECTORY);
  REQUIRE(::flock(folder.get(), LOCK_EX | LOCK_NB) == 0);
  place.publish(place.staged());
  CHECK(place.names() == std::vector<std::string>{"m"});
}

TEST_CASE("the lock beside the target: one holder, no litter, leftovers are reused") {
  const Place place;
  const auto at_once = Duration::zero();
  {
    const PublishLock lock = PublishLock::take(place.target, at_once);
    CHECK(place.names() == std::vector<std::string>{".m.ostler-lock"});
    CHECK_THROWS_WITH(PublishLock::take(place.target, at_once), doctest::Contains(".m.ostler-lock"));
    PublishLock::remove_leftover(place.target);  // it is none
    CHECK(file_status(place.lock_path()));
    const Outcome outcome = place.staged();
    CHECK(is_being_published(outcome));
    Publication publication(outcome, "/nowhere");
    int looks = 0;
    try {
      publication.prepare([&] { return ++looks == 3; });
      FAIL("prepared");
    } catch (const Error& error) {
      CHECK(error.code() == StatusCode::unavailable);
    }
    CHECK(looks == 3);
    remove_tree(outcome.staged);
    CHECK(is_being_published(outcome));  // the lock is still there
  }
  CHECK(place.names().empty());
  // Of a holder that was killed.
  write_file(place.lock_path(), "", Sync::no);
  { const PublishLock lock = PublishLock::take(place.target, at_once); }
  CHECK(place.names().empty());
  write_file(place.lock_path(), "", Sync::no);
  PublishLock::remove_leftover(place.target);
  CHECK(place.names().empty());
  // A link is not followed.
  REQUIRE(::symlink((place.directory + "/elsewhere").c_str(), place.lock_path().c_str()) == 0);
  CHECK_THROWS_AS(PublishLock::take(place.target, at_once), Error);
  CHECK_FALSE(file_status(place.directory + "/elsewhere"));
}

TEST_CASE("many want the lock: one at a time has it") {
  const Place place;
  std::atomic<int> inside = 0, most = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int round = 0; round < 100; ++round) {
        const PublishLock lock = PublishLock::take(place.target, std::chrono::seconds(60));
        const int now = ++inside;
        if (now > most) most = now;
        std::this_thread::yield();
        --inside;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(most == 1);
  CHECK(place.names().empty());
}

TEST_CASE("readers and publishers at once: every read is one whole model") {
#ifdef OSTLER_SANITIZE
  constexpr int kReads = 2'000;
#else
  constexpr int kReads = 20'000;
#endif
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
      for (int round = 0; round < 150 || reads + failed < kReads; ++round) place.publish(place.staged());
    });
  for (std::size_t i = 3; i < 5; ++i) threads[i].join();
  stop = true;
  for (std::size_t i = 0; i < 3; ++i) threads[i].join();
  CHECK(mixed == 0);
  CHECK(failed == 0);
  CHECK(reads >= kReads);
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
  write_file(PublishLock::path_of(place.directory + "/job/result.csv"), "", Sync::no);
  write_file(place.lock_path(), "", Sync::no);
  remove_staged(place.target, mine, place.directory + "/job");
  CHECK_FALSE(file_status(staged_path(place.target, mine)));
  CHECK_FALSE(file_status(place.lock_path()));
  CHECK(file_status(staged_path(place.target, other)));
  CHECK(list_directory(place.directory + "/job").empty());
}
