#include "lib/base/temporary_directory.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/error.h"

using namespace ostler;

namespace {

// $TMPDIR is a fresh directory as long as this lives.
struct Place {
  Place() {
    make_directories(path);
    ::setenv("TMPDIR", path.c_str(), 1);
  }
  ~Place() { ::unsetenv("TMPDIR"); }
  std::string path = working_directory() + "/tmp-" + std::to_string(++number);
  static inline int number = 0;
};

}  // namespace

TEST_CASE("temporary directory: there, private, and gone with its object") {
  const Place place;
  std::string path;
  {
    const TemporaryDirectory one, other;
    path = one.path();
    CHECK(parent_path(path) == place.path);
    CHECK(path != other.path());
    CHECK(::access(path.c_str(), W_OK) == 0);
    make_directories(path + "/deep/er");
    write_file(path + "/deep/er/file", "x", Sync::no);
    CHECK(list_directory(place.path).size() == 2);
  }
  CHECK(list_directory(place.path).empty());
  ::setenv("TMPDIR", "/nowhere", 1);
  CHECK_THROWS_AS(TemporaryDirectory(), Error);
}

TEST_CASE("temporary directory: what a killed process left is removed, what is in use or of others is not") {
  const Place place;
  const std::string left = place.path + "/.ostler-temporary-killed";
  make_directories(left + "/model");
  make_directories(place.path + "/ostler-models");
  make_directories(place.path + "/.ostler-temporary-of-my-own");
  const TemporaryDirectory used;
  CHECK_FALSE(file_status(left));
  const TemporaryDirectory next;
  CHECK(file_status(used.path()));
  CHECK(file_status(place.path + "/ostler-models"));
  CHECK(file_status(place.path + "/.ostler-temporary-of-my-own"));
}

TEST_CASE("temporary file: readable, writable, without a name") {
  const Place place;
  const UniqueFd file = open_temporary_file();
  write_all(file.get(), "abc", "it");
  char back[3];
  CHECK(::pread(file.get(), back, 3, 0) == 3);
  CHECK(list_directory(place.path).empty());
}
