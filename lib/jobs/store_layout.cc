#include "lib/jobs/store_layout.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>

#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/base/strings.h"

namespace ostler {

std::string job_directory_path(const std::string& home, const std::string& uuid) {
  return join_path(join_path(home, "jobs"), uuid);
}

std::string staging_directory_path(const std::string& home, const std::string& uuid) {
  return join_path(join_path(home, "staging"), uuid);
}

void check_layout(const std::string& home) {
  for (const char* name : {"jobs", "staging", "trash"}) {
    const std::string path = join_path(home, name);
    const auto status = file_status(path, Links::keep);
    if (!status || status->type == FileStatus::Type::directory) continue;
    const char* what = status->type == FileStatus::Type::link ? " is a link" : " is no directory";
    throw Error(StatusCode::failed_precondition,
                path + what + ", and nothing is written there; put the store's own directory back, or name " +
                    "another store with --home");
  }
}

bool has_job_directories(const std::string& home) {
  const std::unique_ptr<DIR, int (*)(DIR*)> jobs(::opendir(join_path(home, "jobs").c_str()), ::closedir);
  if (!jobs) return false;
  while (const dirent* entry = ::readdir(jobs.get()))
    if (is_uuid(entry->d_name)) return true;
  return false;
}

bool ensure_job_directory(const std::string& home, const std::string& uuid) {
  const std::string directory = job_directory_path(home, uuid);
  if (is_directory(directory, Links::keep)) return true;
  // Several readers may try: the directory is there whoever wins.
  ::rename(staging_directory_path(home, uuid).c_str(), directory.c_str());
  return is_directory(directory, Links::keep);
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
