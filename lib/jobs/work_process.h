#pragma once

// A worker process: its environment, and what it does before the work itself.

#include <string>
#include <vector>

#include "lib/jobs/job_directory.h"

namespace ostler {

// What was captured at submit, and what programs of a job are told (ostler(1), ENVIRONMENT).
std::vector<std::string> work_environment(const std::vector<std::string>& captured, const JobPaths& paths);

// Ties this process to the runner that started it, and becomes what the submitter was: working directory,
// umask, limits. False when the runner has died already: then nothing is to be done. Throws Error.
bool enter_job(const std::string& job_directory);

}  // namespace ostler
