#include "lib/jobs/job_lock.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include "lib/base/error.h"
#include "lib/base/strings.h"

using namespace ostler;

TEST_CASE("a lock excludes others of this process too, and looking does not lose it") {
  const std::string path = working_directory() + "/" + make_uuid4();
  CHECK_FALSE(observe_lock(path).held);
  CHECK_FALSE(file_status(path));  // looking makes nothing
  {
    const auto lock = JobLock::try_take(path);
    REQUIRE(lock);
    CHECK_FALSE(JobLock::try_take(path));
    CHECK(observe_lock(path).held);
    CHECK(observe_lock(path).pid == ::getpid());
    CHECK(observe_lock(path).held);
  }
  CHECK_FALSE(observe_lock(path).held);
  CHECK(JobLock::try_take(path));
}

TEST_CASE("a moved lock is held once") {
  const std::string path = working_directory() + "/" + make_uuid4();
  auto first = JobLock::try_take(path);
  REQUIRE(first);
  {
    const JobLock second = std::move(*first);
    first.reset();
    CHECK(observe_lock(path).held);
  }
  CHECK_FALSE(observe_lock(path).held);
}

TEST_CASE("a lock file is not followed out of the store, and its directory must be there") {
  const std::string name = working_directory() + "/" + make_uuid4();
  REQUIRE(::symlink("/etc/hostname", name.c_str()) == 0);
  CHECK_THROWS_AS(JobLock::try_take(name), Error);
  CHECK_THROWS_AS(JobLock::try_take("/nowhere/lock"), Error);
  CHECK_FALSE(observe_lock("/nowhere/lock").held);
}
