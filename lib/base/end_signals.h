#pragma once

// What must not outlive a command that a signal ends: files in the making, groups of processes, lines drawn
// on a terminal.
//
// Nothing happens before end_cleanly_on_signals(). A table of fixed size holds what is registered, since a
// signal's handler reads it; what finds no place in it is left behind by a signal, and by nothing else.

#include <sys/types.h>

#include <string>

namespace ostler {

// From now on SIGINT, SIGTERM and SIGHUP, where they are not ignored (nohup), remove the files and kill the
// groups that are registered, and end the program with 128 + signal (130 for Ctrl-C).
void end_cleanly_on_signals();

// A file in the making, as long as this lives.
class UnlinkedOnSignal {
 public:
  explicit UnlinkedOnSignal(std::string path);
  ~UnlinkedOnSignal();
  UnlinkedOnSignal(const UnlinkedOnSignal&) = delete;
  UnlinkedOnSignal& operator=(const UnlinkedOnSignal&) = delete;

 private:
  std::string path_;
};

// The process group `group`; forget it before its number can be another's, which is before its leader is
// waited for.
void kill_on_signal(pid_t group);
void forget_on_signal(pid_t group);

// Whether what stands from the cursor's line on is erased on the terminal at stderr.
void erase_on_signal(bool erase);

}  // namespace ostler
