#pragma once

// Files and directories. All descriptors are close-on-exec. Failures are Errors (system_error) that name the
// path.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ostler {

// Owns a descriptor; -1 is none. Movable, not copyable.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept;
  ~UniqueFd() { reset(); }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release();
  void reset();

 private:
  int fd_ = -1;
};

// open(2) with O_CLOEXEC added; retried after EINTR. The second form gives no Error but an empty UniqueFd and
// errno.
UniqueFd open_file(const std::string& path, int flags, unsigned mode = 0600);
UniqueFd try_open_file(const std::string& path, int flags, unsigned mode = 0600);

enum class Links { follow, keep };

// The whole file. A directory, more than `limit` bytes, or a link where links are kept, is an Error
// (invalid_argument). read_file_if_there: nothing when it is absent.
std::string read_file(const std::string& path, std::uint64_t limit = 64 << 20, Links links = Links::follow);
std::optional<std::string> read_file_if_there(const std::string& path, std::uint64_t limit = 64 << 20,
                                              Links links = Links::follow);
// Writes all of it, whatever write(2) makes of it.
void write_all(int fd, std::string_view content, const std::string& path_for_messages);
// What a log that others write to, too, needs before a line of its own: "\n" where the file behind `fd` ends
// within a line, else "". Nothing is wrong where it cannot be read.
const char* to_line_start(int fd);

enum class Sync { no, yes };
// Creates or truncates. With Sync::yes the content is on disk on return (the directory entry is not:
// fsync_directory).
void write_file(const std::string& path, std::string_view content, Sync sync, unsigned mode = 0600);
void fsync_directory(const std::string& path);
// fsync of every file and directory of a tree.
void fsync_tree(const std::string& path);

struct FileStatus {
  enum class Type { file, directory, link, other } type;
  std::uint64_t size;
  std::int64_t modified_ns;  // since the epoch
  std::uint64_t inode;
  std::uint64_t device;
};
// Nothing when there is no such path; other failures throw.
std::optional<FileStatus> file_status(const std::string& path, Links links = Links::follow);
bool is_directory(const std::string& path, Links links = Links::follow);

// Names in a directory, sorted, without "." and "..". An absent directory is an Error.
std::vector<std::string> list_directory(const std::string& path);
// Regular files below `path`, as relative paths, sorted. Links are not followed; they are listed.
std::vector<std::string> list_tree(const std::string& path);
// mkdir -p. New directories get `mode` (before the umask).
void make_directories(const std::string& path, unsigned mode = 0777);
// rm -r. Links are removed, not followed. An absent path is no failure.
void remove_tree(const std::string& path);
void remove_file_if_there(const std::string& path);
void rename_path(const std::string& from, const std::string& to);
// Moves a directory to `to`, where nothing is but perhaps an empty directory: renames it, or, to another file
// system, copies it (modes kept, links copied as links, no devices or pipes), puts the copy into place when
// it is on disk, and removes `from`, as far as it can be removed. All or nothing at `to`; after an Error
// `from` is whole. What a killed one left beside `to`, ".<name>.moving", the next one removes.
void move_directory(const std::string& from, const std::string& to);

// Absolute against `base` (default: the working directory), with ".", ".." and repeated "/" folded as text;
// links are not resolved.
std::string absolute_path(std::string_view path, const std::string& base = {});
std::string working_directory();
// Both exist and are one and the same file.
bool is_same_file(const std::string& left, const std::string& right);
// Where writing to `path` would go: the end of a chain of links, even where nothing is there yet.
std::string behind_links(const std::string& path);
std::string parent_path(const std::string& path);
std::string file_name(const std::string& path);  // the last component
std::string join_path(std::string_view directory, std::string_view name);

// The name of a network file system ("nfs", "cifs", ...) that holds `path`, if it is one.
std::optional<std::string> network_file_system(const std::string& path);

}  // namespace ostler
