#pragma once

// The resource limits that a job's specification carries ("rlimits"), as the worker applies them.

#include "lib/base/value.h"

namespace ostler {

// {"nofile": [soft, hard], ...}, null for infinity. A hard limit above this process's own stays as it is;
// unknown names are passed over.
void apply_limits(const Value& limits);

}  // namespace ostler
