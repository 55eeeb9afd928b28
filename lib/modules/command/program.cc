#include "lib/modules/command/program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>

#include "lib/base/config.h"
#include "lib/base/end_signals.h"
#include "lib/base/install.h"
#include "lib/base/process.h"
#include "lib/base/strings.h"

namespace ostler {

namespace {

constexpr std::size_t kLastLines = 12;
constexpr std::size_t kLongestLine = 400;
constexpr int kSilence = 1000;       // ms
constexpr int kPipeBytes = 1 << 20;  // so that neither side waits for the other at every block

struct Pipe {
  UniqueFd read, write;
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw system_error(errno, "cannot make a pipe");
    read = UniqueFd(ends[0]);
    write = UniqueFd(ends[1]);
    ::fcntl(ends[1], F_SETPIPE_SZ, kPipeBytes);  // where the system allows it
  }
};

// Keeps SIGPIPE from this thread for a while, and takes away the one that came of it.
class NoPipeSignal {
 public:
  NoPipeSignal() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    if (sigismember(&pending, SIGPIPE) == 0)
      pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
    else
      there_already_ = true;
  }
  ~NoPipeSignal() {
    if (there_already_) return;
    const int error = errno;
    const timespec now{};
    while (broken_ && ::sigtimedwait(&pipe_, nullptr, &now) < 0 && errno == EINTR) {
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    errno = error;
  }
  NoPipeSignal(const NoPipeSignal&) = delete;
  NoPipeSignal& operator=(const NoPipeSignal&) = delete;
  void broken() { broken_ = true; }

 private:
  sigset_t pipe_{}, before_{};
  bool there_already_ = false, broken_ = false;
};

std::vector<std::string> merged_environment(const std::vector<std::string>& over) {
  std::vector<std::string> entries = process_environment();
  for (const std::string& entry : over) {
    const std::string name = entry.substr(0, entry.find('=') + 1);
    std::erase_if(entries, [&](const std::string& other) { return starts_with(other, name); });
    entries.push_back(entry);
  }
  return entries;
}

}  // namespace

// Hands standard error on and remembers its last lines, in a thread of its own.
class Program::LastWords {
 public:
  // `program` is a leader of its group, `output` what its standard output is read from (-1: nothing).
  LastWords(UniqueFd from, pid_t program, int ended, int output)
      : from_(std::move(from)),
        stop_(::eventfd(0, EFD_CLOEXEC)),
        program_(program),
        ended_(ended),
        output_(output) {
    ::fcntl(from_.get(), F_SETFL, O_NONBLOCK);
    sigset_t all, before;  // signals are the business of the caller's threads
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_ = std::thread([this] { run(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
  ~LastWords() { stop(); }
  LastWords(const LastWords&) = delete;
  LastWords& operator=(const LastWords&) = delete;

  // Reads what is there, and no more: a grandchild may hold the pipe for ever.
  void stop() {
    if (!thread_.joinable()) return;
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(stop_.get(), &one, sizeof one);
    thread_.join();
  }
  // Until nobody can write any more.
  void wait_for_silence() const {
    while (!closed_) ::poll(nullptr, 0, 20);
  }
  std::string text() {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> shown(lines_.begin(), lines_.end());
    if (!line_.empty()) shown.push_back(line_);
    return join(shown, "\n");
  }

 private:
  void run() {
    bool open = true, ended = false;
    std::size_t left = kPipeBytes;  // to be read once we shall stop: others may write for ever
    for (;;) {
      pollfd watched[3] = {
          {open ? from_.get() : -1, POLLIN, 0}, {stop_.get(), POLLIN, 0}, {ended ? -1 : ended_, POLLIN, 0}};
      const int found = ::poll(watched, 3, ended && output_ >= 0 ? kSilence : -1);
      if (found < 0 && errno != EINTR) return;
      if (found < 0) continue;
      ended = ended || watched[2].revents != 0;
      // Those that it has left behind may finish what they write, but not keep its output open for ever.
      if (found == 0 && is_empty(output_) && !is_told_to_end()) {
        ::kill(-program_, SIGKILL);
        output_ = -1;
      }
      char block[1 << 14];
      const ssize_t got = open ? ::read(from_.get(), block, sizeof block) : 0;
      if (got > 0) take({block, static_cast<std::size_t>(got)});
      if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) open = false;
      closed_ = !open;
      if (watched[1].revents == 0) continue;
      if (got <= 0 || left < static_cast<std::size_t>(got)) return;
      left -= static_cast<std::size_t>(got);
    }
  }
  static bool is_empty(int pipe) {
    int bytes = 0;
    return ::ioctl(pipe, FIONREAD, &bytes) == 0 && bytes == 0;
  }
  void take(std::string_view text) {
    for (std::string_view rest = text; !rest.empty();) {
      const ssize_t written = ::write(2, rest.data(), rest.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) break;  // nobody hears it; it is still remembered
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
    const std::lock_guard lock(mutex_);
    for (const char c : text) {
      if (c != '\n') {
        if (line_.size() < kLongestLine) line_ += c;
        continue;
      }
      if (!trim(line_).empty()) lines_.push_back(line_);
      if (lines_.size() > kLastLines) lines_.pop_front();
      line_.clear();
    }
  }

  UniqueFd from_, stop_;
  const pid_t program_;
  const int ended_;
  int output_;
  std::atomic<bool> closed_ = false;
  std::mutex mutex_;  // guards what follows
  std::deque<std::string> lines_;
  std::string line_;
  std::thread thread_;
};

Program::Program(const Start& start)
    : name_(start.name), memory_kills_(out_of_memory_kills()), keep_alive_(start.keep_alive) {
  SpawnRequest request;
  request.arguments = {job_program_path(), "exec", std::to_string(::getpid())};
  request.arguments.insert(request.arguments.end(), start.arguments.begin(), start.arguments.end());
  request.environment = merged_environment(start.environment);
  request.group = SpawnRequest::Group::own_group;
  Pipe errors;
  request.standard_error = errors.write.get();
  if (start.pipes) {
    Pipe in, out;
    request.standard_input = in.read.get();
    request.standard_output = out.write.get();
    pid_ = spawn(request);
    input_ = std::move(in.write);
    output_ = std::move(out.read);
  } else {
    request.standard_output = 1;
    pid_ = spawn(request);
  }
  errors.write.reset();
  ended_ = UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  if (!ended_) {
    const int error = errno;
    ::kill(pid_, SIGKILL);
    wait_for(pid_);
    throw system_error(error, "cannot watch " + name_);
  }
  last_words_ = std::make_unique<LastWords>(std::move(errors.read), pid_, ended_.get(), output_.get());
  kill_on_signal(pid_);
}

Program::~Program() {
  try {
    if (!end_) {
      kill();
      wait();
    }
  } catch (const Error&) {  // it is gone, whoever has waited for it
  }
}

bool Program::write(std::string_view content) {
  NoPipeSignal guard;
  while (!content.empty()) {
    const ssize_t written = ::write(input_.get(), content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EPIPE) {
      guard.broken();
      return false;
    }
    if (written < 0) throw system_error(errno, "cannot write to " + name_);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

void Program::close_input() { input_.reset(); }

void Program::kill() {
  if (is_told_to_end()) return;  // it has its time
  // The group has the pid as its number, which is nobody else's before somebody has waited for it.
  if (::kill(-pid_, SIGKILL) != 0) ::syscall(SYS_pidfd_send_signal, ended_.get(), SIGKILL, nullptr, 0);
}

std::optional<ProgramEnd> Program::wait(std::optional<Duration> timeout) {
  if (end_) return end_;
  const Duration until = Clock::system().steady() + timeout.value_or(Duration(0));
  for (;;) {
    pollfd watched = {ended_.get(), POLLIN, 0};
    int longest = -1;
    if (timeout)
      longest = static_cast<int>(std::max<std::int64_t>(
          0, std::chrono::ceil<std::chrono::milliseconds>(until - Clock::system().steady()).count()));
    const int found = ::poll(&watched, 1, longest);
    if (found > 0) break;
    if (found == 0) return std::nullopt;
    if (errno != EINTR) throw system_error(errno, "cannot wait for " + name_);
  }
  if (is_told_to_end()) {  // those that it has left behind are, too, and may have something to say
    last_words_->wait_for_silence();
    end_as_told();
  }
  // What it has left behind in its group. Now, as long as nobody else can have its number.
  ::kill(-pid_, SIGKILL);
  last_words_->stop();
  forget_on_signal(pid_);
  const int status = wait_for(pid_);
  ProgramEnd end;
  if (WIFSIGNALED(status)) {
    end.signal = WTERMSIG(status);
    end.out_of_memory =
        end.signal == SIGKILL && memory_kills_ && out_of_memory_kills().value_or(0) > *memory_kills_;
  } else {
    end.exit_status = WEXITSTATUS(status);
  }
  end_ = end;
  return end_;
}

ProgramError Program::failure(const std::string& what, Duration patience) {
  const auto end = wait(patience);
  std::string message = what.empty() ? name_ : name_ + " " + what;
  if (end) {
    message += what.empty() ? " " : "; it ";
    if (end->out_of_memory)
      message += "was killed by the kernel for want of memory";
    else if (end->signal)
      message += "died of " + signal_text(*end->signal);
    else
      message += "ended with exit status " + std::to_string(*end->exit_status);
  }
  const std::string words = last_words_->text();
  if (!words.empty()) message += "; the last lines of its standard error:\n" + words;
  return {StatusCode::internal, message, end.value_or(ProgramEnd{})};
}

HeldDirectory::HeldDirectory(const std::string& path) : fd_(open_file(path, O_RDONLY | O_DIRECTORY)) {
  if (::flock(fd_.get(), LOCK_SH | LOCK_NB) != 0)
    throw Error(StatusCode::failed_precondition, path + " is locked by another program");
}

std::string HeldDirectory::path_for_others() const { return path_of_descriptor(fd_.get()); }

std::string path_of_descriptor(int fd) {
  return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(fd);
}

std::vector<std::string> environment_entries(const Value* map) {
  std::vector<std::string> entries;
  if (map == nullptr || map->is_null()) return entries;
  for (const auto& [name, value] : map->as_object("environment")) {
    if (name.empty() || name.find('=') != std::string::npos)
      throw invalid_argument(value.where() + "\"" + name + "\" is no name of an environment variable");
    const std::string text = value.is_null() ? "" : value.is_string() ? value.as_string() : to_json(value);
    if ((name + text).find('\0') != std::string::npos)
      throw invalid_argument(value.where() + "the environment variable \"" + name.substr(0, name.find('\0')) +
                             "\" holds a NUL byte");
    entries.push_back(name + "=" + text);
  }
  return entries;
}

int exec_program(const std::vector<std::string>& arguments) {
  const auto parent = parse_integer(arguments.at(0));
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (!parent || ::getppid() != *parent) return 1;  // it died before
  std::vector<char*> words;
  for (std::size_t i = 1; i < arguments.size(); ++i) words.push_back(const_cast<char*>(arguments[i].c_str()));
  words.push_back(nullptr);
  ::execv(words[0], words.data());
  std::fprintf(stderr, "cannot start %s: %s\n", words[0], std::strerror(errno));
  return errno == ENOENT ? 127 : 126;
}

}  // namespace ostler
