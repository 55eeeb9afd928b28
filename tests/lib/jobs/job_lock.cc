#include "lib/jobs/job_lock.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/error.h"
#include "lib/base/process.h"
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

TEST_CASE("a signal reaches who holds the lock, and nobody else") {
  const std::string path = working_directory() + "/" + make_uuid4();
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const pid_t holder = ::fork();
  if (holder == 0) {
    const auto lock = JobLock::try_take(path);
    if (::write(ready[1], "x", 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  char byte;
  REQUIRE(::read(ready[0], &byte, 1) == 1);
  CHECK(observe_lock(path).pid == holder);
  CHECK_FALSE(signal_lock_holder(path, SIGKILL, ::getpid()));  // who was seen before is another
  CHECK(is_running(holder));
  CHECK(signal_lock_holder(path, SIGKILL, holder));
  int status = 0;
  REQUIRE(::waitpid(holder, &status, 0) == holder);
  CHECK(WTERMSIG(status) == SIGKILL);
  // Its pid may be anybody's by now.
  CHECK_FALSE(observe_lock(path).held);
  CHECK_FALSE(signal_lock_holder(path, SIGKILL));
  ::close(ready[0]);
  ::close(ready[1]);
}
