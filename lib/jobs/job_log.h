#pragma once

// A job's log file. The work appends to it itself; the runner adds lines of its own, and keeps it from
// filling the disk by punching a hole into its middle: the file keeps its length, the left-out part takes no
// room and reads as zero bytes, after a line that says so.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/files.h"

namespace ostler {

inline constexpr std::uint64_t kLogLimit = 100 << 20;  // bytes on disk
inline constexpr std::uint64_t kLogKeptAtStart = 10 << 20;
inline constexpr std::uint64_t kLogKeptAtEnd = 40 << 20;

class JobLog {
 public:
  // Creates it where it is not there. Throws Error.
  explicit JobLog(const std::string& path);
  // Where the work's output goes: opened for appending.
  int fd() const { return fd_.get(); }
  // Appends "ostler: LINE". A full disk is no failure.
  void say(std::string_view line);
  // Cheap (one fstat) while the log is small.
  void cap();

 private:
  std::string path_;
  UniqueFd fd_;
  bool can_punch_ = true;
};

// The parts of a log that hold text, as offset and length: all of it, or what lies around the hole.
std::vector<std::pair<std::uint64_t, std::uint64_t>> log_extents(int fd);

// Gives `sink` what a log holds from `offset` on, and returns where it ended; see JobEngine::read_log.
std::uint64_t read_log_file(const std::string& path, std::uint64_t offset,
                            const std::function<void(std::string_view)>& sink);

}  // namespace ostler
