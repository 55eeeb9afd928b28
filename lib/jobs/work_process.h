#pragma once

// What a worker process does before the work itself.

#include <string>

namespace ostler {

// Ties this process to the runner that started it, and becomes what the submitter was: working directory,
// umask, limits. False when the runner has died already: then nothing is to be done. Throws Error.
bool enter_job(const std::string& job_directory);

}  // namespace ostler
