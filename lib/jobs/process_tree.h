#pragma once

// The processes of a job, as far as they can be found from its runner.

#include <sys/types.h>

#include <vector>

namespace ostler {

// Marks runners in their environment, so that one which a job's own `ostler train` started is no part of that
// job.
inline constexpr char kRunnerMark[] = "OSTLER_RUNNER=1";

// All that `runner` has started and what that has started, zombies included, but for other runners and what
// is theirs.
std::vector<pid_t> process_tree(pid_t runner);

}  // namespace ostler
