#include "lib/base/install.h"

#include <unistd.h>

#include <filesystem>

#include "lib/base/files.h"

namespace ostler {

extern const char kInstalledPrefix[];  // installed_prefix.cc

namespace {

struct Layout {
  std::string libexec, lib;
};

const Layout& layout() {
  static const Layout found = [] {
    std::error_code error;
    const std::string program = std::filesystem::read_symlink("/proc/self/exe", error).string();
    const std::string above = parent_path(parent_path(program));
    for (const std::string& prefix : {above, parent_path(above)}) {
      const std::string libexec = join_path(prefix, OSTLER_LIBEXEC);
      if (::access(join_path(libexec, "ostler-job").c_str(), X_OK) == 0)
        return Layout{libexec, join_path(prefix, OSTLER_LIB)};
    }
    return Layout{join_path(kInstalledPrefix, OSTLER_LIBEXEC), join_path(kInstalledPrefix, OSTLER_LIB)};
  }();
  return found;
}

}  // namespace

std::string version() { return OSTLER_VERSION; }
std::string job_program_path() { return join_path(layout().libexec, "ostler-job"); }
std::string modules_directory() { return join_path(layout().lib, "modules"); }
std::string formats_directory() { return join_path(layout().lib, "formats"); }

}  // namespace ostler
