#pragma once

// The body of `ostler-job compare <job directory>`: whether the model at a training's save path is better
// than the one that the training has just staged, for --keep-best. The runner starts it after the work, in a
// process of its own, because it opens the old model: what cannot be read, or ends its process, is no reason
// to lose the new one.
//
// The old model is evaluated on the training's validation data; a metric that ostler does not measure (a
// program's own) is the one in its config.yml. It appends one event `compared` (job_directory.h) and gives 0;
// a failure is said on standard output, which is the job's log, and gives 1. Without a model at the save path
// there is nothing to compare: better, with an empty tracking_id.
//
// Nothing is locked. The runner, which publishes under the lock, sees by the tracking id whether the model
// that it then finds is the one that was compared, and compares again where it is not.

#include <string>

namespace ostler {

int run_compare(const std::string& job_directory);

}  // namespace ostler
