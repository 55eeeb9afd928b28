#include "commands/interrupt.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

namespace ostler {

namespace {

volatile sig_atomic_t g_count = 0;
struct sigaction g_before_int, g_before_term;

volatile sig_atomic_t g_terminated = 0;

void on_signal(int signal) {
  g_count = g_count + 1;
  if (signal == SIGTERM) g_terminated = 1;
}

}  // namespace

InterruptGuard::InterruptGuard() {
  g_count = 0;
  g_terminated = 0;
  struct sigaction action {};
  action.sa_handler = on_signal;  // no SA_RESTART: a poll must come back
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGINT, &action, &g_before_int);
  ::sigaction(SIGTERM, &action, &g_before_term);
}

InterruptGuard::~InterruptGuard() {
  ::sigaction(SIGINT, &g_before_int, nullptr);
  ::sigaction(SIGTERM, &g_before_term, nullptr);
}

int InterruptGuard::count() const { return g_count; }
bool InterruptGuard::terminated() const { return g_terminated != 0; }

bool InterruptGuard::can_come_again() { return ::isatty(0) == 1; }

bool InterruptGuard::second_within(Duration time) const {
  if (!can_come_again()) return false;
  const Duration end = Clock::system().steady() + time;
  for (;;) {
    if (g_terminated != 0) return false;
    if (g_count > 1) return true;
    const Duration left = end - Clock::system().steady();
    if (left <= Duration(0)) return false;
    ::poll(nullptr, 0, static_cast<int>(left.count() / 1000) + 1);
  }
}

}  // namespace ostler
