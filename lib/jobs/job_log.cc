#include "lib/jobs/job_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "lib/base/error.h"

namespace ostler {

namespace {

constexpr std::string_view kLeftOut = "\nostler: the middle of this log was left out\n";
constexpr std::uint64_t kBlock = 4096;

}  // namespace

JobLog::JobLog(const std::string& path)
    : path_(path), fd_(open_file(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0600)) {}

void JobLog::say(std::string_view line) {
  try {
    write_all(fd_.get(), std::string(to_line_start(fd_.get())) + "ostler: " + std::string(line) + "\n",
              path_);
  } catch (const Error&) {
  }
}

void JobLog::cap() {
  struct stat status {};
  if (!can_punch_ || ::fstat(fd_.get(), &status) != 0) return;
  if (static_cast<std::uint64_t>(status.st_blocks) * 512 <= kLogLimit) return;
  const std::uint64_t start = kLogKeptAtStart;
  const std::uint64_t end = (static_cast<std::uint64_t>(status.st_size) - kLogKeptAtEnd) / kBlock * kBlock;
  // A descriptor of its own: one that appends ignores the offset of pwrite.
  const UniqueFd writer = try_open_file(path_, O_WRONLY | O_NOFOLLOW);
  can_punch_ = writer && end > start &&
               ::fallocate(writer.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                           static_cast<off_t>(start), static_cast<off_t>(end - start)) == 0;
  if (can_punch_ && ::pwrite(writer.get(), kLeftOut.data(), kLeftOut.size(), static_cast<off_t>(start)) < 0)
    can_punch_ = false;
}

namespace {

// Where text ends that a hole follows: the block in which the line about the hole is has zeros behind it.
off_t end_of_text(int fd, off_t start, off_t end) {
  char block[kBlock];
  const off_t from = std::max(start, end - static_cast<off_t>(kBlock));
  const ssize_t count = ::pread(fd, block, static_cast<std::size_t>(end - from), from);
  if (count <= 0) return end;
  ssize_t left = count;
  while (left > 0 && block[left - 1] == '\0') --left;
  return from + left;
}

}  // namespace

std::vector<std::pair<std::uint64_t, std::uint64_t>> log_extents(int fd) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> extents;
  const off_t size = ::lseek(fd, 0, SEEK_END);
  for (off_t at = 0; at < size;) {
    const off_t data = ::lseek(fd, at, SEEK_DATA);
    if (data < 0) break;  // nothing but a hole is left
    const off_t hole = ::lseek(fd, data, SEEK_HOLE);
    at = hole < 0 ? size : hole;
    const off_t end = at < size ? end_of_text(fd, data, at) : at;
    extents.emplace_back(static_cast<std::uint64_t>(data), static_cast<std::uint64_t>(end - data));
  }
  return extents;
}

std::uint64_t read_log_file(const std::string& path, std::uint64_t offset,
                            const std::function<void(std::string_view)>& sink) {
  const UniqueFd fd = try_open_file(path, O_RDONLY | O_NOFOLLOW);
  if (!fd) return offset;
  std::string block(1 << 16, '\0');
  for (const auto& [start, length] : log_extents(fd.get())) {
    const std::uint64_t end = start + length;
    for (std::uint64_t at = std::max(start, offset); at < end;) {
      const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(block.size(), end - at));
      const ssize_t count = ::pread(fd.get(), block.data(), wanted, static_cast<off_t>(at));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) throw system_error(errno, "cannot read " + path);
      if (count == 0) break;
      at += static_cast<std::uint64_t>(count);
      sink(std::string_view(block).substr(0, static_cast<std::size_t>(count)));
      offset = at;
    }
  }
  return offset;
}

}  // namespace ostler
