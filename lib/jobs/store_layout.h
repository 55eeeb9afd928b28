#pragma once

// What lies where in a store's home, beside jobs.db (job_store.h) and within a job's directory
// (job_directory.h):
//
//   jobs/<uuid>/      the job directories
//   staging/<uuid>/   submits that are under way; moved to jobs/ once the row is written. Apart from jobs/:
//                     so what a crash left is found without listing a million jobs. The store is made here
//                     too.
//   trash/<uuid>/     jobs that are being purged (purge.h); only there while there are any

#include <string>

namespace ostler {

std::string job_directory_path(const std::string& home, const std::string& uuid);
std::string staging_directory_path(const std::string& home, const std::string& uuid);

// The directories of a store are its own: a link in the place of one would have jobs written, or removed,
// elsewhere. (The home may be one: where a store lies is the user's to say.) Error (failed_precondition).
void check_layout(const std::string& home);

// True when jobs/ holds a job's directory.
bool has_job_directories(const std::string& home);

// Makes the last step of a submit that a crash kept from it: any reader may do so once it has seen the row.
// True when the job's directory is there afterwards; a link is none.
bool ensure_job_directory(const std::string& home, const std::string& uuid);

// True when the store is this user's: others may look, but start, settle and change nothing.
bool owns_store(const std::string& home);

std::string host_name();

}  // namespace ostler
