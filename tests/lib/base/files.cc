#include "lib/base/files.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

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
