#pragma once

// What a job's end is to be called, from how its work ended and what it had reported. Pure.

#include "lib/jobs/job_directory.h"
#include "lib/jobs/supervise.h"

namespace ostler {

// Status, reason, errors, exit status, signal, resources, progress, metrics and, for COMPLETED, the result
// and what is to be published. COMPLETED only with exit status 0 *and* `done` as the last event: an exit(0)
// inside a library is none.
Outcome outcome_of(const WorkEnd& end, const LastEvents& events);

}  // namespace ostler
