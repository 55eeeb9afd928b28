#pragma once

// Moves what a worker staged to the place that the user named: a model directory by exchanging directories, a
// file by renaming it over the old one, each in one step for whoever reads there.
//
// Order of calls: prepare(), then the outcome is written by the caller, then commit(). The lock beside the
// target is held from prepare() to the end of the object's life. It is a flock on the target's parent
// directory, which leaves no file behind. What is said of readers: lib/core/model_directory.h.

#include <string>

#include "lib/base/files.h"
#include "lib/jobs/job_directory.h"

namespace ostler {

// True while what the outcome promises still lies staged: for a model, while the staged config.yml has the
// outcome's tracking id (after the exchange the old model lies there, with another).
bool is_unpublished(const Outcome& outcome);

class Publication {
 public:
  // `outcome` is to have staged and target, or neither: then nothing is published.
  Publication(const Outcome& outcome, std::string home);

  // Takes the lock and checks that the target may be replaced: Error (invalid_argument, with why) when not,
  // system errors when its folder cannot be written to.
  void prepare();
  // Publishes, unless it was done before, and removes the old model if nobody reads it; else the next
  // publication beside it does. Throws Error; the staged result is then still there.
  void commit();

 private:
  void publish_file();
  void publish_directory();
  void sweep();

  Outcome outcome_;
  std::string home_, folder_;
  UniqueFd lock_;
};

// Removes what a job that did not complete has staged, beside `target` and in its own directory.
void remove_staged(const std::string& target, const std::string& uuid, const std::string& job_directory);

}  // namespace ostler
