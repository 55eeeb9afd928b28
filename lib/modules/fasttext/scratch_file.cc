#include "lib/modules/fasttext/scratch_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "lib/base/error.h"

namespace ostler {

namespace {

constexpr std::size_t kBuffer = 1 << 20;

std::vector<std::string> directories() {
  const char* given = ::getenv("TMPDIR");
  if (given != nullptr && given[0] == '/') return {given};
  return {"/var/tmp", "/tmp"};
}

// Where the file system cannot make a file without a name, it loses it at once.
UniqueFd make_file(const std::string& directory) {
  UniqueFd file = try_open_file(directory, O_TMPFILE | O_RDWR, 0600);
  if (file || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return file;
  std::string path = directory + "/ostler-XXXXXX";
  file = UniqueFd(::mkostemp(path.data(), O_CLOEXEC));
  if (file) ::unlink(path.c_str());
  return file;
}

}  // namespace

ScratchFile::ScratchFile() {
  for (const std::string& directory : directories()) {
    directory_ = directory;
    file_ = make_file(directory);
    if (file_) return;
  }
  throw system_error(errno,
                     "cannot make a temporary file in " + directory_ + " (TMPDIR names another directory)");
}

ScratchFile::~ScratchFile() { unmap(); }

void ScratchFile::append(std::string_view text) {
  buffer_ += text;
  size_ += text.size();
  if (buffer_.size() >= kBuffer) flush();
}

void ScratchFile::flush() {
  write_all(file_.get(), buffer_, "a temporary file in " + directory_ + " (TMPDIR names another directory)");
  buffer_.clear();
}

std::string ScratchFile::path() const { return "/proc/self/fd/" + std::to_string(file_.get()); }

std::string_view ScratchFile::content() {
  flush();
  if (mapped_size_ != size_) {
    unmap();
    void* memory = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, file_.get(), 0);
    if (memory == MAP_FAILED) throw system_error(errno, "cannot map a temporary file in " + directory_);
    mapped_ = memory;
    mapped_size_ = size_;
  }
  return {static_cast<const char*>(mapped_), mapped_size_};
}

void ScratchFile::unmap() {
  if (mapped_ != nullptr) ::munmap(mapped_, mapped_size_);
  mapped_ = nullptr;
  mapped_size_ = 0;
}

}  // namespace ostler
