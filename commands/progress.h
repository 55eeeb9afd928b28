#pragma once

// Progress of jobs that a command waits for, on stderr: one line that is rewritten on a terminal, a plain
// line every ten seconds elsewhere.

#include <string>
#include <vector>

#include "lib/core/job.h"

namespace ostler {

class ProgressLine {
 public:
  explicit ProgressLine(bool wanted);
  ~ProgressLine() { clear(); }
  void show(const std::vector<JobInfo>& jobs);
  // Takes the line off the terminal, before something else is printed.
  void clear();

 private:
  bool wanted_, terminal_, shown_ = false;
  Duration last_{};
};

}  // namespace ostler
