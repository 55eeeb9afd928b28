// Runs a command and writes its wall time (ns), its CPU time (us), its peak memory (kB) and its status to a
// file:
//   ostler-bench-time REPORT COMMAND [ARGUMENT...]
//
// A program of its own, static and small: the kernel counts the memory of the process that starts another
// into the other's peak, so that nothing large may start what is measured.

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

namespace {

long long now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

long long microseconds(const timeval& time) { return time.tv_sec * 1'000'000LL + time.tv_usec; }

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) {
    fprintf(stderr, "usage: ostler-bench-time REPORT COMMAND [ARGUMENT...]\n");
    return 2;
  }
  const long long start = now();
  pid_t pid = 0;
  if (const int error = posix_spawnp(&pid, arguments[2], nullptr, nullptr, arguments + 2, environ)) {
    fprintf(stderr, "ostler-bench-time: cannot start %s: %s\n", arguments[2], strerror(error));
    return 127;
  }
  int status = 0;
  rusage usage{};
  if (wait4(pid, &status, 0, &usage) != pid) return 127;
  const long long end = now();
  FILE* report = fopen(arguments[1], "w");
  if (report == nullptr) return 127;
  fprintf(report, "%lld %lld %ld %d\n", end - start,
          microseconds(usage.ru_utime) + microseconds(usage.ru_stime), usage.ru_maxrss,
          WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  return fclose(report) == 0 ? 0 : 127;
}
