#pragma once

// The options that choose jobs by what they are, the same for status, wait, cancel, logs and prune.

#include <string>
#include <vector>

#include "commands/command.h"

namespace ostler {

std::vector<OptionSpec> selector_options();
bool has_selector(const Invocation& invocation);
// What the options say. Error (invalid_argument) for what is no status, kind or time. `limit` is --limit:
// nothing for -n 0, `default_limit` where it was not given.
JobSelector read_selector(const Invocation& invocation, std::optional<std::int64_t> default_limit = {});

// The uuids of the jobs that are named on the command line: by ids, each of which is looked up before
// anything is done with one, or by selectors, and then at most --limit, the active ones first. Both, and
// neither, is an Error. `statuses`: those that are meant where --status is not given; empty: all.
std::vector<std::string> choose_jobs(const Invocation& invocation, const std::vector<std::string>& ids,
                                     const std::vector<JobStatus>& statuses = {});
// "no job matches in STORE", with the nearest module's name where there is no such one.
std::string no_job_matches(const Invocation& invocation);

}  // namespace ostler
