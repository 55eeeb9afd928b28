#include "lib/jobs/job_lock.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>
#include <set>

#include "lib/base/error.h"

namespace ostler {

namespace {

constexpr off_t kLongestText = 4096;

// The locks that this process holds. The mutex is held over each open-and-close of a lock file, so that no
// descriptor of a file is closed that another thread is locking.
std::mutex held_mutex;
std::set<std::string>& held_here() {
  static std::set<std::string> paths;
  return paths;
}

struct flock whole_file() {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

}  // namespace

std::optional<JobLock> JobLock::try_take(const std::string& lock_path) {
  const std::lock_guard guard(held_mutex);
  if (held_here().count(lock_path) > 0) return std::nullopt;
  UniqueFd fd = open_file(lock_path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
  struct flock lock = whole_file();
  if (::fcntl(fd.get(), F_SETLK, &lock) != 0) {
    if (errno == EACCES || errno == EAGAIN) return std::nullopt;
    throw system_error(errno, "cannot lock " + lock_path);
  }
  held_here().insert(lock_path);
  return JobLock(lock_path, std::move(fd));
}

JobLock::~JobLock() {
  if (!fd_) return;
  const std::lock_guard guard(held_mutex);
  held_here().erase(path_);
  fd_.reset();
}

void JobLock::reserve() {
  // Where the file system cannot reserve (EOPNOTSUPP), it is written as well as can be.
  if (::fallocate(fd_.get(), FALLOC_FL_KEEP_SIZE, 0, kLongestText) != 0 && errno == ENOSPC)
    throw system_error(errno, "cannot write " + path_);
}

void JobLock::write(std::string_view text) {
  if (::pwrite(fd_.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()) ||
      ::ftruncate(fd_.get(), static_cast<off_t>(text.size())) != 0)
    throw system_error(errno, "cannot write " + path_);
}

std::string read_lock(const std::string& lock_path) {
  const std::lock_guard guard(held_mutex);
  if (held_here().count(lock_path) > 0) return {};
  return read_file_if_there(lock_path, kLongestText, Links::keep).value_or("");
}

LockHolder observe_lock(const std::string& lock_path) {
  const std::lock_guard guard(held_mutex);
  if (held_here().count(lock_path) > 0) return {true, ::getpid()};
  const UniqueFd fd = try_open_file(lock_path, O_RDONLY | O_NOFOLLOW);
  if (!fd) {
    if (errno == ENOENT || errno == ENOTDIR) return {};
    throw system_error(errno, "cannot open " + lock_path);
  }
  struct flock lock = whole_file();
  if (::fcntl(fd.get(), F_GETLK, &lock) != 0)
    throw system_error(errno, "cannot look at the lock " + lock_path);
  if (lock.l_type == F_UNLCK) return {};
  return {true, lock.l_pid > 0 ? lock.l_pid : 0};
}

bool signal_lock_holder(const std::string& lock_path, int signal, pid_t expected) {
  const LockHolder holder = observe_lock(lock_path);
  if (!holder.held || holder.pid == 0 || (expected != 0 && holder.pid != expected)) return false;
  const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, holder.pid, 0)));
  if (!process) return false;
  // The descriptor now names one process for good; it is the holder if the lock is still held under that pid.
  if (observe_lock(lock_path).pid != holder.pid) return false;
  return ::syscall(SYS_pidfd_send_signal, process.get(), signal, nullptr, 0) == 0;
}

}  // namespace ostler
