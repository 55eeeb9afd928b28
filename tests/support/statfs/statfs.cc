// Loaded before the others: every file system is of the kind that TEST_STATFS_MAGIC says.

#include <dlfcn.h>
#include <sys/statfs.h>

#include <cstdlib>

extern "C" int statfs(const char* path, struct statfs* status) {
  using Function = int (*)(const char*, struct statfs*);
  static const auto next = reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "statfs"));
  const int result = next(path, status);
  if (const char* magic = std::getenv("TEST_STATFS_MAGIC"); result == 0 && magic != nullptr)
    status->f_type = std::strtol(magic, nullptr, 10);
  return result;
}
