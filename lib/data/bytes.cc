#include "lib/data/bytes.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "lib/base/error.h"
#include "lib/data/formats.h"

namespace ostler {

Interrupt::Interrupt() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!event_) throw system_error(errno, "cannot make an eventfd");
}

void Interrupt::raise() {
  const std::uint64_t one = 1;
  if (::write(event_.get(), &one, sizeof one) < 0) return;  // EAGAIN: it is raised already
}

namespace {

class FileBytes : public ByteSource {
 public:
  FileBytes(UniqueFd owned, int fd, bool regular, const RecordSource& source,
            std::shared_ptr<Interrupt> interrupt)
      : owned_(std::move(owned)),
        fd_(fd),
        regular_(regular),
        name_(source.path),
        seen_(source.seen),
        interrupt_(std::move(interrupt)) {}

  std::size_t read(char* data, std::size_t size) override {
    if (!peeked_.empty()) {
      const std::size_t taken = std::min(size, peeked_.size());
      std::memcpy(data, peeked_.data(), taken);
      peeked_.erase(0, taken);
      return taken;
    }
    for (;;) {
      if (!regular_) wait();
      const ssize_t got = ::read(fd_, data, size);
      if (got > 0 && seen_) seen_({data, static_cast<std::size_t>(got)});
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EINTR && errno != EAGAIN) throw system_error(errno, "cannot read " + name_);
    }
  }

  bool ready() override {
    if (regular_ || !peeked_.empty()) return true;
    pollfd poll_for{fd_, POLLIN, 0};
    return ::poll(&poll_for, 1, 0) > 0;
  }

  void give_back(std::string bytes) { peeked_ = std::move(bytes); }

 private:
  void wait() {
    pollfd poll_for[2] = {{fd_, POLLIN, 0}, {interrupt_->fd(), POLLIN, 0}};
    while (::poll(poll_for, 2, -1) < 0)
      if (errno != EINTR) throw system_error(errno, "cannot wait for " + name_);
    if (poll_for[1].revents != 0) throw Error(StatusCode::cancelled, "reading " + name_ + " was given up");
  }

  UniqueFd owned_;
  int fd_;
  bool regular_;
  std::string name_;
  std::function<void(std::string_view)> seen_;
  std::shared_ptr<Interrupt> interrupt_;
  std::string peeked_;
};

// First bytes of gzip, zstd, xz and bzip2 ('?' is any byte). The "BZh" of bzip2 alone could begin a CSV
// header.
constexpr std::string_view kMagics[] = {
    {"\x1F\x8B", 2},
    {"\x28\xB5\x2F\xFD", 4},
    {"\xFD\x37\x7A\x58\x5A\x00", 6},
    {"BZh?1AY&SY", 10},
    {"BZh?\x17\x72\x45\x38\x50\x90", 10},
};

bool agrees(std::string_view bytes, std::string_view magic) {
  for (std::size_t i = 0; i < std::min(bytes.size(), magic.size()); ++i)
    if (bytes[i] != magic[i] && magic[i] != '?') return false;
  return true;
}

// Reads no more than it takes to tell, so that a pipe with a short first row is not waited for.
bool is_compressed(FileBytes& bytes) {
  std::string start;
  bool compressed = false;
  for (bool undecided = true; undecided && !compressed;) {
    char more[16];
    const std::size_t got = bytes.read(more, 10 - start.size());
    start.append(more, got);
    undecided = false;
    for (std::string_view magic : kMagics) {
      if (!agrees(start, magic)) continue;
      compressed = compressed || start.size() >= magic.size();
      undecided = got > 0;
    }
  }
  bytes.give_back(std::move(start));
  return compressed;
}

}  // namespace

std::unique_ptr<ByteSource> open_bytes(const RecordSource& source, std::shared_ptr<Interrupt> interrupt) {
  UniqueFd owned;
  if (source.fd < 0) owned = open_file(source.path, O_RDONLY);
  const int fd = source.fd < 0 ? owned.get() : source.fd;
  struct stat status {};
  if (::fstat(fd, &status) != 0) throw system_error(errno, "cannot read " + source.path);
  if (S_ISDIR(status.st_mode))
    throw invalid_argument(source.path + " is a directory; name the data files in it");
  auto bytes = std::make_unique<FileBytes>(std::move(owned), fd, S_ISREG(status.st_mode), source,
                                           std::move(interrupt));
  if (!is_compressed(*bytes)) return bytes;
  const auto open = reinterpret_cast<OpenArchive*>(format_entry("archive", kArchiveEntry));
  return std::unique_ptr<ByteSource>(open(std::move(bytes), source.path));
}

}  // namespace ostler
