#pragma once

// The command that a job's user wants run after its end (--on-finish), whatever the end was.
//
// Whoever ends a job starts `ostler-job finish JOBDIR` after the outcome is on disk and its result at its
// place, and before the environment is wiped and the row is final: a job that is killed in between is settled
// by somebody who does it then. The file `finished` in the job's directory, made by that program, decides
// that it is run once: who comes second does nothing.

#include <string>
#include <vector>

#include "lib/jobs/job_directory.h"
#include "lib/jobs/job_spec.h"

namespace ostler {

// Returns when the command was started, or had been. It goes on by itself: nobody waits for it. Does nothing
// for a job without one. Throws Error when the program cannot be started.
void start_on_finish(const JobPaths& paths, const JobSpec& spec, const std::vector<std::string>& captured,
                     const std::string& job_program);

// The body of `ostler-job finish JOBDIR`: becomes the command. Its environment is the job's, with
// OSTLER_HOME, OSTLER_JOB_ID, OSTLER_JOB_STATUS, OSTLER_JOB_DIR and, where there is a model,
// OSTLER_MODEL_DIR; its output goes to the job's log. Returns an exit code when there is nothing to become.
int become_on_finish(const std::string& job_directory);

}  // namespace ostler
