#include "lib/base/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>

#include "lib/base/error.h"
#include "lib/base/file_system.h"
#include "lib/base/strings.h"

namespace ostler {

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = other.release();
  }
  return *this;
}

int UniqueFd::release() {
  const int fd = fd_;
  fd_ = -1;
  return fd;
}

void UniqueFd::reset() {
  if (fd_ >= 0) ::close(release());
}

UniqueFd try_open_file(const std::string& path, int flags, unsigned mode) {
  int fd = -1;
  do fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  while (fd < 0 && errno == EINTR);
  return UniqueFd(fd);
}

UniqueFd open_file(const std::string& path, int flags, unsigned mode) {
  UniqueFd fd = try_open_file(path, flags, mode);
  if (!fd) throw system_error(errno, "cannot open " + path);
  return fd;
}

namespace {

std::string read_all(int fd, const std::string& path, std::uint64_t limit) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) throw system_error(errno, "cannot read " + path);
  if (S_ISDIR(status.st_mode)) throw invalid_argument(path + " is a directory, not a file");
  std::string content;
  // Files below /proc say that they have no size.
  const bool sized = S_ISREG(status.st_mode) && status.st_size > 0;
  content.resize(sized ? static_cast<std::size_t>(status.st_size) + 1 : 4096);
  std::size_t used = 0;
  for (;;) {
    if (used > limit) throw invalid_argument(path + " is larger than " + std::to_string(limit) + " bytes");
    if (used == content.size()) content.resize(content.size() * 2);
    const ssize_t count = ::read(fd, content.data() + used, content.size() - used);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw system_error(errno, "cannot read " + path);
    if (count == 0) break;
    used += static_cast<std::size_t>(count);
  }
  content.resize(used);
  return content;
}

}  // namespace

std::string read_file(const std::string& path, std::uint64_t limit, Links links) {
  auto content = read_file_if_there(path, limit, links);
  if (!content) throw system_error(errno, "cannot open " + path);
  return *std::move(content);
}

std::optional<std::string> read_file_if_there(const std::string& path, std::uint64_t limit, Links links) {
  const UniqueFd fd = try_open_file(path, O_RDONLY | (links == Links::keep ? O_NOFOLLOW : 0));
  if (fd) return read_all(fd.get(), path, limit);
  if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
  if (errno == ELOOP && links == Links::keep)
    throw invalid_argument(path + " is a link, which is not followed");
  throw system_error(errno, "cannot open " + path);
}

const char* to_line_start(int fd) {
  // Opened anew: who appends may not be able to read.
  const UniqueFd file = try_open_file("/proc/self/fd/" + std::to_string(fd), O_RDONLY | O_NONBLOCK);
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_size == 0)
    return "";
  char last = '\n';
  return ::pread(file.get(), &last, 1, status.st_size - 1) == 1 && last != '\n' ? "\n" : "";
}

void write_all(int fd, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t count = ::write(fd, content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw system_error(errno, "cannot write " + path);
    content.remove_prefix(static_cast<std::size_t>(count));
  }
}

void write_file(const std::string& path, std::string_view content, Sync sync, unsigned mode) {
  const UniqueFd fd = open_file(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode);
  write_all(fd.get(), content, path);
  if (sync == Sync::yes && ::fsync(fd.get()) != 0)
    throw system_error(errno, "cannot write " + path + " to disk");
}

void fsync_directory(const std::string& path) {
  const UniqueFd fd = open_file(path, O_RDONLY | O_DIRECTORY);
  if (::fsync(fd.get()) != 0) throw system_error(errno, "cannot write the directory " + path + " to disk");
}

void fsync_tree(const std::string& path) {
  const auto status = file_status(path, Links::keep);
  if (!status || status->type == FileStatus::Type::link || status->type == FileStatus::Type::other) return;
  if (status->type == FileStatus::Type::directory)
    for (const std::string& name : list_directory(path)) fsync_tree(join_path(path, name));
  const UniqueFd fd = open_file(path, O_RDONLY);
  if (::fsync(fd.get()) != 0) throw system_error(errno, "cannot write " + path + " to disk");
}

std::optional<FileStatus> file_status(const std::string& path, Links links) {
  struct stat status {};
  const int result = links == Links::follow ? ::stat(path.c_str(), &status) : ::lstat(path.c_str(), &status);
  if (result != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    throw system_error(errno, "cannot look at " + path);
  }
  const FileStatus::Type type = S_ISREG(status.st_mode)   ? FileStatus::Type::file
                                : S_ISDIR(status.st_mode) ? FileStatus::Type::directory
                                : S_ISLNK(status.st_mode) ? FileStatus::Type::link
                                                          : FileStatus::Type::other;
  return FileStatus{type, static_cast<std::uint64_t>(status.st_size),
                    status.st_mtim.tv_sec * 1'000'000'000LL + status.st_mtim.tv_nsec, status.st_ino,
                    status.st_dev};
}

bool is_directory(const std::string& path, Links links) {
  const auto status = file_status(path, links);
  return status && status->type == FileStatus::Type::directory;
}

std::vector<std::string> list_directory(const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), ::closedir);
  if (!directory) throw system_error(errno, "cannot list " + path);
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(directory.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) throw system_error(errno, "cannot list " + path);
  std::sort(names.begin(), names.end());
  return names;
}

namespace {

void list_tree_into(const std::string& top, const std::string& below, std::vector<std::string>& names) {
  for (const std::string& name : list_directory(join_path(top, below))) {
    const std::string relative = below.empty() ? name : join_path(below, name);
    const auto status = file_status(join_path(top, relative), Links::keep);
    if (!status) continue;
    if (status->type == FileStatus::Type::directory) {
      list_tree_into(top, relative, names);
    } else {
      names.push_back(relative);
    }
  }
}

}  // namespace

std::vector<std::string> list_tree(const std::string& path) {
  std::vector<std::string> names;
  list_tree_into(path, "", names);
  std::sort(names.begin(), names.end());
  return names;
}

void make_directories(const std::string& path, unsigned mode) {
  if (path.empty() || ::mkdir(path.c_str(), mode) == 0) return;
  if (errno == ENOENT) {
    make_directories(parent_path(path), mode);
    if (::mkdir(path.c_str(), mode) == 0) return;
  }
  if (errno != EEXIST || !is_directory(path))
    throw system_error(errno == EEXIST ? ENOTDIR : errno, "cannot make the directory " + path);
}

void remove_tree(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error && error != std::errc::no_such_file_or_directory)
    throw system_error(error.value(), "cannot remove " + path);
}

void remove_file_if_there(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT && errno != ENOTDIR)
    throw system_error(errno, "cannot remove " + path);
}

void rename_path(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0)
    throw system_error(errno, "cannot rename " + from + " to " + to);
}

namespace {

void copy_file(const std::string& from, const std::string& to, unsigned mode) {
  const UniqueFd source = open_file(from, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  const UniqueFd copy = open_file(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  std::string block(1 << 20, '\0');
  for (;;) {
    const ssize_t count = ::read(source.get(), block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw system_error(errno, "cannot read " + from);
    if (count == 0) break;
    write_all(copy.get(), std::string_view(block.data(), static_cast<std::size_t>(count)), to);
  }
  if (::fchmod(copy.get(), mode) != 0 || ::fsync(copy.get()) != 0)
    throw system_error(errno, "cannot write " + to + " to disk");
}

// Every file and directory is on disk when it returns, the entry of `to` itself aside.
void copy_directory(const std::string& from, const std::string& to) {
  struct stat status {};
  if (::lstat(from.c_str(), &status) != 0) throw system_error(errno, "cannot look at " + from);
  if (::mkdir(to.c_str(), 0700) != 0) throw system_error(errno, "cannot make the directory " + to);
  for (const std::string& name : list_directory(from)) {
    const std::string source = join_path(from, name), copy = join_path(to, name);
    struct stat entry {};
    if (::lstat(source.c_str(), &entry) != 0) throw system_error(errno, "cannot look at " + source);
    if (S_ISDIR(entry.st_mode)) {
      copy_directory(source, copy);
    } else if (S_ISREG(entry.st_mode)) {
      copy_file(source, copy, entry.st_mode & 07777);
    } else if (S_ISLNK(entry.st_mode)) {
      std::error_code error;
      std::filesystem::copy_symlink(source, copy, error);
      if (error) throw system_error(error.value(), "cannot copy the link " + source);
    } else {
      throw invalid_argument("cannot copy " + source + ": it is no regular file");
    }
  }
  fsync_directory(to);
  if (::chmod(to.c_str(), status.st_mode & 07777) != 0) throw system_error(errno, "cannot write " + to);
}

}  // namespace

void move_directory(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) {
    if (errno != EXDEV) throw system_error(errno, "cannot move " + from + " to " + to);
    const std::string copy = join_path(parent_path(to), "." + file_name(to) + ".moving");
    remove_tree(copy);
    try {
      copy_directory(from, copy);
      rename_path(copy, to);
    } catch (const Error&) {
      remove_tree(copy);
      throw;
    }
    fsync_directory(parent_path(to));
    std::error_code ignored;
    std::filesystem::remove_all(from, ignored);
    return;
  }
  fsync_directory(parent_path(to));
  fsync_directory(parent_path(from));
}

bool is_same_file(const std::string& left, const std::string& right) {
  const auto one = file_status(left), other = file_status(right);
  return one && other && one->inode == other->inode && one->device == other->device;
}

std::string behind_links(const std::string& path) {
  std::string at = path;
  for (int i = 0; i < 40; ++i) {
    const auto status = file_status(at, Links::keep);
    if (!status || status->type != FileStatus::Type::link) return at;
    std::error_code error;
    const std::string target = std::filesystem::read_symlink(at, error).string();
    if (error) throw system_error(error.value(), "cannot follow the link " + at);
    at = absolute_path(target, parent_path(absolute_path(at)));
  }
  throw system_error(ELOOP, "cannot follow the link " + path);
}

std::string working_directory() {
  std::error_code error;
  std::string path = std::filesystem::current_path(error).string();
  if (error) throw system_error(error.value(), "cannot tell the working directory");
  return path;
}

std::string absolute_path(std::string_view path, const std::string& base) {
  std::string full(path);
  if (!starts_with(path, "/")) full = join_path(base.empty() ? working_directory() : base, path);
  std::string folded = std::filesystem::path(full).lexically_normal().string();
  while (folded.size() > 1 && folded.back() == '/') folded.pop_back();
  return folded;
}

std::string parent_path(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string file_name(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

std::string join_path(std::string_view directory, std::string_view name) {
  std::string path(directory);
  if (!path.empty() && path.back() != '/' && !name.empty()) path += '/';
  return path.append(name);
}

std::optional<std::string> network_file_system(const std::string& path) {
  struct statfs status {};
  if (::statfs(path.c_str(), &status) != 0) return std::nullopt;
  // Not in linux/magic.h of every release: cifs, smb2, lustre, gpfs.
  switch (static_cast<unsigned long>(status.f_type) & 0xFFFFFFFFUL) {
    case NFS_SUPER_MAGIC:
      return "nfs";
    case SMB_SUPER_MAGIC:
      return "smb";
    case 0xFF534D42UL:
      return "cifs";
    case 0xFE534D42UL:
      return "smb2";
    case AFS_SUPER_MAGIC:
      return "afs";
    case CODA_SUPER_MAGIC:
      return "coda";
    case 0x0BD00BD0UL:
      return "lustre";
    case 0x47504653UL:
      return "gpfs";
    case 0x00C36400UL:
      return "ceph";
    case V9FS_MAGIC:
      return "9p";
    case FUSE_SUPER_MAGIC: {
      // Programs of all kinds; these are the known ones that bring a network's files.
      const std::string type = file_system_type(path);
      for (const char* name :
           {"sshfs", "glusterfs", "ceph-fuse", "s3fs", "gcsfuse", "rclone", "juicefs", "mfs"})
        if (type == std::string("fuse.") + name) return name;
      return std::nullopt;
    }
    default:
      return std::nullopt;
  }
}

}  // namespace ostler
