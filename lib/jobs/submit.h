#pragma once

// Writes a job down: its directory, then its row. lib/jobs/README.md has the steps, and what a crash leaves
// at each.

#include "lib/jobs/job_engine.h"
#include "lib/jobs/settle.h"

namespace ostler {

// Makes what a store has beside its database. The home exists.
void prepare_home(const std::string& home);

// On an Error nothing is left. On return the job is QUEUED, and will be there after a crash of the machine;
// or nothing was written, and it gives the uuid of the job that stands for it (IfExists).
std::optional<std::string> write_job_down(const JobContext& context, const JobSpec& spec,
                                          const JobEngine::Attachments& attachments, IfExists if_exists);

// Removes what submits that were killed have left.
void sweep_staging(const JobContext& context);

}  // namespace ostler
