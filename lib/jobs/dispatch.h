#pragma once

// Whether a job is to be started now. Nobody waits for that in a process: whoever has changed something asks.

#include <optional>
#include <string>
#include <vector>

#include "lib/jobs/settle.h"

namespace ostler {

// The job that is to start next, when there is one and room for it. Places that are held by dead jobs are
// freed first.
std::optional<JobStore::Next> next_to_start(const JobContext& context, const Pool& pool,
                                            const std::vector<std::string>& skip = {});

// Starts a runner when there is something to start, and gives the uuid of the job that it is to take first.
// Only the store's owner does.
std::optional<std::string> dispatch_jobs(const JobContext& context, const Pool& pool);

}  // namespace ostler
