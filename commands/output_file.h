#pragma once

// The file of -o. It is written beside itself and renamed, so that a reader never sees half of it, and a
// failure, or a signal (end_cleanly_on_signals), leaves what was there. What is no regular file (/dev/null, a
// pipe) is written to as it is.

#include <fcntl.h>
#include <unistd.h>

#include <optional>
#include <string>

#include "lib/base/end_signals.h"
#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/base/strings.h"

namespace ostler {

class OutputFile {
 public:
  // `what` is written to it: "predictions". Error (invalid_argument) for a directory.
  OutputFile(const std::string& given, const std::string& what) : path_(behind_links(given)) {
    const auto status = file_status(path_);
    if (status && status->type == FileStatus::Type::directory)
      throw invalid_argument("cannot write " + what + " to " + path_ + ": it is a directory; name a file");
    if (status && status->type != FileStatus::Type::file) {
      fd_ = open_file(path_, O_WRONLY);
      return;
    }
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
