#include "lib/base/user.h"

#include <pwd.h>
#include <unistd.h>

#include "lib/base/config.h"

namespace ostler {

std::string user_home(const std::vector<std::string>& environment) {
  if (const auto home = environment_value(environment, "HOME"); home && !home->empty()) return *home;
  const passwd* user = ::getpwuid(::getuid());
  return user != nullptr ? user->pw_dir : "";
}

std::string home_behind_sudo(const std::vector<std::string>& environment) {
  const auto name = environment_value(environment, "SUDO_USER");
  if (!name || name->empty()) return {};
  const passwd* user = ::getpwnam(name->c_str());
  return user != nullptr && user->pw_uid != ::geteuid() ? user->pw_dir : "";
}

}  // namespace ostler
