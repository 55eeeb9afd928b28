#pragma once

// Moves descriptor 1 aside while a module's library is in this process: what the library prints goes to
// stderr and cannot corrupt the rows.

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "lib/base/error.h"
#include "lib/base/files.h"

namespace ostler {

class StdoutGuard {
 public:
  StdoutGuard() : aside_(::fcntl(1, F_DUPFD_CLOEXEC, 3)) {
    if (!aside_) throw system_error(errno, "standard output is closed");
    ::dup2(2, 1);
  }
  ~StdoutGuard() { restore(); }
  StdoutGuard(const StdoutGuard&) = delete;
  StdoutGuard& operator=(const StdoutGuard&) = delete;

  // Where stdout is meanwhile.
  int fd() const { return aside_ ? aside_.get() : 1; }
  void restore() {
    if (!aside_) return;
    std::fflush(stdout);
    ::dup2(aside_.get(), 1);
    aside_.reset();
  }

 private:
  UniqueFd aside_;
};

}  // namespace ostler
