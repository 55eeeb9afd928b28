#pragma once

// Ends a job that its user no longer wants.

#include <optional>

#include "lib/jobs/settle.h"

namespace ostler {

// Returns when the job is terminal (by this cancel or not) or `timeout` ran out, with its row then. The
// request stays in the store whatever happens to this process.
JobRow cancel_job(const JobContext& context, JobRow row, std::optional<Duration> timeout);

}  // namespace ostler
