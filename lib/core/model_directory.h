#pragma once

// Reading a model directory while others may replace it.
//
// Protocol. The reader opens the directory, takes a shared flock on it, and checks that the path still names
// the same directory (else it starts again); from then on it reads through /proc/self/fd/N, so that it sees
// one model, whole, whatever is published at the path. A publisher exchanges directories and removes the old
// one only under an exclusive flock, so it never disappears below a reader.

#include <string>

#include "lib/base/files.h"
#include "lib/core/module_config.h"

namespace ostler {

class ModelDirectory {
 public:
  // Throws Error (not_found) where `path` is no directory with a config.yml; the message says what it lacks.
  static ModelDirectory open(const std::string& path);

  const ModuleConfig& config() const { return config_; }
  // Where the files are to be read from, valid while this object lives: "/proc/self/fd/7".
  const std::string& read_path() const { return read_path_; }
  // The path that the user knows.
  const std::string& path() const { return path_; }
  // Makes `path` the one that the user knows: the archive that the directory was extracted from.
  void show_as(const std::string& path);
  // A message in which the one is replaced by the other.
  std::string with_known_path(std::string message) const;

  // Holds every file that the manifest (`files` in config.yml) lists against its size and checksum. Throws
  // Error (data_loss) naming the first file that is missing, shorter, longer or altered. A model without a
  // manifest (caikit's) passes. Call it before a library opens a file.
  void verify() const { verify(true); }
  // The same without the checksums: reads no file but config.yml.
  void verify_sizes() const { verify(false); }

 private:
  void verify(bool checksums) const;

  UniqueFd directory_;
  std::string path_, read_path_;
  ModuleConfig config_;
};

// Adds `files` with the size and checksum of every file below `directory` but config.yml: what a saver does
// last.
void add_file_manifest(ModuleConfig& config, const std::string& directory);

// Why `path` may not be replaced by a model: nothing when it is absent, an empty directory, or a model
// directory that holds nothing but config.yml and what its manifest lists.
std::string why_not_replaceable(const std::string& path);

}  // namespace ostler
