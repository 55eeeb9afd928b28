#pragma once

// Forgets jobs that have ended: rows, directories, and the results that are theirs alone.
//
// Of a batch of jobs, first all directories are renamed into <home>/trash/ (made for it, removed when empty),
// then the rows are deleted in one transaction, then what is in trash/ is removed. That a directory is in
// trash/ decides it: who finds one there after a crash does the rest, so that no job is seen by halves. A
// purge that goes on holds a shared flock on trash/, and looks leave it alone.
//
// Beside a job's directory goes the folder that a prediction had in a result_dir, and, where its
// specification has `delete_saved_model`, the model at its save path: only while that is the model which this
// very job published, holds no file of the user's, and is read by nobody (then the next sweep tries again). A
// model in the job's directory is not pulled from under a reader either.

#include <string>
#include <vector>

#include "lib/jobs/settle.h"

namespace ostler {

// The jobs are terminal by their rows, and the store is this user's. Throws Error (a locked store, a disk
// that is full also without them); what was begun is finished by a later sweep. Jobs that others wait for
// stay; the others' uuids are given back.
std::vector<std::string> purge(const JobContext& context, const std::vector<std::string>& uuids);

// True from the moment on which decides it, and all of which that is so.
bool is_being_purged(const std::string& home, const std::string& uuid);
std::vector<std::string> being_purged(const std::string& home);

// What every submit and look-up does before it looks: finishes purges that were cut off, and purges some of
// the jobs whose retention is over. True when none of those is left.
bool purge_expired(const JobContext& context);

}  // namespace ostler
