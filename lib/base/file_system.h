#pragma once

#include <string>

namespace ostler {

// The kernel's name of the file system that holds `path`, "ext4"; "" where it tells none.
std::string file_system_type(const std::string& path);

}  // namespace ostler
