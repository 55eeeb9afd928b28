#include "lib/core/model_directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "lib/base/checksum.h"
#include "lib/base/error.h"

namespace ostler {

namespace {

constexpr char kConfigFile[] = "config.yml";
constexpr int kLockTries = 500;  // of 10 ms

// A publisher holds the lock for a moment. Somebody else may hold it for ever: `flock models/x ostler ...`
// does.
void lock_shared(int fd, const std::string& path) {
  for (int tries = 0; ::flock(fd, LOCK_SH | LOCK_NB) != 0; ++tries) {
    if (errno != EINTR && errno != EWOULDBLOCK) throw system_error(errno, "cannot lock the model " + path);
    if (tries == kLockTries)
      throw Error(StatusCode::failed_precondition,
                  "the model " + path +
                      " is locked by another program (flock on its directory); use a lock file elsewhere");
    ::poll(nullptr, 0, 10);
  }
}

// Opens and locks the directory that `path` names at the moment when the lock is held.
UniqueFd open_locked(const std::string& path) {
  for (;;) {
    UniqueFd fd = try_open_file(path, O_RDONLY | O_DIRECTORY);
    if (!fd && errno == ENOENT) throw not_found("there is no " + path);
    if (!fd && errno == ENOTDIR) throw not_found(path + " is not a directory, so it is no model");
    if (!fd) throw system_error(errno, "cannot open the model " + path);
    lock_shared(fd.get(), path);
    struct stat held {};
    struct stat named {};
    if (::fstat(fd.get(), &held) != 0) throw system_error(errno, "cannot look at " + path);
    // Replaced between open and lock: the path names another directory now, or for a moment none.
    if (::stat(path.c_str(), &named) == 0 && held.st_dev == named.st_dev && held.st_ino == named.st_ino)
      return fd;
  }
}

// The first directory below `top` that holds nothing, as a relative path.
std::string find_empty_directory(const std::string& top, const std::string& below) {
  const std::vector<std::string> names = list_directory(join_path(top, below));
  if (names.empty()) return below;
  for (const std::string& name : names) {
    const std::string relative = below.empty() ? name : join_path(below, name);
    const auto status = file_status(join_path(top, relative), Links::keep);
    if (!status || status->type != FileStatus::Type::directory) continue;
    if (std::string found = find_empty_directory(top, relative); !found.empty()) return found;
  }
  return {};
}

}  // namespace

ModelDirectory ModelDirectory::open(const std::string& path) {
  ModelDirectory model;
  model.path_ = path;
  model.directory_ = open_locked(path);
  model.read_path_ = "/proc/self/fd/" + std::to_string(model.directory_.get());
  try {
    model.config_ = ModuleConfig::load(model.read_path_, path);
  } catch (const Error& error) {
    throw Error(error.code(), model.with_known_path(error.what()));
  }
  return model;
}

void ModelDirectory::show_as(const std::string& path) {
  path_ = path;
  config_.set_model_path(path);
}

std::string ModelDirectory::with_known_path(std::string message) const {
  for (std::size_t at = 0; (at = message.find(read_path_, at)) != std::string::npos; at += path_.size())
    message.replace(at, read_path_.size(), path_);
  return message;
}

void ModelDirectory::verify(bool checksums) const {
  const Value* files = config_.values().find("files");
  // caikit's models have no manifest; one of ours without it was cut short.
  if (config_.values().find("ostler_version") == nullptr && files == nullptr) return;
  const auto damaged = [&](const std::string& name, const std::string& what) {
    throw Error(StatusCode::data_loss,
                fmt::format("the model {} is damaged: {} {}; train it again or restore it", path_,
                            join_path(path_, name), what));
  };
  const Value* complete = config_.values().find("complete");
  if (files == nullptr || !files->is_object() || complete == nullptr || !(*complete == Value(true)))
    damaged(kConfigFile, "was cut short");
  try {
    for (const auto& [name, entry] : files->as_object()) {
      // The manifest names files of the model alone; one that leads elsewhere was not written by us.
      if (name.empty() || name[0] == '/' || ("/" + name + "/").find("/../") != std::string::npos)
        damaged(name, "is not a file of the model");
      const std::string file = join_path(read_path_, name);
      const auto status = file_status(file, Links::keep);
      if (!status) damaged(name, "is missing");
      if (status->type != FileStatus::Type::file) damaged(name, "is not a regular file");
      const Value *size = entry.find("size"), *xxh3 = entry.find("xxh3");
      if (size == nullptr || !size->is_integer() || xxh3 == nullptr || !xxh3->is_string())
        damaged(kConfigFile, "does not list the files as it should");
      if (status->size != static_cast<std::uint64_t>(size->as_integer()))
        damaged(name, fmt::format("has {} bytes instead of {}", status->size, size->as_integer()));
      if (checksums && checksum_file(file).xxh3 != xxh3->as_string())
        damaged(name, "was altered (its checksum differs)");
    }
  } catch (const Error& error) {
    throw Error(error.code(), with_known_path(error.what()));
  }
}

void add_file_manifest(ModuleConfig& config, const std::string& directory) {
  Value files = Value::object();
  for (const std::string& name : list_tree(directory)) {
    if (name == kConfigFile) continue;
    const FileChecksum sum = checksum_file(join_path(directory, name));
    files[name] = Value::object({{"size", sum.size}, {"xxh3", sum.xxh3}});
  }
  config.values()["files"] = std::move(files);
  config.values()["complete"] = true;
}

std::string why_not_replaceable(const std::string& path) {
  const auto status = file_status(path, Links::keep);
  if (!status) return {};
  if (status->type == FileStatus::Type::link) return path + " is a symbolic link";
  if (status->type != FileStatus::Type::directory) return path + " is a file, not a model directory";
  const std::vector<std::string> names = list_tree(path);
  if (names.empty() && list_directory(path).empty()) return {};
  const auto no_model = [&](const std::string& why) {
    return fmt::format("{} holds something else than a model that ostler saved ({}); it is left as it is",
                       path, why);
  };
  if (std::find(names.begin(), names.end(), kConfigFile) == names.end())
    return no_model("it has no config.yml");
  Value files;
  try {
    const ModuleConfig config = ModuleConfig::load(path);
    if (const Value* found = config.values().find("files")) files = *found;
    if (config.values().find("ostler_version") == nullptr) return no_model("its config.yml is not ostler's");
  } catch (const Error& error) {
    return no_model(error.what());
  }
  for (const std::string& name : names)
    if (name != kConfigFile && files.find(name) == nullptr) return no_model(name + " is not in its manifest");
  if (const std::string empty = find_empty_directory(path, ""); !empty.empty())
    return no_model(empty + " is an empty directory");
  return {};
}

}  // namespace ostler
