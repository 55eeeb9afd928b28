#include "lib/jobs/replace_model.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>

#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/base/strings.h"
#include "lib/base/value.h"
#include "lib/jobs/test_point.h"

namespace ostler {

namespace {

using std::chrono::milliseconds;

std::string prefix_of(const std::string& target, const char* kind) {
  return "." + file_name(target) + ".ostler-" + kind + "-";
}

std::string discarded_path(const std::string& target) {
  return join_path(parent_path(target), prefix_of(target, "old") + make_uuid4());
}

// "20261126T093000.123Z": sorts by time, and has nothing in it that a shell, scp or make would trip over.
std::string time_in_name(Time time) {
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  std::string text = format_time(second);
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  text.pop_back();
  const std::string fraction = std::to_string(1000 + std::chrono::floor<milliseconds>(time - second).count());
  return text + "." + fraction.substr(1) + "Z";
}

constexpr std::size_t kTimeLength = 20;

std::optional<Time> time_from_name(std::string_view text) {
  if (text.size() != kTimeLength || text[8] != 'T') return std::nullopt;
  std::string full(text);
  for (const std::size_t at : {13, 11}) full.insert(at, ":");
  for (const std::size_t at : {6, 4}) full.insert(at, "-");
  return parse_time(full);
}

// Removes a model directory unless somebody reads it. A link is removed, not followed.
void discard(const std::string& path) {
  if (!is_directory(path, Links::keep)) return remove_file_if_there(path);
  const UniqueFd directory = try_open_file(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!directory || ::flock(directory.get(), LOCK_EX | LOCK_NB) != 0) return;
  remove_tree(path);
}

}  // namespace

std::string tracking_id_of(const std::string& model) {
  try {
    const auto text = read_file_if_there(join_path(model, "config.yml"), 16 << 20);
    return text ? parse_yaml(*text, model).get_string("tracking_id") : "";
  } catch (const Error&) {
    return "";
  }
}

std::string place_aside(const std::string& path, const std::string& target, int keep_previous) {
  const bool kept = keep_previous > 0 && !list_directory(path).empty();
  return kept ? previous_path(target) : discarded_path(target);
}

std::string previous_path(const std::string& target) {
  Time now = Clock::system().now();
  if (const std::vector<KeptModel> kept = kept_models(target); !kept.empty())
    now = std::max<Time>(now, kept[0].replaced + milliseconds(1));
  return join_path(parent_path(target),
                   prefix_of(target, "previous") + time_in_name(now) + "-" + make_uuid4());
}

std::vector<KeptModel> kept_models(const std::string& target) {
  const std::string folder = parent_path(target), prefix = prefix_of(target, "previous");
  std::vector<KeptModel> kept;
  if (!is_directory(folder)) return kept;
  const std::vector<std::string> names = list_directory(folder);
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    if (!starts_with(*name, prefix) || name->size() < prefix.size() + kTimeLength + 1) continue;
    const auto time = time_from_name(name->substr(prefix.size(), kTimeLength));
    const std::string path = join_path(folder, *name);
    if (time && is_uuid(name->substr(prefix.size() + kTimeLength + 1)) && is_directory(path, Links::keep))
      kept.push_back({path, *time});
  }
  return kept;
}

void discard_surplus(const std::string& target, int keep) {
  const std::vector<KeptModel> kept = kept_models(target);
  for (std::size_t i = static_cast<std::size_t>(keep); i < kept.size(); ++i)
    rename_path(kept[i].path, discarded_path(target));
}

void discard_discarded(const std::string& target) {
  const std::string folder = parent_path(target), prefix = prefix_of(target, "old");
  for (const std::string& name : list_directory(folder))
    if (starts_with(name, prefix)) discard(join_path(folder, name));
}

bool exchange_directories(const std::string& one, const std::string& other) {
  if (::renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE) == 0) return true;
  if (errno == ENOENT || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP) return false;
  throw system_error(errno, "cannot exchange " + one + " and " + other);
}

void replace_model(const std::string& model, const std::string& target, int keep_previous) {
  if (exchange_directories(model, target)) return;
  if (file_status(target, Links::keep)) {
    rename_path(target, place_aside(target, target, keep_previous));
    test_point("publish:between");
  }
  rename_path(model, target);
}

}  // namespace ostler
