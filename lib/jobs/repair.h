#pragma once

// Brings a store to agreement with the job directories, which are the record: `ostler doctor --repair`.
//
// A database that is damaged, or missing while there are job directories, is built anew beside its place:
// spec.json gives the submission, outcome.json the end, the lock what runs (its holder, and the JobStart in
// it). The old one is then moved aside to jobs.db.damaged-<time>, never removed, and the new one linked in. A
// good database gets rows for the directories that it does not know, as after a backup was put back.
//
// Safe beside running jobs and commands. A command that has the old file open when it is moved sees that
// (Database::was_moved) where it matters: a submit inserts its row again, a runner tells of the job
// that it has just claimed. One that comes within the moment between the move and the link is refused. Killed
// anywhere, the next repair goes on; two at once exclude each other by an flock on the home.

#include <string>
#include <vector>

#include "lib/jobs/settle.h"

namespace ostler {

// Tells what was done, a sentence each; nothing where all was well. Errors: permission_denied (another user's
// store), failed_precondition (locked, of a newer version, links in it, another repair).
std::vector<std::string> repair_store(const std::string& home, JobExecutor& executor, const Clock& clock);

// Jobs whose directories have no row.
std::vector<std::string> directories_without_row(const std::string& home, JobStore& store);

// What SQLite, and a look at the rows, have against the database; "" when nothing.
std::string integrity_fault(JobStore& store);

// The captured environments, and spooled inputs, that jobs which have ended still have.
std::vector<std::string> ended_with_private_files(const std::string& home, JobStore& store);

}  // namespace ostler
