#pragma once

// The file of -o. It is written beside itself and renamed, so that a reader never sees half of it, and a
// failure, or a signal (end_cleanly_on_signals), leaves what was there. What is no regular file (/dev/null, a
// pipe) is written to as it is; so is what a name gives of the files that this process has open, such as the
// /dev/fd/63 of a shell's >(command).

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/end_signals.h"
#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/base/strings.h"

namespace ostler {

// The file descriptor that a path is another name for; "-" is standard output.
inline std::optional<int> descriptor_named(std::string_view path) {
  if (path == "-" || path == "/dev/stdout") return 1;
  if (path == "/dev/stderr") return 2;
  for (const std::string_view directory : {"/dev/fd/", "/proc/self/fd/"}) {
    int number = 0;
    const char* const end = path.data() + path.size();
    if (starts_with(path, directory))
      if (const auto [rest, error] = std::from_chars(path.data() + directory.size(), end, number);
          error == std::errc() && rest == end)
        return number;
  }
  return std::nullopt;
}

class OutputFile {
 public:
  // `what` is written to it: "predictions". Error (invalid_argument) for a directory; as of system_error
  // where the directory is missing that it is to be in, or the descriptor is not open.
  OutputFile(const std::string& given, const std::string& what) {
    if (const auto number = descriptor_named(given)) {
      fd_ = UniqueFd(::fcntl(*number, F_DUPFD_CLOEXEC, 3));
      if (fd_.get() < 0) throw system_error(errno, "cannot write " + what + " to " + given);
      return;
    }
    path_ = behind_links(given);
    const auto status = file_status(path_);
    if (status && status->type == FileStatus::Type::directory)
      throw invalid_argument("cannot write " + what + " to " + path_ + ": it is a directory; name a file");
    if (status && status->type != FileStatus::Type::file) {
      fd_ = open_file(path_, O_WRONLY);
      return;
    }
    if (!file_status(parent_path(path_))) throw system_error(ENOENT, "cannot write " + what + " to " + given);
    staged_ = parent_path(path_) + "/." + file_name(path_) + ".ostler-" + make_uuid4();
    on_signal_.emplace(staged_);
    fd_ = open_file(staged_, O_WRONLY | O_CREAT | O_EXCL, 0666);
  }
  ~OutputFile() {
    if (!staged_.empty()) ::unlink(staged_.c_str());
  }
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  int fd() const { return fd_.get(); }
  void publish() {
    if (staged_.empty()) return;
    rename_path(staged_, path_);
    staged_.clear();
    on_signal_.reset();
  }

 private:
  std::string path_, staged_;
  std::optional<UnlinkedOnSignal> on_signal_;
  UniqueFd fd_;
};

}  // namespace ostler
