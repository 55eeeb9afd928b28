#pragma once

// The copy that a job takes of a command module's code, so that what is edited meanwhile is not what it runs.

#include <string>
#include <vector>

#include "lib/jobs/job_spec.h"

namespace ostler {

// What `code` of the command lists, directories with all that is in them, and the command's own files. The
// command then names the copies, which will be below `directory`, and its list of files to verify holds none
// of them. Nothing where it lists no code.
std::vector<CodeFile> take_code(ModuleManifest& manifest, const std::string& directory);

}  // namespace ostler
