#pragma once

// What the commands about jobs share: a job as JSON, as lines and as a row of the table; waiting with
// progress; a job's end as an exit code.

#include <functional>
#include <string>
#include <vector>

#include "commands/command.h"

namespace ostler {

// The members of a job in ostler-json(5), all of them, null where unknown.
Value job_to_value(const JobInfo& info);
// {"schema": 1, "jobs": [...], "total": n, "truncated": false}
Value jobs_document(const std::vector<JobInfo>& jobs, std::int64_t total);
std::string job_details(const JobInfo& info);
// The same for a terminal: aligned, and with the learning curve drawn below.
std::string job_page(const JobInfo& info, const Value& curve, bool in_colour);
std::string job_table(const std::vector<JobInfo>& jobs, bool in_colour);

// 0 COMPLETED, 5 CANCELED, 6 ERRORED, 7 ERRORED for a requirement; 4 for one that has not ended.
int exit_code_of(const JobInfo& info);
// "training wTHxlsu:... is ERRORED (signal): killed by signal 9 (SIGKILL)"
std::string end_sentence(const JobInfo& info);

// The uuids of the ids on the command line. Every id is looked up before anything is done with one.
std::vector<std::string> resolve_all(const Invocation& invocation, const std::vector<std::string>& ids);

// Waits with progress on stderr, heeding --timeout, --cancel-on-interrupt and Ctrl-C, and says how each job
// that did not complete ended. The exit code: of the first that did not complete, in the order given; of the
// first to end with Wait::any; 124 and 130 as in ostler-wait(1).
int wait_for_jobs(const Invocation& invocation, const std::vector<std::string>& uuids,
                  JobEngine::Wait mode = JobEngine::Wait::all);

// Under sudo the store is as a rule another one than the user's own: says so, on stderr, unless its place was
// given.
void note_sudo(const Invocation& invocation);

// check_format for a command whose items are jobs.
void check_job_format(const Invocation& invocation);

// After a submit: prints the id (or JSON), or waits with --wait; the exit code.
int submitted(const Invocation& invocation, const JobFutureBase& future, bool wait);

}  // namespace ostler
