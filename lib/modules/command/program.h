#pragma once

// A program of the user's as a child process: started with pipes, watched, and never left behind.
//
// The child dies with the thread that made the Program (the kernel kills it, PR_SET_PDEATHSIG), so make it in
// a thread that lives as long as its work. Descriptors: what it prints on standard error goes to ours, and
// its last lines are kept for messages. Not thread-safe but where a call says so. No signal's disposition is
// changed and no other child waited for.

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/clock.h"
#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/base/value.h"

namespace ostler {

// How a program ended; both empty while nobody knows.
struct ProgramEnd {
  std::optional<int> exit_status, signal;
  bool out_of_memory = false;  // the kernel killed for memory while it died of a SIGKILL
};

// A program that failed. The message has its end and the last lines of its standard error.
class ProgramError : public Error {
 public:
  ProgramError(StatusCode code, const std::string& message, ProgramEnd end)
      : Error(code, message), end_(end) {}
  const ProgramEnd& end() const { return end_; }

 private:
  ProgramEnd end_;
};

class Program {
 public:
  struct Start {
    std::string name;                      // for messages: "the program predict.py of module churn"
    std::vector<std::string> arguments;    // [0] an absolute path
    std::vector<std::string> environment;  // "K=V", over this process's own
    bool pipes = true;  // standard input and output are pipes; else /dev/null, and our standard output
    std::shared_ptr<const void> keep_alive = {};  // what it needs as long as it runs
  };
  // Throws Error where it cannot be started.
  explicit Program(const Start& start);
  // Kills it with all of its process group if it still runs.
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // Waits while the pipe is full. False: the program reads no more, or was killed. No SIGPIPE comes of it.
  bool write(std::string_view content);
  void close_input();
  int output() const { return output_.get(); }

  // Becomes readable when the program has ended: for poll(2).
  int ended_fd() const { return ended_.get(); }
  // Nothing when `timeout` ran out first.
  std::optional<ProgramEnd> wait(std::optional<Duration> timeout = {});
  // From any thread: kills its process group; writes and reads then end.
  void kill();

  // "NAME WHAT; it ended with exit status 3; the last lines of its standard error: ...". For how it ended it
  // waits that long.
  ProgramError failure(const std::string& what, Duration patience = std::chrono::milliseconds(200));

 private:
  class LastWords;
  std::string name_;
  pid_t pid_ = 0;
  UniqueFd input_, output_, ended_;
  std::optional<long long> memory_kills_;
  std::optional<ProgramEnd> end_;
  std::unique_ptr<LastWords> last_words_;
  std::shared_ptr<const void> keep_alive_;
};

// A model's directory for other processes, as long as this lives: locked as its readers lock it
// (lib/core/model_directory.h), whatever is published at its path meanwhile.
class HeldDirectory {
 public:
  // `path` is where this process reads it. Throws Error (unavailable).
  explicit HeldDirectory(const std::string& path);
  std::string path_for_others() const;

 private:
  UniqueFd fd_;
};
// /proc/PID/fd/N of this process.
std::string path_of_descriptor(int fd);
// {K: V} as "K=V", a null as empty; nothing of a null pointer.
std::vector<std::string> environment_entries(const Value* map);

// The shim between: `ostler-job exec PARENT PROGRAM ARGUMENT...` binds itself to its parent's life and
// becomes the program. Returns only where that fails, with the exit code.
int exec_program(const std::vector<std::string>& arguments);

}  // namespace ostler
