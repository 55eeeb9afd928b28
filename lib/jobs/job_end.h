#pragma once

// What a job's end is to be called, from how its work ended and what it had reported. Pure.

#include "lib/jobs/job_directory.h"
#include "lib/jobs/supervise.h"

namespace ostler {

// Status, reason, errors, exit status, signal, resources, progress, metrics and, for COMPLETED, the result
// and what is to be published. `time_limit` is the job's, for the text. COMPLETED only with exit status 0
// *and* `done` as the last event: an exit(0) inside a library is none.
Outcome outcome_of(const WorkEnd& end, const LastEvents& events, std::optional<Duration> time_limit = {});

// The job has ended by the user's wish, whatever its work came to.
void turn_into_canceled(Outcome& outcome);
// It has ended with this error, whatever its work came to.
void turn_into_error(Outcome& outcome, JobReason reason, const std::string& error);

std::string time_limit_text(std::optional<Duration> limit);

// What is added to the errors of a job whose runner was told to end.
extern const char* const kToldToEnd;

// False for what another attempt would not change: the user's wish, the time limit, a requirement or a
// dependency that was not met.
bool may_be_retried(const Outcome& outcome);

}  // namespace ostler
