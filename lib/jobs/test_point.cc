#include "lib/jobs/test_point.h"

#include <signal.h>

#include <cstdlib>
#include <cstring>

namespace ostler {

void test_point(const char* name) {
  static const char* const die_at = std::getenv("OSTLER_TEST_DIE_AT");
  static const char* stop_at = std::getenv("OSTLER_TEST_STOP_AT");
  if (die_at != nullptr && std::strcmp(die_at, name) == 0) ::raise(SIGKILL);
  if (stop_at != nullptr && std::strcmp(stop_at, name) == 0) {
    stop_at = nullptr;
    ::raise(SIGSTOP);
  }
}

}  // namespace ostler
