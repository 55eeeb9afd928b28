#pragma once

// The work of a training, in its own process: divides the data, trains, saves the model staged beside its
// target, measures what was saved on the validation data, holds that against what was required, and says
// `done`.
//
// A model that does not have what was required is moved into the job's own directory ("model"), where it
// stays: RequirementNotMet. Everything else that fails is an Error of the module, the data or the disk.

#include "lib/base/error.h"
#include "lib/jobs/job_directory.h"
#include "lib/jobs/job_spec.h"
#include "lib/manager/event_reporter.h"

namespace ostler {

struct RequirementNotMet : Error {
  using Error::Error;
};

void run_training(const JobSpec& spec, const JobPaths& paths, EventReporter& reporter);

}  // namespace ostler
