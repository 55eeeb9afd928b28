#pragma once

// The body of `ostler-job compare <job directory>`: whether the model at a training's save path is better
// than the one that the training has just staged, for --keep-best. The runner starts it after the work, in a
// process of its own, because it opens the old model: one that cannot be read, or that ends its process, is
// no reason to lose the new one.
//
// The old model is evaluated on the training's validation data; a metric that ostler does not measure (a
// program's own) is the one in its config.yml, and the note says so. It appends one event `compared`
// (job_directory.h) and gives 0:
//   better       whether the new model is to replace the old one; equal is not better. True also where the
//                old one cannot be read. False where it has no such metric on these rows
//   tracking_id  the old model's; empty where there was none
//   old, new     their values of the metric; null: not known
//   note         why the old one cannot be read, or what else is to be known of the values; may be empty
// What keeps it from comparing two models that can be read (data that are gone, want of memory or disk) is an
// event `error` and 1: nothing then says that the new one is better, and the job is ERRORED. A fault (SIGSEGV
// and the like) the runner takes for an old model that cannot be read; any other signal for an error.
//
// Nothing is locked. The runner, which publishes under the lock, sees by the tracking id whether the model
// that it then finds is the one that was compared, and compares again where it is not.

#include <string>

namespace ostler {

int run_compare(const std::string& job_directory);

}  // namespace ostler
