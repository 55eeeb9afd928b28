#pragma once

// A file without a name, for what training needs on disk: the kernel frees it with the last process that has
// it open, so that no crash, kill or power failure leaves it behind. It lies in TMPDIR, else in /var/tmp or
// /tmp; not in memory, for it may be larger than that.

#include <string>
#include <string_view>

#include "lib/base/files.h"

namespace ostler {

class ScratchFile {
 public:
  // Throws Error that names the directory.
  ScratchFile();
  ~ScratchFile();
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  void append(std::string_view text);
  // What was appended is in the file on return.
  void flush();
  std::size_t size() const { return size_; }
  // Opens the file anew, from its start, also in a library: "/proc/self/fd/7". Valid in this process, while
  // this object lives.
  std::string path() const;
  // Everything that was appended, mapped; valid until the next call of append.
  std::string_view content();

 private:
  void unmap();

  std::string directory_, buffer_;
  UniqueFd file_;
  std::size_t size_ = 0;
  void* mapped_ = nullptr;
  std::size_t mapped_size_ = 0;
};

}  // namespace ostler
