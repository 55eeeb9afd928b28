#include "lib/base/process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>

#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/base/strings.h"

extern char** environ;

namespace ostler {

namespace {

// The file in which the kernel counts what it did to this process's control group for memory, where there is
// such a group in sight: of version 1 when that has the memory, as on a system with both.
std::string memory_group_file() {
  std::string file;
  for (const std::string& line : split(read_file_if_there("/proc/self/cgroup").value_or(""), '\n')) {
    // 4:memory:/group, and 0::/group of version 2.
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::vector<std::string> controllers = split(line.substr(first + 1, second - first - 1), ',');
    const std::string group = line.substr(second + 1);
    if (std::find(controllers.begin(), controllers.end(), "memory") != controllers.end())
      return "/sys/fs/cgroup/memory" + group + "/memory.oom_control";
    if (starts_with(line, "0::")) file = "/sys/fs/cgroup" + group + "/memory.events";
  }
  return file;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (const std::string& text : texts) list.push_back(const_cast<char*>(text.c_str()));
  list.push_back(nullptr);
  return list;
}

// posix_spawn's two settings objects, destroyed whatever happens.
struct SpawnSettings {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  SpawnSettings() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  void place(int fd, int target, int flags) {
    if (fd < 0) {
      posix_spawn_file_actions_addopen(&actions, target, "/dev/null", flags, 0);
    } else {
      posix_spawn_file_actions_adddup2(&actions, fd, target);
    }
  }
};

std::vector<pid_t> all_pids() {
  std::vector<pid_t> pids;
  for (const std::string& name : list_directory("/proc"))
    if (const auto pid = parse_integer(name)) pids.push_back(static_cast<pid_t>(*pid));
  return pids;
}

// Fields of /proc/PID/stat after the command's name, which may hold blanks and brackets: state, parent.
struct StatLine {
  char state;
  pid_t parent;
};
std::optional<StatLine> read_stat(pid_t pid) {
  const UniqueFd fd = try_open_file("/proc/" + std::to_string(pid) + "/stat", O_RDONLY);
  if (!fd) return std::nullopt;
  char text[1024];
  const ssize_t count = ::read(fd.get(), text, sizeof text);
  if (count <= 0) return std::nullopt;
  const std::string_view line(text, static_cast<std::size_t>(count));
  const std::size_t bracket = line.rfind(')');
  if (bracket == std::string_view::npos || bracket + 4 >= line.size()) return std::nullopt;
  const std::string_view rest = line.substr(bracket + 4);
  const auto parent = parse_integer(rest.substr(0, rest.find(' ')));
  return StatLine{line[bracket + 2], static_cast<pid_t>(parent.value_or(0))};
}

}  // namespace

pid_t spawn(const SpawnRequest& request) {
  SpawnSettings settings;
  short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
  if (request.group == SpawnRequest::Group::own_group) flags |= POSIX_SPAWN_SETPGROUP;
  if (request.group == SpawnRequest::Group::own_session) flags |= POSIX_SPAWN_SETSID;
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  sigdelset(&all, SIGKILL);
  sigdelset(&all, SIGSTOP);
  posix_spawnattr_setflags(&settings.attributes, flags);
  posix_spawnattr_setsigmask(&settings.attributes, &none);
  posix_spawnattr_setsigdefault(&settings.attributes, &all);
  settings.place(request.standard_input, 0, O_RDONLY);
  settings.place(request.standard_output, 1, O_WRONLY);
  settings.place(request.standard_error, 2, O_WRONLY);
  posix_spawn_file_actions_addclosefrom_np(&settings.actions, 3);
  if (!request.working_directory.empty())
    posix_spawn_file_actions_addchdir_np(&settings.actions, request.working_directory.c_str());

  const std::vector<char*> arguments = pointers(request.arguments);
  // Pointers into the request itself: those into a copy would outlive it.
  const std::vector<char*> environment =
      request.environment ? pointers(*request.environment) : std::vector<char*>();
  pid_t pid = 0;
  const int error =
      ::posix_spawn(&pid, request.arguments.at(0).c_str(), &settings.actions, &settings.attributes,
                    arguments.data(), request.environment ? environment.data() : environ);
  if (error != 0) throw system_error(error, "cannot start " + request.arguments[0]);
  return pid;
}

void leave_parent() {
  const pid_t child = ::fork();
  if (child < 0) throw system_error(errno, "cannot start a process");
  if (child > 0) ::_exit(0);
  ::setsid();
}

int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) throw system_error(errno, "cannot wait for process " + std::to_string(pid));
  return status;
}

std::vector<pid_t> descendants(pid_t ancestor) {
  std::multimap<pid_t, pid_t> children;
  for (pid_t pid : all_pids())
    if (const auto stat = read_stat(pid)) children.emplace(stat->parent, pid);
  std::vector<pid_t> found, queue = {ancestor};
  while (!queue.empty()) {
    const auto [first, last] = children.equal_range(queue.back());
    queue.pop_back();
    for (auto child = first; child != last; ++child) {
      found.push_back(child->second);
      queue.push_back(child->second);
    }
  }
  return found;
}

std::vector<pid_t> processes_with_environment(const std::string& entry) {
  std::vector<pid_t> found;
  for (pid_t pid : all_pids()) {
    if (pid == ::getpid()) continue;
    const auto status = file_status("/proc/" + std::to_string(pid));
    if (!status) continue;
    std::optional<std::string> environment;
    try {
      environment = read_file_if_there("/proc/" + std::to_string(pid) + "/environ");
    } catch (const Error&) {
      continue;  // another user's, or it has just ended
    }
    if (!environment) continue;
    const std::string wanted = entry + '\0';
    const bool first = starts_with(*environment, wanted);
    if (first || environment->find('\0' + wanted) != std::string::npos) found.push_back(pid);
  }
  return found;
}

bool is_running(pid_t pid) {
  const auto stat = read_stat(pid);
  return stat && stat->state != 'Z' && stat->state != 'X';
}

std::optional<long long> out_of_memory_kills() {
  for (const std::string& path : {memory_group_file(), std::string("/proc/vmstat")}) {
    const auto text = path.empty() ? std::nullopt : read_file_if_there(path);
    for (const std::string& line : split(text.value_or(""), '\n'))
      if (starts_with(line, "oom_kill ")) return parse_integer(std::string_view(line).substr(9));
  }
  return std::nullopt;
}

std::string signal_text(int signal) {
  const char* name = ::sigabbrev_np(signal);
  std::string text = "signal " + std::to_string(signal);
  if (name != nullptr) text += std::string(" (SIG") + name + ")";
  return text;
}

}  // namespace ostler
