#include "lib/manager/model_archive.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "lib/base/error.h"
#include "lib/base/strings.h"
#include "lib/base/temporary_directory.h"
#include "lib/data/zip.h"

namespace ostler {

namespace {

constexpr char kConfigFile[] = "config.yml";
constexpr std::size_t kBlock = 1 << 16;
constexpr std::size_t kLongestPath = 2000;  // bytes; the system's limit is for the whole path

// What a file manager adds, at any level.
bool is_clutter(const std::vector<std::string>& parts) {
  return std::any_of(parts.begin(), parts.end(), [](const std::string& part) {
    return part == "__MACOSX" || part == ".DS_Store" || part == "Thumbs.db" || part == "desktop.ini";
  });
}

// The entry's name without "." and doubled slashes; an Error where it would lead out of the directory.
std::vector<std::string> parts_of(const std::string& entry, const std::string& archive) {
  const auto refuse = [&](const char* why) {
    return invalid_argument(fmt::format("{} is refused: its entry \"{}\" {}", archive, entry, why));
  };
  if (entry.size() > kLongestPath)
    throw invalid_argument(
        fmt::format("{} is refused: it has an entry whose path is longer than {} bytes: {}...", archive,
                    kLongestPath, entry.substr(0, 100)));
  if (starts_with(entry, "/")) throw refuse("has an absolute path and would leave the model's directory");
  std::vector<std::string> parts;
  for (std::string& part : split(entry, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") throw refuse("would leave the model's directory");
    if (!is_path_component(part)) throw refuse("has no name that a file can have");
    parts.push_back(std::move(part));
  }
  return parts;
}

// Counts what an archive says of itself, and what comes out of it.
class Budget {
 public:
  Budget(const std::string& archive, const ArchiveLimits& limits) : archive_(archive), limits_(limits) {}
  void add_file() {
    if (++files_ > limits_.max_files)
      throw invalid_argument(fmt::format("{} is refused: it has more than {} files (archives.max_files)",
                                         archive_, limits_.max_files));
  }
  void add_bytes(std::uint64_t bytes) {
    if (bytes > static_cast<std::uint64_t>(limits_.max_bytes - bytes_))
      throw invalid_argument(
          fmt::format("{} is refused: it is more than {} bytes when extracted (archives.max_bytes)", archive_,
                      limits_.max_bytes));
    bytes_ += static_cast<std::int64_t>(bytes);
  }

 private:
  const std::string& archive_;
  const ArchiveLimits& limits_;
  std::int64_t files_ = 0, bytes_ = 0;
};

// Looks through the archive and gives the directory in it that holds the model: "" for its top.
std::string find_root(int zip, const std::string& name, const ArchiveLimits& limits) {
  const auto refuse = [&](const std::string& entry, const char* why) {
    return invalid_argument(fmt::format("{} is refused: its entry \"{}\" {}", name, entry, why));
  };
  Budget budget(name, limits);
  std::set<std::string> directories, files, listed;  // those at the top; files; directories with an entry
  bool at_top = false;
  const auto reader = open_zip(zip, name);
  for (ZipEntry entry; reader->next(entry);) {
    const std::vector<std::string> parts = parts_of(entry.name, name);
    budget.add_file();
    if (entry.type == ZipEntry::Type::other) throw refuse(entry.name, "is a link or a device, not a file");
    if (entry.encrypted) throw refuse(entry.name, "is encrypted; make an archive without a password");
    if (parts.empty() || is_clutter(parts)) continue;
    if (parts.size() > 1 || entry.type == ZipEntry::Type::directory) directories.insert(parts[0]);
    if (entry.type == ZipEntry::Type::directory) {
      listed.insert(join(parts, "/"));
      continue;
    }
    budget.add_bytes(entry.size);
    if (!files.insert(join(parts, "/")).second) throw refuse(entry.name, "is there twice");
    at_top = at_top || (parts.size() == 1 && parts[0] == kConfigFile);
  }
  for (const std::string& file : files) {
    bool both = listed.count(file) != 0;
    for (std::size_t at = 0; !both && (at = file.find('/', at)) != std::string::npos; ++at)
      both = files.count(file.substr(0, at)) != 0;
    if (both) throw refuse(file, "or a part of its path is a file and a directory at once");
  }
  if (at_top) return "";
  if (directories.size() > 1)
    throw not_found(
        fmt::format("{} has no config.yml at its top and several directories ({}): which of them "
                    "is the model? Make an archive of one",
                    name, join({directories.begin(), directories.end()}, ", ")));
  if (directories.empty() || files.count(join_path(*directories.begin(), kConfigFile)) == 0)
    throw not_found(name +
                    " has no config.yml, neither at its top nor in a directory at its top: it is no model");
  return *directories.begin();
}

void extract_file(ZipReader& reader, const ZipEntry& entry, const std::string& path, Budget& budget) {
  const UniqueFd file =
      open_file(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, entry.executable ? 0777 : 0666);
  char block[kBlock];
  while (const std::size_t got = reader.read(block, sizeof block)) {
    budget.add_bytes(got);
    write_all(file.get(), {block, got}, path);
  }
}

}  // namespace

ArchiveLimits read_archive_limits(const Value& archives) {
  ArchiveLimits limits;
  if (archives.is_null()) return limits;
  const auto read = [&](const char* key, std::int64_t& limit) {
    const Value* value = archives.find(key);
    if (value == nullptr || value->is_null()) return;
    limit = value->as_integer(std::string("archives.") + key);
    if (limit < 1)
      throw invalid_argument(fmt::format("{}archives.{} must be at least 1", value->where(), key));
  };
  read("max_bytes", limits.max_bytes);
  read("max_files", limits.max_files);
  return limits;
}

bool is_zip(const std::string& path) {
  const auto status = file_status(path);
  if (!status || status->type != FileStatus::Type::file) return false;
  if (ends_with(path, ".zip")) return true;
  const UniqueFd file = try_open_file(path, O_RDONLY);
  char start[4];
  if (!file || ::pread(file.get(), start, sizeof start, 0) != sizeof start) return false;
  const std::string_view magic(start, sizeof start);
  return magic == std::string_view("PK\x03\x04", 4) || magic == std::string_view("PK\x05\x06", 4);
}

void extract_model(int zip, const std::string& name, const std::string& directory,
                   const ArchiveLimits& limits) {
  const std::string root = find_root(zip, name, limits);
  Budget budget(name, limits);
  const auto reader = open_zip(zip, name);
  for (ZipEntry entry; reader->next(entry);) {
    std::vector<std::string> parts = parts_of(entry.name, name);
    if (is_clutter(parts)) continue;
    if (!root.empty()) {
      if (parts.empty() || parts[0] != root) continue;
      parts.erase(parts.begin());
    }
    if (parts.empty()) continue;
    const std::string path = join_path(directory, join(parts, "/"));
    if (entry.type == ZipEntry::Type::directory) {
      make_directories(path);
    } else {
      make_directories(parent_path(path));
      extract_file(*reader, entry, path, budget);
    }
  }
}

UniqueFd spool_archive(int from, const std::string& name, std::int64_t max_bytes) {
  UniqueFd file = open_temporary_file();
  char block[kBlock];
  std::int64_t bytes = 0;
  for (;;) {
    const ssize_t got = ::read(from, block, sizeof block);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw system_error(errno, "cannot read " + name);
    if (got == 0) return file;
    bytes += got;
    if (bytes > max_bytes)
      throw invalid_argument(
          fmt::format("{} is refused: it is larger than {} bytes (archives.max_bytes)", name, max_bytes));
    write_all(file.get(), {block, static_cast<std::size_t>(got)}, "a temporary file");
  }
}

UniqueFd spool_archive(std::string_view bytes) {
  UniqueFd file = open_temporary_file();
  write_all(file.get(), bytes, "a temporary file");
  return file;
}

void write_model_archive(const std::string& model, const std::string& shown_path, int zip,
                         const std::string& name) {
  std::vector<ZipFile> files = {{kConfigFile, join_path(model, kConfigFile)}};
  for (const std::string& file : list_tree(model)) {
    const std::string path = join_path(model, file);
    const auto status = file_status(path, Links::keep);
    if (!status || status->type != FileStatus::Type::file)
      throw invalid_argument(fmt::format(
          "the model {} cannot be exported: its {} is a link or a device, not a file", shown_path, file));
    if (file != kConfigFile) files.push_back({file, path});
  }
  write_zip(zip, name, files);
}

}  // namespace ostler
