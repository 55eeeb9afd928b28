#pragma once

// Models in zip archives: config.yml and its files lie at the top, or in the one directory that is there
// (MGR-4). What computers add (__MACOSX, .DS_Store) is passed over.
//
// An archive is looked through before anything is written, and counted again while it is, since what it says
// of itself may be untrue. Errors, each with a message of its own: not_found for no config.yml in the top two
// levels, and for several directories (MGR-6); invalid_argument for an entry that would leave the target, a
// link, an entry that is encrypted or there twice, and more bytes or files than the limits; data_loss for
// what is no zip or damaged.

#include <string>
#include <string_view>

#include "lib/base/files.h"
#include "lib/base/value.h"

namespace ostler {

struct ArchiveLimits {
  std::int64_t max_bytes = 4LL << 30;  // of an archive's files, extracted
  std::int64_t max_files = 10000;
};
// From the key `archives` of the configuration: {max_bytes, max_files}; null and absent: the default.
ArchiveLimits read_archive_limits(const Value& archives);

// A regular file that is named so or begins as a zip archive does.
bool is_zip(const std::string& path);

// Writes the model's files into `directory`, which is there and empty. `zip` can seek. On an Error what was
// written is the caller's to remove.
void extract_model(int zip, const std::string& name, const std::string& directory,
                   const ArchiveLimits& limits);

// What comes out of a descriptor that may not seek, or is in memory, as a file without a name. More than
// `max_bytes` is an Error (invalid_argument).
UniqueFd spool_archive(int from, const std::string& name, std::int64_t max_bytes);
UniqueFd spool_archive(std::string_view bytes);

// Writes every file of the model, config.yml first, to `zip`. `shown_path` is the model's name for messages.
// A link or device in it is an Error (invalid_argument).
void write_model_archive(const std::string& model, const std::string& shown_path, int zip,
                         const std::string& name);

}  // namespace ostler
