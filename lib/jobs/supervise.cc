#include "lib/jobs/supervise.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "lib/base/error.h"
#include "lib/jobs/local_executor.h"
#include "lib/jobs/process_tree.h"

namespace ostler {

namespace {

using std::chrono::milliseconds;

constexpr Duration kTick = milliseconds(1000);
// What is left when the work has ended by itself may be about to go (a pipe's reader, Python's resource
// tracker).
constexpr Duration kLinger = milliseconds(100);
constexpr Duration kLeftoverGrace = milliseconds(2000);

sigset_t supervised_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGCHLD, kWakeSignal, SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
  return set;
}

UniqueFd watch_signals() {
  const sigset_t set = supervised_signals();
  UniqueFd signals(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals) throw system_error(errno, "cannot watch for signals");
  return signals;
}

// Until a signal comes or `longest` is over. True when one of the signals told this process to end.
bool wait_for_signals(const UniqueFd& signals, Duration longest) {
  pollfd waited = {signals.get(), POLLIN, 0};
  const auto pause = std::chrono::ceil<milliseconds>(std::max(longest, Duration(0)));
  ::poll(&waited, 1, static_cast<int>(pause.count()));
  bool told_to_end = false;
  signalfd_siginfo info;
  while (::read(signals.get(), &info, sizeof info) == sizeof info)
    told_to_end |= info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT;
  return told_to_end;
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

class Supervision {
 public:
  Supervision(const WorkOrder& order, JobLog& log) : order_(order), log_(log), signals_(watch_signals()) {}

  WorkEnd run() {
    find_other_runners();
    const auto kills_before = out_of_memory_kills();
    work_ = spawn(order_.process);
    if (order_.on_spawned) order_.on_spawned();
    while (step()) wait_for_signal();
    const bool killed = WIFSIGNALED(end_.wait_status) && WTERMSIG(end_.wait_status) == SIGKILL;
    end_.out_of_memory =
        killed && !end_.killed_by_us && kills_before && out_of_memory_kills().value_or(0) > *kills_before;
    log_.cap();
    return end_;
  }

 private:
  enum class Phase { working, lingering, terminating, killing };

  // Looks, acts, and tells whether there is anything left to wait for.
  bool step() {
    reap();
    const Duration now = Clock::system().steady();
    if (phase_ == Phase::working) {
      if (now >= next_tick_) {
        next_tick_ = now + kTick;
        log_.cap();
      }
      if (ended_)
        enter(Phase::lingering, now + kLinger);
      else if (told_to_end_)
        terminate(now, std::min(order_.grace, Duration(milliseconds(5000))));
      else if (exists(order_.cancel_path)) {
        end_.canceled = true;
        terminate(now, order_.grace);
      } else if (order_.deadline && now >= *order_.deadline) {
        end_.time_limit = true;
        terminate(now, order_.grace);
      }
      if (phase_ == Phase::working) return true;
    }
    // Orphans of the tree become this process's children (it is a subreaper), so without one there is no
    // tree.
    if (ended_ && childless_) return false;
    const std::vector<pid_t> tree = process_tree(::getpid());
    if (ended_ && tree.empty()) return false;
    if (phase_ == Phase::lingering && now >= deadline_) {
      log_.say(std::to_string(tree.size()) + " process(es) that the work had left behind were ended");
      terminate(now, std::min(order_.grace, kLeftoverGrace));
    } else if (phase_ == Phase::terminating && now >= deadline_) {
      enter(Phase::killing, {});
    }
    if (phase_ == Phase::killing) {
      if (!ended_) end_.killed_by_us = true;
      send(tree, SIGKILL);
    }
    return true;
  }

  void enter(Phase phase, Duration deadline) {
    phase_ = phase;
    deadline_ = deadline;
    pause_ = milliseconds(2);
  }

  void terminate(Duration now, Duration grace) {
    end_.told_to_end = told_to_end_ && !end_.canceled && !ended_;
    enter(Phase::terminating, now + grace);
    send(process_tree(::getpid()), SIGTERM);
  }

  static void send(const std::vector<pid_t>& tree, int signal) {
    for (const pid_t pid : tree) ::kill(pid, signal);
  }

  // Runners that this one launched, and what is below them: as a subreaper it is their parent, and before the
  // work begins it has no other children. What their jobs use is not this job's.
  void find_other_runners() {
    reap();
    if (!childless_)
      for (const pid_t pid : descendants(::getpid())) others_.insert(pid);
    end_ = {};
  }

  void reap() {
    for (;;) {
      int status = 0;
      rusage usage{};
      const pid_t pid = ::wait4(-1, &status, WNOHANG, &usage);
      childless_ = pid < 0 && errno == ECHILD;
      if (pid <= 0) return;
      if (others_.erase(pid) > 0) continue;
      const auto in_seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
      };
      end_.cpu_seconds += in_seconds(usage.ru_utime) + in_seconds(usage.ru_stime);
      end_.max_rss_bytes = std::max<std::int64_t>(end_.max_rss_bytes, std::int64_t{usage.ru_maxrss} * 1024);
      if (pid != work_) continue;
      end_.wait_status = status;
      ended_ = true;
    }
  }

  void wait_for_signal() {
    Duration longest = kTick;
    if (phase_ == Phase::working) {
      if (order_.deadline) longest = std::min(longest, *order_.deadline - Clock::system().steady());
    } else {
      // What dies further down the tree sends no signal here.
      longest = pause_;
      pause_ =
          std::min<Duration>(pause_ * 2, phase_ == Phase::killing ? milliseconds(1000) : milliseconds(50));
    }
    told_to_end_ |= wait_for_signals(signals_, longest);
  }

  const WorkOrder& order_;
  JobLog& log_;
  UniqueFd signals_;
  WorkEnd end_;
  pid_t work_ = 0;
  std::set<pid_t> others_;
  Phase phase_ = Phase::working;
  Duration deadline_{}, next_tick_{}, pause_ = milliseconds(2);
  bool ended_ = false, told_to_end_ = false, childless_ = false;
};

}  // namespace

void prepare_to_supervise() {
  const sigset_t set = supervised_signals();
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

WorkEnd supervise(const WorkOrder& order, JobLog& log) { return Supervision(order, log).run(); }

PauseEnd supervised_pause(const std::string& cancel_path, Duration end) {
  const UniqueFd signals = watch_signals();
  for (;;) {
    if (exists(cancel_path)) return PauseEnd::canceled;
    const Duration left = end - Clock::system().steady();
    if (left <= Duration(0)) return PauseEnd::over;
    if (wait_for_signals(signals, std::min(left, kTick))) return PauseEnd::told_to_end;
  }
}

}  // namespace ostler
