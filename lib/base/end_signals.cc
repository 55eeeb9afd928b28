#include "lib/base/end_signals.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <string_view>
#include <utility>

namespace ostler {

namespace {

std::atomic<pid_t> g_groups[64];
std::atomic<const char*> g_files[8];
std::atomic<bool> g_erase = false, g_told_to_end = false;
static_assert(std::atomic<pid_t>::is_always_lock_free && std::atomic<const char*>::is_always_lock_free &&
              std::atomic<bool>::is_always_lock_free);

// Puts `to` where `from` is; nothing where it is nowhere.
template <typename T, std::size_t size>
void replace(std::atomic<T> (&table)[size], T from, T to) {
  for (std::atomic<T>& place : table)
    if (T found = from; place.compare_exchange_strong(found, to)) return;
}

void on_end_signal(int signal) {
  for (const std::atomic<pid_t>& group : g_groups)
    if (const pid_t number = group; number > 0) ::kill(-number, SIGKILL);
  for (const std::atomic<const char*>& file : g_files)
    if (const char* path = file; path != nullptr) ::unlink(path);
  constexpr std::string_view kErase = "\r\x1b[K\x1b[J";
  if (g_erase && ::write(2, kErase.data(), kErase.size()) < 0) ::_exit(128 + signal);
  ::_exit(128 + signal);
}

void on_told_to_end(int signal) {
  for (const std::atomic<pid_t>& group : g_groups)
    if (group > 0) {
      g_told_to_end = true;
      return;
    }
  ::signal(signal, SIG_DFL);
  ::raise(signal);  // heeded when this returns
}

}  // namespace

void let_groups_end_first() {
  struct sigaction action {};
  action.sa_handler = on_told_to_end;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGTERM, &action, nullptr);
}

bool is_told_to_end() { return g_told_to_end; }

void end_as_told() {
  ::signal(SIGTERM, SIG_DFL);
  ::raise(SIGTERM);
  ::_exit(128 + SIGTERM);  // where it is blocked
}

void end_cleanly_on_signals() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction action {};
    if (::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN) continue;
    action = {};
    action.sa_handler = on_end_signal;
    ::sigaction(signal, &action, nullptr);
  }
}

UnlinkedOnSignal::UnlinkedOnSignal(std::string path) : path_(std::move(path)) {
  replace<const char*>(g_files, nullptr, path_.c_str());
}
UnlinkedOnSignal::~UnlinkedOnSignal() { replace<const char*>(g_files, path_.c_str(), nullptr); }

void kill_on_signal(pid_t group) { replace<pid_t>(g_groups, 0, group); }
void forget_on_signal(pid_t group) { replace<pid_t>(g_groups, group, 0); }

void erase_on_signal(bool erase) { g_erase = erase; }

}  // namespace ostler
