#include "lib/jobs/outcome_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "lib/base/error.h"
#include "lib/jobs/test_point.h"

namespace ostler {

namespace {

constexpr off_t kReserved = 64 << 10;

// As link(2), also where the file system has no hard links.
bool link_into_place(const std::string& from, const std::string& to) {
  if (::link(from.c_str(), to.c_str()) == 0) return true;
  if (errno == EPERM || errno == EOPNOTSUPP || errno == EMLINK)
    if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno == EEXIST) return false;
  throw system_error(errno, "cannot write " + to);
}

// Never the file that is there: it may be outcome.json itself, by the name that a killed writer left.
UniqueFd open_anew(const std::string& path) {
  ::unlink(path.c_str());
  return open_file(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
}

}  // namespace

OutcomeWriter::OutcomeWriter(const JobPaths& paths)
    : paths_(paths), temporary_(paths.outcome + ".new"), fd_(open_anew(temporary_)) {
  // Where the file system cannot reserve (EOPNOTSUPP), the end is written as well as can be.
  if (::fallocate(fd_.get(), FALLOC_FL_KEEP_SIZE, 0, kReserved) != 0 && errno == ENOSPC)
    throw system_error(errno, "cannot write " + temporary_);
}

OutcomeWriter::~OutcomeWriter() { ::unlink(temporary_.c_str()); }

bool OutcomeWriter::write(const Outcome& outcome) {
  const std::string text = to_json(to_value(outcome), true) + "\n";
  write_all(fd_.get(), text, temporary_);
  // Gives back what was reserved and not needed.
  if (::ftruncate(fd_.get(), static_cast<off_t>(text.size())) != 0 || ::fsync(fd_.get()) != 0)
    throw system_error(errno, "cannot write " + temporary_ + " to disk");
  test_point("outcome:written");
  const bool first = link_into_place(temporary_, paths_.outcome);
  test_point("outcome:linked");
  ::unlink(temporary_.c_str());
  fsync_directory(paths_.directory);
  test_point("outcome:synced");
  return first;
}

void remove_unfinished_outcome(const JobPaths& paths) { ::unlink((paths.outcome + ".new").c_str()); }

void wipe_private_files(const JobPaths& paths) {
  const UniqueFd fd = try_open_file(paths.environment, O_WRONLY | O_NOFOLLOW);
  struct stat status {};
  if (fd && ::fstat(fd.get(), &status) == 0) {
    try {
      write_all(fd.get(), std::string(static_cast<std::size_t>(status.st_size), '\0'), paths.environment);
      ::fdatasync(fd.get());  // else the removal would come first, and the text stay in a freed block
    } catch (const Error&) {
    }
  }
  ::unlink(paths.environment.c_str());
  ::unlink(paths.input.c_str());
}

}  // namespace ostler
