#pragma once

// A directory of one's own below $TMPDIR (else /tmp), removed with everything in it when the object goes.
//
// What a killed process left is removed by the next one that makes such a directory: the owner holds a shared
// flock on it as long as it lives, so one that can be had exclusively is nobody's.

#include <string>

#include "lib/base/files.h"

namespace ostler {

class TemporaryDirectory {
 public:
  // "<tmp>/.ostler-temporary-XXXXXX", mode 0700. Throws Error (system_error).
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
  UniqueFd lock_;
};

// A file without a name in the same place, open for reading and writing: gone when it is closed.
UniqueFd open_temporary_file();

}  // namespace ostler
