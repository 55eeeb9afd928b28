#pragma once

// The lock of a job: while a process holds it, the job is in that process's hands; the kernel frees it at any
// death. It is fcntl(F_SETLK), whose F_GETLK takes nothing and names the holder.
//
// Such a lock belongs to the process and is lost when the process closes *any* descriptor of the file. All
// use of lock files therefore goes through these calls, which know what this process holds; two threads
// exclude each other too.

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "lib/base/files.h"

namespace ostler {

class JobLock {
 public:
  // Takes the lock or gives nothing when somebody holds it. Makes the file when it is missing. Throws Error
  // (also when the job's directory is gone).
  static std::optional<JobLock> try_take(const std::string& lock_path);
  JobLock(JobLock&& other) noexcept = default;
  JobLock& operator=(JobLock&&) = delete;
  ~JobLock();

  // The file's content is the holder's to write, in place of what was there; no lock is needed to read it.
  // reserve() takes the room for it on disk.
  void reserve();
  void write(std::string_view text);

 private:
  JobLock(std::string path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
  std::string path_;
  UniqueFd fd_;
};

// Who holds the lock: nobody, a process, or one that is out of sight (0: another pid namespace).
struct LockHolder {
  bool held = false;
  pid_t pid = 0;
};
LockHolder observe_lock(const std::string& lock_path);

// What a holder has written; "" where none did, and while this process is the holder.
std::string read_lock(const std::string& lock_path);

// Sends a signal to the holder, and to no other process that might have got its pid meanwhile. False when
// nobody holds the lock, or the holder has changed from `expected` (0: whoever it is).
bool signal_lock_holder(const std::string& lock_path, int signal, pid_t expected = 0);

}  // namespace ostler
