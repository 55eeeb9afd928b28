#pragma once

// The data that a job's work reads.

#include <string>
#include <vector>

#include "lib/core/module.h"
#include "lib/jobs/job_directory.h"
#include "lib/jobs/job_spec.h"

namespace ostler {

// The paths to read, in the order of spec.data: of standard input the spooled file.
std::vector<std::string> data_paths(const JobSpec& spec, const JobPaths& paths);

// The format to read a training's data in where a name does not tell: that of spooled standard input is the
// module's natural one. Empty: by extension.
std::string data_format(const JobSpec& spec);
// The format of the data that a training reads, as its model's config.yml has it.
std::string trained_format(const JobSpec& spec);

// A job may wait for days: what it then reads may not be what was there when it was submitted. That is often
// wanted (a nightly file), so it is said and not refused; what is gone is an Error (invalid_argument).
void note_changed_data(const JobSpec& spec, TrainReporter& reporter);

}  // namespace ostler
