#pragma once

// Processes: starting them, and looking at those of this machine through /proc. Processes are started by
// posix_spawn(3) only, never by a bare fork: a fork after an ML library's threads hangs, and a forked child
// would keep the parent's locks and descriptors. (leave_parent is for a program that has none of these yet.)

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace ostler {

struct SpawnRequest {
  std::vector<std::string> arguments;                   // [0] is the program's path (no PATH search)
  std::optional<std::vector<std::string>> environment;  // "K=V"; none: this process's
  std::string working_directory;                        // empty: this process's
  int standard_input = -1, standard_output = -1, standard_error = -1;  // -1: /dev/null
  enum class Group { inherit, own_group, own_session } group = Group::own_session;
};

// Starts the program with all other descriptors closed, signals unblocked and at their defaults, and gives
// its pid, which the caller must wait for. Throws Error naming the program where it cannot be started.
pid_t spawn(const SpawnRequest& request);

// Goes on as a process that is nobody's child, in a session of its own; who started this program sees it end
// at once. For the first act of a program, before it has threads, locks or descriptors: it forks.
void leave_parent();

// waitpid until it has ended; the wait status.
int wait_for(pid_t pid);

// Pids below `ancestor` (children, their children, ...), found by a walk of /proc. Not `ancestor` itself.
std::vector<pid_t> descendants(pid_t ancestor);
// Pids of this user's processes whose initial environment has the entry `entry` ("K=V"). Not this process.
std::vector<pid_t> processes_with_environment(const std::string& entry);
// True while the process exists and is no zombie.
bool is_running(pid_t pid);
// How many processes of this process's control group the kernel has killed for memory; of the whole machine
// (/proc/vmstat) where it does not count by group, and nothing where it does not tell.
std::optional<long long> out_of_memory_kills();

// "signal 9 (SIGKILL)".
std::string signal_text(int signal);

}  // namespace ostler
