#pragma once

// What must not outlive a command that a signal ends: files in the making, groups of processes, lines drawn
// on a terminal.
//
// Nothing happens before end_cleanly_on_signals() or let_groups_end_first(). A table of fixed size holds what
// is registered, since a signal's handler reads it; what finds no place in it is left behind by a signal, and
// by nothing else.

#include <sys/types.h>

#include <string>

namespace ostler {

// From now on SIGINT, SIGTERM and SIGHUP, where they are not ignored (nohup), remove the files and kill the
// groups that are registered, and end the program with 128 + signal (130 for Ctrl-C).
void end_cleanly_on_signals();

// For the work of a job, instead: SIGTERM, which reaches all of its processes, ends this one only when the
// groups that are registered have ended (end_as_told). They have their time, until the runner kills, and
// somebody who reads what they say. Without a group it ends at once.
void let_groups_end_first();
// Whether SIGTERM came while a group was registered.
bool is_told_to_end();
[[noreturn]] void end_as_told();

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
