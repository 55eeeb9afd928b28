#pragma once

// The body of the worker, `ostler-job work <job directory>`: does the one thing that the job's spec.json
// says, in a process that the runner started with the job's environment, with the log as its output.
//
// It opens the module's library, trains or predicts, writes the result into a staged place beside its target,
// flushes it to disk, and ends the events file with `done`. It publishes nothing, writes no outcome and opens
// no SQLite: that is the runner's. A failure is an `error` event and exit code 1.

#include <string>

namespace ostler {

int run_worker(const std::string& job_directory);

// Threads of an ML library that wait by spinning take the cores from those that work, as soon as the machine
// is busy with something else. To be called before a library is opened.
void calm_waiting_threads();

}  // namespace ostler
