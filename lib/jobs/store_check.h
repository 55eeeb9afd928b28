#pragma once

// What can be told of a job store without changing anything: `ostler doctor`.

#include <string>
#include <vector>

#include "lib/base/clock.h"

namespace ostler {

struct Finding {
  enum class State { well, note, wrong };
  std::string check;  // what was looked at
  State state = State::well;
  std::string text;
  std::string mend;  // the command that mends it; empty where there is none to mend, or none that could
};

// Never throws for what it finds: an Error is a finding.
std::vector<Finding> examine_store(const std::string& home, const Clock& clock);

}  // namespace ostler
