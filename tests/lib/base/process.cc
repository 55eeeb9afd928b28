#include "lib/base/process.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "lib/base/error.h"
#include "lib/base/files.h"

using namespace ostler;

TEST_CASE("process: a program is started with the environment, directory and output given") {
  make_directories("there");
  const UniqueFd output = open_file("output", O_WRONLY | O_CREAT | O_TRUNC);
  SpawnRequest request;
  request.arguments = {"/bin/sh", "-c", "pwd; echo $A; ls /proc/self/fd | wc -l"};
  request.environment = std::vector<std::string>{"A=b", "PATH=/bin:/usr/bin"};
  request.working_directory = absolute_path("there");
  request.standard_output = output.get();
  CHECK(wait_for(spawn(request)) == 0);
  // 0, 1, 2 and the one that ls reads the directory with: nothing of ours is inherited.
  CHECK(read_file("output") == absolute_path("there") + "\nb\n4\n");
}

TEST_CASE("process: what cannot be started is named") {
  SpawnRequest request;
  request.arguments = {"/absent/program"};
  CHECK_THROWS_WITH_AS(spawn(request), "cannot start /absent/program: No such file or directory", Error);
}

TEST_CASE("process: descendants and cookies are found") {
  int pipes[2];
  REQUIRE(::pipe2(pipes, O_CLOEXEC) == 0);
  SpawnRequest request;
  request.arguments = {"/bin/sh", "-c", "cat & cat; wait"};
  const std::string cookie = "OSTLER_TEST_COOKIE=" + std::to_string(::getpid());
  request.environment = std::vector<std::string>{cookie, "PATH=/bin:/usr/bin"};
  request.standard_input = pipes[0];
  request.group = SpawnRequest::Group::own_group;
  const pid_t pid = spawn(request);
  std::vector<pid_t> below;
  for (int i = 0; i < 5000 && below.empty(); ++i) {
    below = descendants(pid);
    ::usleep(1000);
  }
  CHECK(!below.empty());
  const std::vector<pid_t> carrying = processes_with_environment(cookie);
  CHECK(std::find(carrying.begin(), carrying.end(), pid) != carrying.end());
  CHECK(is_running(pid));
  ::kill(-pid, SIGKILL);
  CHECK(WTERMSIG(wait_for(pid)) == SIGKILL);
  ::close(pipes[0]);
  ::close(pipes[1]);
  CHECK_FALSE(is_running(pid));
  CHECK(signal_text(9) == "signal 9 (SIGKILL)");
}
