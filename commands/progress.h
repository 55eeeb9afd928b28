#pragma once

// Progress on stderr: lines that are drawn over and over on a terminal, at most ten times a second; elsewhere
// a plain line at times, the first after ten seconds, then ever more rarely, at last one a minute.

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "commands/terminal.h"
#include "lib/core/job.h"
#include "lib/data/records.h"

namespace ostler {

class Progress {
 public:
  // Without `wanted` nothing is ever shown.
  explicit Progress(bool wanted);
  bool wanted() const { return wanted_; }
  bool is_live() const { return lines_.has_value(); }
  // Whether it is time to show something again, or the window was resized. Cheap.
  bool is_due();
  // Shows lines (is_live) or, elsewhere, a plain one, without "ostler: ".
  void show(const std::vector<std::string>& lines);
  // Takes the lines off the terminal, before something else is printed. True when there were any.
  bool clear();

 private:
  bool wanted_, shown_ = false;
  std::optional<LiveLines> lines_;
  TerminalSize size_;
  Duration next_{}, interval_;
};

// Of jobs that are waited for: a line for each active one, and the sum of all where there are several.
class JobProgress {
 public:
  explicit JobProgress(bool wanted) : progress_(wanted) {}
  void show(const std::vector<JobInfo>& jobs);
  bool clear() { return progress_.clear(); }

 private:
  Progress progress_;
};

// Of rows that are predicted in the foreground: how many, how fast, and how much of the files was read,
// unless standard input is among them.
class RowProgress {
 public:
  // Has the sources tell what is read of them; must outlive their reading.
  RowProgress(bool wanted, std::vector<RecordSource>& sources);
  void show(std::uint64_t rows);
  // Takes the line off. On a terminal where there was one, or the rows went to a file, says what was done.
  void finish(std::uint64_t rows, const std::string& file);
  bool clear() { return progress_.clear(); }

 private:
  bool wanted_;
  Progress progress_;
  Duration began_;
  double total_bytes_ = 0;  // 0: unknown
  std::atomic<std::uint64_t> bytes_ = 0;
};

}  // namespace ostler
