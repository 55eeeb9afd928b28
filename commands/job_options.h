#pragma once

// The options of commands that submit a job.

#include <string>
#include <utility>
#include <vector>

#include "commands/command.h"

namespace ostler {

std::vector<OptionSpec> job_options();

// What they say, and the command line itself; values of --env are left out of that. Throws Error
// (invalid_argument) for what cannot be read.
JobOptions read_job_options(const Invocation& invocation);

// "NAME=VALUE" of --tag.
std::pair<std::string, std::string> read_tag(const std::string& given);

}  // namespace ostler
