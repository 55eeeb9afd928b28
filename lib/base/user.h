#pragma once

// Who runs this.

#include <string>
#include <vector>

namespace ostler {

// The user's home: HOME of the environment, where that is unset or empty what the password file says; empty
// when neither tells.
std::string user_home(const std::vector<std::string>& environment);

// The home of the user who came here by sudo; empty when nobody did, or it cannot be told.
std::string home_behind_sudo(const std::vector<std::string>& environment);

}  // namespace ostler
