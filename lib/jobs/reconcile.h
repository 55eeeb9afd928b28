#pragma once

// Decides what a job's state is, from what its row says and what was seen of its directory. Pure: it looks at
// nothing and changes nothing.

#include <string>
#include <vector>

#include "lib/jobs/job_store.h"

namespace ostler {

// Taken after the row was read, in this order: the lock, then the outcome. A runner writes its outcome before
// it lets go of the lock, so "free, and no outcome" means that nobody will ever write one.
struct Observation {
  enum class Lock { free, held, unknown } lock = Lock::unknown;  // unknown: not ours to look at
  pid_t holder = 0;
  bool directory_gone = false;
  bool cancel_file = false;
  std::optional<Outcome> outcome;
  bool unpublished = false;  // the outcome's result is not at its place yet, or its publishing not over
};

struct Verdict {
  JobStatus status = JobStatus::QUEUED;
  JobReason reason = JobReason::none;
  std::vector<std::string> errors;
  enum class Action {
    none,
    adopt,  // the record has an end that the row does not know: publish what is unpublished, update the row
    conclude,  // nobody has the job in hand: end what is left of it, write this verdict as its outcome, then
               // the row
    requeue    // nobody has the job in hand: end what is left of it, and put it back into the queue
  } action = Action::none;
};

// How often the start of a job may fail before it is given up.
inline constexpr int kStartsAllowed = 3;
// The error of a job that nobody has in hand any more.
extern const char* const kLost;

Verdict reconcile(const JobRow& row, const Observation& seen);

}  // namespace ostler
