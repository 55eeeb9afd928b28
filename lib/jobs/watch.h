#pragma once

// Sleeps until something happens in one of some job directories: an outcome appears, a lock is let go of,
// events are appended. Falls back to short sleeps where the kernel has no inotify instances or watches left.

#include <string>
#include <vector>

#include "lib/base/clock.h"
#include "lib/base/files.h"

namespace ostler {

class JobWatch {
 public:
  enum class Events { no, yes };  // also wake for what the work reports
  // Watching begins here: look at the jobs after this, and before each sleep.
  JobWatch(const std::vector<std::string>& job_directories, Events events);
  // Returns after `longest`, when something happened, or when a signal came: at times for no reason.
  void sleep(Duration longest);

 private:
  UniqueFd inotify_;  // none: polling
};

}  // namespace ostler
