#include "lib/jobs/watch.h"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>

namespace ostler {

namespace {

constexpr std::size_t kMostWatches = 1000;  // the user's other programs need some too
constexpr Duration kPolling = std::chrono::milliseconds(200);

}  // namespace

JobWatch::JobWatch(const std::vector<std::string>& job_directories, Events events) {
  if (job_directories.size() > kMostWatches) return;
  inotify_ = UniqueFd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!inotify_) return;
  // link(2) of outcome.json is IN_CREATE; the end of a lock's holder closes the lock, which it had open for
  // writing.
  std::uint32_t mask = IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE | IN_DELETE_SELF | IN_MOVE_SELF;
  if (events == Events::yes) mask |= IN_MODIFY;
  for (const std::string& directory : job_directories) {
    if (::inotify_add_watch(inotify_.get(), directory.c_str(), mask) < 0) {
      inotify_.reset();
      return;
    }
  }
}

void JobWatch::sleep(Duration longest) {
  if (!inotify_) longest = std::min(longest, kPolling);
  pollfd waited = {inotify_.get(), POLLIN, 0};  // poll passes over -1
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(longest).count();
  if (::poll(&waited, 1, static_cast<int>(std::max<std::int64_t>(milliseconds, 0))) <= 0) return;
  alignas(inotify_event) char buffer[8192];
  while (::read(inotify_.get(), buffer, sizeof buffer) > 0) {
  }
}

}  // namespace ostler
