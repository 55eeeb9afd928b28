#include "lib/base/files.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include "lib/base/checksum.h"
#include "lib/base/error.h"

using namespace ostler;

TEST_CASE("files: writing, reading, listing, removing") {
  make_directories("a/b/c");
  write_file("a/b/one", "1", Sync::yes);
  write_file("a/two", std::string(100000, 'x'), Sync::no);
  CHECK(read_file("a/two").size() == 100000);
  CHECK(list_directory("a") == std::vector<std::string>{"b", "two"});
  CHECK(list_tree("a") == std::vector<std::string>{"b/one", "two"});
  fsync_tree("a");
  remove_tree("a");
  CHECK_FALSE(file_status("a"));
  remove_tree("a");
  CHECK_FALSE(read_file_if_there("a"));
  CHECK_THROWS_AS(read_file("a"), Error);
}

TEST_CASE("files: limits and wrong kinds are said") {
  write_file("large", std::string(100, 'x'), Sync::no);
  CHECK_THROWS_AS(read_file("large", 50), Error);
  make_directories("folder");
  CHECK_THROWS_AS(read_file("folder"), Error);
  CHECK_THROWS_AS(make_directories("large/below"), Error);
}

TEST_CASE("files: a tree's removal does not follow links") {
  make_directories("kept");
  write_file("kept/file", "x", Sync::no);
  make_directories("gone");
  REQUIRE(::symlink("../kept", "gone/link") == 0);
  remove_tree("gone");
  CHECK(file_status("kept/file"));
}

namespace {

// What there is below a directory: names, kinds, modes, contents.
std::string picture(const std::string& path) {
  std::set<std::string> lines;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
    std::string text = entry.path().lexically_relative(path).string();
    if (entry.is_symlink()) {
      text += " -> " + std::filesystem::read_symlink(entry.path()).string();
    } else {
      text += " " + std::to_string(static_cast<int>(entry.status().permissions()));
      if (entry.is_regular_file()) text += " " + read_file(entry.path().string());
    }
    lines.insert(text + "\n");
  }
  std::string picture;
  for (const std::string& line : lines) picture += line;
  return picture;
}

void make_a_tree(const std::string& path) {
  make_directories(path + "/below");
  write_file(path + "/below/one", std::string(3 << 20, 'x'), Sync::no, 0640);
  write_file(path + "/two", "", Sync::no, 0400);
  REQUIRE(::symlink("../nowhere", (path + "/link").c_str()) == 0);
  REQUIRE(::chmod((path + "/below").c_str(), 0710) == 0);
}

}  // namespace

TEST_CASE("files: a directory is moved within a file system, and to another one, whole") {
  // A tmpfs wherever Linux runs; where the test itself runs on it, both moves are renames.
  const std::string elsewhere = "/dev/shm/ostler-test-files-" + std::to_string(::getpid());
  make_directories(elsewhere);
  make_a_tree("moved");
  const std::string before = picture("moved");
  make_directories(elsewhere + "/.to.moving/left");  // by one that was killed
  for (const auto& [from, to] : {std::pair<std::string, std::string>{"moved", "moved-here"},
                                 {"moved-here", elsewhere + "/to"},
                                 {elsewhere + "/to", "moved-back"}}) {
    move_directory(from, to);
    CHECK_FALSE(file_status(from, Links::keep));
    CHECK(picture(to) == before);
  }
  if (!std::filesystem::equivalent("/dev/shm", "."))
    CHECK(list_directory(elsewhere) == std::vector<std::string>{});
  remove_tree(elsewhere);
  remove_tree("moved-back");
}

TEST_CASE("files: a directory that cannot be moved stays as it is, and nothing comes of it") {
  const std::string elsewhere = "/dev/shm/ostler-test-stay-" + std::to_string(::getpid());
  make_directories(elsewhere + "/taken");
  write_file(elsewhere + "/taken/file", "x", Sync::no);
  make_a_tree("stays");
  const std::string before = picture("stays");
  CHECK_THROWS_AS(move_directory("stays", elsewhere + "/taken"), Error);
  CHECK_THROWS_AS(move_directory("stays", elsewhere + "/no/such"), Error);
  CHECK(picture("stays") == before);
  REQUIRE(::mkfifo("stays/pipe", 0600) == 0);
  if (file_status("stays")->device != file_status(elsewhere)->device)
    CHECK_THROWS_AS(move_directory("stays", elsewhere + "/new"), Error);
  CHECK(list_directory(elsewhere) == std::vector<std::string>{"taken"});
  CHECK(list_tree(elsewhere) == std::vector<std::string>{"taken/file"});
  remove_tree(elsewhere);
  remove_tree("stays");
}

TEST_CASE("files: paths are folded as text") {
  CHECK(absolute_path("b/../c/./d//e", "/a") == "/a/c/d/e");
  CHECK(absolute_path("/x/", "/a") == "/x");
  CHECK(absolute_path("..", "/") == "/");
  CHECK(absolute_path(".", "/a/b") == "/a/b");
  CHECK(parent_path("/a/b") == "/a");
  CHECK(parent_path("/a") == "/");
  CHECK(parent_path("a") == ".");
  CHECK(file_name("/a/b") == "b");
  CHECK(join_path("a/", "b") == "a/b");
}

TEST_CASE("checksum: XXH3 of text and file are one") {
  write_file("data", std::string(1000000, 'y'), Sync::no);
  const FileChecksum sum = checksum_file("data");
  CHECK(sum.size == 1000000);
  CHECK(sum.xxh3 == checksum(std::string(1000000, 'y')));
  CHECK(checksum("") == "99aa06d3014798d86001c324468d497f");  // the specification's value for no input
}
