#include "lib/jobs/store_layout.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/files.h"

namespace ostler {

std::string job_directory_path(const std::string& home, const std::string& uuid) {
  return join_path(join_path(home, "jobs"), uuid);
}

std::string staging_directory_path(const std::string& home, const std::string& uuid) {
  return join_path(join_path(home, "staging"), uuid);
}

bool ensure_job_directory(const std::string& home, const std::string& uuid) {
  const std::string directory = job_directory_path(home, uuid);
  if (::access(directory.c_str(), F_OK) == 0) return true;
  // Several readers may try: the directory is there whoever wins.
  ::rename(staging_directory_path(home, uuid).c_str(), directory.c_str());
  return ::access(directory.c_str(), F_OK) == 0;
}

bool owns_store(const std::string& home) {
  struct stat status {};
  return ::stat(home.c_str(), &status) == 0 && status.st_uid == ::geteuid();
}

std::string host_name() {
  char name[256] = "";
  ::gethostname(name, sizeof name - 1);
  return name;
}

}  // namespace ostler
