#include "lib/base/file_system.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "lib/base/files.h"
#include "lib/base/strings.h"

namespace ostler {

std::string file_system_type(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return {};
  const std::string device =
      " " + std::to_string(major(status.st_dev)) + ":" + std::to_string(minor(status.st_dev)) + " ";
  // A line: ID PARENT DEVICE ROOT PLACE OPTIONS ... - TYPE SOURCE OPTIONS
  for (const std::string& line : split(read_file_if_there("/proc/self/mountinfo").value_or(""), '\n')) {
    const std::size_t type = line.find(" - ");
    if (line.find(device) == std::string::npos || type == std::string::npos) continue;
    return line.substr(type + 3, line.find(' ', type + 3) - type - 3);
  }
  return {};
}

}  // namespace ostler
