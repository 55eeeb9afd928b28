#pragma once

// The snapshot of a job that users see, from its row, the verdict on it and, while it runs, its events.

#include "lib/jobs/reconcile.h"

namespace ostler {

JobInfo job_info(const std::string& home, const JobRow& row, const Verdict& verdict, Time now);

}  // namespace ostler
