// Loaded before the others: a file system that cannot exchange two directories, as NFS and older ones.

#include <dlfcn.h>
#include <stdio.h>

#include <cerrno>

extern "C" int renameat2(int from_directory, const char* from, int to_directory, const char* to,
                         unsigned flags) noexcept {
  if ((flags & RENAME_EXCHANGE) != 0) {
    errno = EINVAL;
    return -1;
  }
  using Function = int (*)(int, const char*, int, const char*, unsigned);
  static const auto next = reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "renameat2"));
  return next(from_directory, from, to_directory, to, flags);
}
