#include "lib/jobs/publish_lock.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "lib/base/error.h"

namespace ostler {

namespace {

enum class Locked { yes, no };

Locked try_lock(int fd, const std::string& path) {
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0 && (errno == EWOULDBLOCK || errno == EINTR)) return Locked::no;
  // The holder before may have removed it meanwhile.
  struct stat locked {};
  struct stat there {};
  const bool same = ::fstat(fd, &locked) == 0 && ::lstat(path.c_str(), &there) == 0 &&
                    locked.st_dev == there.st_dev && locked.st_ino == there.st_ino;
  return same ? Locked::yes : Locked::no;
}

}  // namespace

std::string PublishLock::path_of(const std::string& target) {
  return join_path(parent_path(target), "." + file_name(target) + ".ostler-lock");
}

PublishLock PublishLock::take(const std::string& target, Duration patience,
                              const std::function<bool()>& give_up) {
  const std::string path = path_of(target);
  const Duration began = Clock::system().steady();
  for (int pause = 1;; pause = std::min(pause * 2, 50)) {
    UniqueFd fd = try_open_file(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
    // EACCES: another user's, who publishes here too; whether the folder is ours to write to is asked before.
    if (!fd && errno != EACCES) throw system_error(errno, "cannot write " + path);
    if (fd && try_lock(fd.get(), path) == Locked::yes) return {path, std::move(fd)};
    fd.reset();
    if ((give_up && give_up()) || Clock::system().steady() - began >= patience)
      throw Error(StatusCode::unavailable,
                  "cannot publish " + target + ": another process holds the lock " + path);
    ::poll(nullptr, 0, pause);
  }
}

void PublishLock::remove_leftover(const std::string& target) {
  const std::string path = path_of(target);
  const UniqueFd fd = try_open_file(path, O_RDWR | O_NOFOLLOW);
  if (fd && try_lock(fd.get(), path) == Locked::yes) ::unlink(path.c_str());
}

PublishLock::~PublishLock() {
  if (fd_) ::unlink(path_.c_str());  // before the descriptor is closed: so the file is still ours
}

}  // namespace ostler
