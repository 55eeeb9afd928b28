#include "lib/manager/provenance.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "lib/base/checksum.h"
#include "lib/base/clock.h"
#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/base/process.h"
#include "lib/base/strings.h"

namespace ostler {

namespace {

constexpr Duration kGitsPatience = std::chrono::seconds(5);

// The program on PATH; empty where there is none.
std::string program_on_path(const std::string& name) {
  const char* path = ::getenv("PATH");
  for (const std::string& directory : split(path == nullptr ? "/usr/bin:/bin" : path, ':')) {
    const std::string candidate = join_path(directory.empty() ? "." : directory, name);
    if (::access(candidate.c_str(), X_OK) == 0 && !is_directory(candidate)) return candidate;
  }
  return {};
}

// What it prints, up to a megabyte; nothing where it fails or does not end in time.
std::optional<std::string> output_of(const std::vector<std::string>& arguments,
                                     const std::string& directory) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return std::nullopt;
  const UniqueFd reading(ends[0]);
  UniqueFd writing(ends[1]);
  SpawnRequest request;
  request.arguments = arguments;
  request.working_directory = directory;
  request.standard_output = writing.get();
  request.group = SpawnRequest::Group::own_group;
  const pid_t pid = spawn(request);
  writing = UniqueFd();
  std::string text;
  const Duration end = Clock::system().steady() + kGitsPatience;
  bool whole = false;
  for (;;) {
    const Duration left = end - Clock::system().steady();
    pollfd waiting{reading.get(), POLLIN, 0};
    const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(left).count();
    if (milliseconds <= 0 || ::poll(&waiting, 1, static_cast<int>(milliseconds)) <= 0) break;
    char block[4096];
    const ssize_t got = ::read(reading.get(), block, sizeof block);
    whole = got == 0;
    if (got <= 0) break;
    text.append(block, static_cast<std::size_t>(got));
    if (text.size() > 1 << 20) break;
  }
  if (!whole) ::kill(-pid, SIGKILL);
  const int status = wait_for(pid);
  if (!whole || status != 0) return std::nullopt;
  return text;
}

bool is_in_repository(std::string directory) {
  for (;;) {
    if (file_status(join_path(directory, ".git"))) return true;
    if (directory == "/" || directory.empty()) return false;
    directory = parent_path(directory);
  }
}

bool has_same_content(const Value* recorded, const std::vector<std::string>& paths) {
  if (recorded == nullptr || !recorded->is_array() || recorded->size() != paths.size()) return false;
  const Value::Array& files = recorded->as_array();
  // First what costs nothing to know.
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const auto status = file_status(paths[i]);
    if (!status || static_cast<std::int64_t>(status->size) != files[i].get_integer("size", -1)) return false;
  }
  for (std::size_t i = 0; i < paths.size(); ++i)
    if (checksum_file(paths[i]).xxh3 != files[i].get_string("xxh3")) return false;
  return true;
}

bool has_same_validation(const Value* recorded, const WantedTraining& wanted) {
  const bool none = recorded == nullptr || recorded->is_null();
  if (wanted.validation_fraction > 0)
    return !none && recorded->get_number("fraction") == wanted.validation_fraction;
  if (wanted.validation.empty()) return none;
  return !none && has_same_content(recorded->find("data"), wanted.validation);
}

}  // namespace

Value checksummed(const std::vector<std::string>& paths, const std::vector<std::string>& shown) {
  Value list = Value::array();
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const FileChecksum sum = checksum_file(paths[i]);
    list.push_back(Value::object({{"path", shown[i]}, {"size", sum.size}, {"xxh3", sum.xxh3}}));
  }
  return list;
}

Value git_state(const std::string& directory) {
  if (!is_in_repository(directory)) return {};
  const std::string git = program_on_path("git");
  if (git.empty()) return {};
  // Nothing that the repository's own configuration names is run, and nothing is written into it.
  const std::vector<std::string> call = {git, "-c", "core.fsmonitor=false", "--no-optional-locks"};
  auto commit_call = call, status_call = call;
  commit_call.insert(commit_call.end(), {"rev-parse", "--verify", "HEAD"});
  status_call.insert(status_call.end(), {"status", "--porcelain", "--untracked-files=no"});
  try {
    const auto commit = output_of(commit_call, directory);
    if (!commit) return {};
    const auto status = output_of(status_call, directory);
    return Value::object({{"commit", trim(*commit)}, {"dirty", status ? Value(!status->empty()) : Value()}});
  } catch (const Error&) {
    return {};
  }
}

bool was_made_so(const Value& config, const WantedTraining& wanted) {
  const Value* train = config.find("train");
  if (train == nullptr || config.get_string("module_id") != wanted.module.module_id ||
      config.get_string("version") != wanted.module.version)
    return false;
  const auto same = [&](std::string_view key, const Value& value) {
    const Value* recorded = train->find(key);
    return recorded != nullptr && *recorded == value;
  };
  return same("parameters", wanted.parameters) && same("models", wanted.models) &&
         same("data_format", wanted.data_format) && has_same_validation(train->find("validation"), wanted) &&
         has_same_content(train->find("data"), wanted.data);
}

}  // namespace ostler
