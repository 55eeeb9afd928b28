#include "lib/base/temporary_directory.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "lib/base/error.h"
#include "lib/base/strings.h"

namespace ostler {

namespace {

// Names that nobody gives to anything of his own: what has one and is not locked is removed.
constexpr std::string_view kPrefix = ".ostler-temporary-";
constexpr std::size_t kRandom = 6;  // characters that mkdtemp makes

std::string place() {
  const char* given = ::getenv("TMPDIR");
  return given == nullptr || *given == '\0' ? "/tmp" : absolute_path(given);
}

void sweep(const std::string& directory) {
  for (const std::string& name : list_directory(directory)) {
    if (!starts_with(name, kPrefix) || name.size() != kPrefix.size() + kRandom) continue;
    const std::string path = join_path(directory, name);
    const UniqueFd found = try_open_file(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    struct stat status {};
    if (!found || ::fstat(found.get(), &status) != 0 || status.st_uid != ::geteuid()) continue;
    if (::flock(found.get(), LOCK_EX | LOCK_NB) == 0) remove_tree(path);
  }
}

}  // namespace

TemporaryDirectory::TemporaryDirectory() {
  const std::string directory = place();
  try {
    sweep(directory);
  } catch (const Error&) {  // a directory that cannot be listed, or others' leftovers, are no failure of ours
  }
  // Between making and locking it another process may sweep it away.
  for (;;) {
    path_ = join_path(directory, std::string(kPrefix) + std::string(kRandom, 'X'));
    if (::mkdtemp(path_.data()) == nullptr)
      throw system_error(errno, "cannot make a directory in " + directory + " (TMPDIR)");
    lock_ = try_open_file(path_, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (lock_ && ::flock(lock_.get(), LOCK_SH | LOCK_NB) == 0 && file_status(path_)) return;
  }
}

TemporaryDirectory::~TemporaryDirectory() {
  try {
    remove_tree(path_);
  } catch (const Error&) {  // the next one tries again
  }
}

UniqueFd open_temporary_file() {
  std::string path = join_path(place(), ".ostler-file-XXXXXX");
  UniqueFd file(::mkostemp(path.data(), O_CLOEXEC));
  if (!file) throw system_error(errno, "cannot make a file in " + place() + " (TMPDIR)");
  ::unlink(path.c_str());
  return file;
}

}  // namespace ostler
