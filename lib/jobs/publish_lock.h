#pragma once

// The lock of who publishes at a path: an flock on a file of our own, ".<name>.ostler-lock" beside it. Not on
// anything of the user's, who may hold a lock there himself (`flock models ostler train ... --wait`).
//
// The holder removes the file before it lets go, so who gets the lock checks that the path still names the
// file that it locked. What a killed holder leaves is taken by the next one, or removed by who settles its
// job.

#include <functional>
#include <string>

#include "lib/base/clock.h"
#include "lib/base/files.h"

namespace ostler {

class PublishLock {
 public:
  static std::string path_of(const std::string& target);

  // Tries again and again until `patience` is over or `give_up` says so: Error (unavailable), naming the
  // file. Other failures to make the file are system errors. Where the file system has no flock, it is taken
  // without: the exchange itself is one step.
  static PublishLock take(const std::string& target, Duration patience,
                          const std::function<bool()>& give_up = {});
  // Removes what a killed holder left, unless somebody has it. Failures are passed over.
  static void remove_leftover(const std::string& target);

  PublishLock(PublishLock&& other) noexcept = default;
  PublishLock& operator=(PublishLock&&) = delete;
  ~PublishLock();

 private:
  PublishLock(std::string path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
  std::string path_;
  UniqueFd fd_;
};

}  // namespace ostler
