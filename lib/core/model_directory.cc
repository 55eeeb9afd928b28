#include "lib/core/model_directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "lib/base/checksum.h"
#include "lib/base/error.h"

namespace ostler {

namespace {

constexpr char kConfigFile[] = "config.yml";

// Opens and locks the directory that `path` names at the moment when the lock is held.
UniqueFd open_locked(const std::string& path) {
  for (;;) {
    UniqueFd fd = try_open_file(path, O_RDONLY | O_DIRECTORY);
    if (!fd && errno == ENOENT) throw not_found("there is no " + path);
    if (!fd && errno == ENOTDIR) throw not_found(path + " is not a directory, so it is no model");
    if (!fd) throw system_error(errno, "cannot open the model " + path);
    while (::flock(fd.get(), LOCK_SH) != 0)
      if (errno != EINTR) throw system_error(errno, "cannot lock the model " + path);
    struct stat held {};
    struct stat named {};
    if (::fstat(fd.get(), &held) != 0) throw system_error(errno, "cannot look at " + path);
    // Replaced between open and lock: the path names another directory now, or for a moment none.
    if (::stat(path.c_str(), &named) == 0 && held.st_dev == named.st_dev && held.st_ino == named.st_ino)
      return fd;
  }
}

}  // namespace

ModelDirectory ModelDirectory::open(const std::string& path) {
  ModelDirectory model;
  model.path_ = path;
  model.directory_ = open_locked(path);
  model.read_path_ = "/proc/self/fd/" + std::to_string(model.directory_.get());
  model.config_ = ModuleConfig::load(model.read_path_, path);
  return model;
}

void ModelDirectory::verify() const {
  const Value* files = config_.values().find("files");
  if (files == nullptr || files->is_null()) return;
  const auto damaged = [&](const std::string& name, const std::string& what) {
    throw Error(StatusCode::data_loss,
                fmt::format("the model {} is damaged: {} {}; train it again or restore it", path_,
                            join_path(path_, name), what));
  };
  for (const auto& [name, entry] : files->as_object("files")) {
    // The manifest names files of the model alone; one that leads elsewhere was not written by us.
    if (name.empty() || name[0] == '/' || ("/" + name + "/").find("/../") != std::string::npos)
      damaged(name, "is not a file of the model");
    const std::string file = join_path(read_path_, name);
    const auto status = file_status(file, Links::keep);
    if (!status) damaged(name, "is missing");
    if (status->type != FileStatus::Type::file) damaged(name, "is not a regular file");
    const auto size = static_cast<std::uint64_t>(entry.at("size").as_integer("size"));
    if (status->size != size) damaged(name, fmt::format("has {} bytes instead of {}", status->size, size));
    if (checksum_file(file).xxh3 != entry.at("xxh3").as_string("xxh3"))
      damaged(name, "was altered (its checksum differs)");
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
  return {};
}

}  // namespace ostler
