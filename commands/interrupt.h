#pragma once

// Ctrl-C (SIGINT) and SIGTERM while a command waits: the waiting ends, the job goes on.

#include "lib/base/clock.h"

namespace ostler {

// Thrown out of a wait by the code that polls InterruptGuard::count.
struct Interrupted {};

// While one exists, SIGINT and SIGTERM are counted instead of ending the program; system calls return EINTR.
// One at a time, in the main thread of the command.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
  int count() const;
  // Whether it was SIGTERM, which asks for an end and not for a second thought.
  bool terminated() const;
  // True when a second one comes within `time`. False at once when stdin is no terminal (can_come_again),
  // where there is nobody to press a key again.
  bool second_within(Duration time) const;
  static bool can_come_again();
};

}  // namespace ostler
