#include "lib/jobs/publish.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "lib/base/error.h"
#include "lib/base/strings.h"
#include "lib/core/model_directory.h"
#include "lib/jobs/store_layout.h"
#include "lib/jobs/test_point.h"

namespace ostler {

namespace {

// One who waits has hours of work to publish; one who settles is a command whose user waits, and the next
// look tries again.
constexpr Duration kPatience = std::chrono::seconds(60);
constexpr Duration kSettlersPatience = std::chrono::seconds(2);

// ".<name>.ostler-old-<uuid>": a replaced model that somebody was still reading. It belongs to nobody any
// more.
std::string discarded_path(const std::string& staged) {
  const std::string name = file_name(staged);
  const std::size_t uuid = name.rfind(".ostler-") + 8;
  return join_path(parent_path(staged), name.substr(0, uuid) + "old-" + name.substr(uuid));
}

// Removes a model directory unless somebody reads it. A link is removed, not followed.
void discard(const std::string& path) {
  if (!is_directory(path, Links::keep)) return remove_file_if_there(path);
  const UniqueFd directory = try_open_file(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!directory || ::flock(directory.get(), LOCK_EX | LOCK_NB) != 0) return;
  remove_tree(path);
}

// Afterwards `staged` is the model at `target`; what was there lies at `staged`, or where discarded_path
// says.
void swap_in(const std::string& staged, const std::string& target) {
  if (::renameat2(AT_FDCWD, staged.c_str(), AT_FDCWD, target.c_str(), RENAME_EXCHANGE) == 0) return;
  if (errno == ENOENT) {
    rename_path(staged, target);  // nothing is there yet
  } else if (errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP) {
    rename_path(target, discarded_path(staged));
    rename_path(staged, target);
  } else {
    throw system_error(errno, "cannot publish the model at " + target);
  }
}

void check_replaceable(const std::string& target) {
  const std::string why_not = why_not_replaceable(target);
  if (!why_not.empty()) throw invalid_argument("cannot save to " + target + ": " + why_not);
}

std::string tracking_id_of(const std::string& model) {
  try {
    const auto text = read_file_if_there(join_path(model, "config.yml"), 16 << 20);
    return text ? parse_yaml(*text, model).get_string("tracking_id") : "";
  } catch (const Error&) {
    return "";
  }
}

// True when what lies staged now is what was replaced: a model with another tracking id, or an empty
// directory. What cannot be read may be the new model and stays.
bool holds_replaced(const Outcome& outcome) {
  if (outcome.tracking_id.empty() || !is_directory(outcome.staged, Links::keep)) return false;
  const std::string id = tracking_id_of(outcome.staged);
  return id.empty() ? list_directory(outcome.staged).empty() : id != outcome.tracking_id;
}

bool is_at_its_place(const Outcome& outcome) {
  if (outcome.tracking_id.empty()) return file_status(outcome.target, Links::keep).has_value();
  return tracking_id_of(outcome.target) == outcome.tracking_id;
}

// The worker said that it is done; what it staged lies in a folder of the user's, where anybody may have
// removed it since.
void check_staged(const Outcome& outcome) {
  const auto status = file_status(outcome.staged, Links::keep);
  const bool model = !outcome.tracking_id.empty();
  const auto lost = [&](const char* why) {
    return Error(StatusCode::data_loss,
                 std::string("the staged ") + (model ? "model " : "file ") + outcome.staged + " " + why);
  };
  if (!status) throw lost("is gone");
  const auto wanted = model ? FileStatus::Type::directory : FileStatus::Type::file;
  if (status->type != wanted || (model && tracking_id_of(outcome.staged) != outcome.tracking_id))
    throw lost("is gone: something else is there");
}

// True when the job of that uuid, in this store, is known to have failed.
bool has_failed(const std::string& home, const std::string& uuid) {
  if (home.empty() || !is_uuid(uuid)) return false;
  try {
    const auto outcome = read_outcome(JobPaths(job_directory_path(home, uuid)));
    return outcome && outcome->status != JobStatus::COMPLETED;
  } catch (const Error&) {
    return false;
  }
}

// Removes what lies staged beside `target` and is nobody's any more. Without a store no job is known.
void sweep(const std::string& target, const std::string& home) {
  const std::string folder = parent_path(target);
  const std::string prefix = "." + file_name(target) + ".ostler-";
  for (const std::string& name : list_directory(folder)) {
    if (!starts_with(name, prefix)) continue;
    const std::string path = join_path(folder, name);
    if (starts_with(name, prefix + "old-"))
      discard(path);
    else if (has_failed(home, name.substr(prefix.size())))
      remove_tree(path);
  }
}

}  // namespace

bool is_unpublished(const Outcome& outcome) {
  if (outcome.status != JobStatus::COMPLETED || outcome.staged.empty()) return false;
  if (outcome.tracking_id.empty()) return file_status(outcome.staged, Links::keep).has_value();
  return tracking_id_of(outcome.staged) == outcome.tracking_id;
}

bool is_being_published(const Outcome& outcome) {
  if (outcome.status != JobStatus::COMPLETED || outcome.staged.empty()) return false;
  return file_status(outcome.staged, Links::keep) ||
         file_status(PublishLock::path_of(outcome.target), Links::keep);
}

Publication::Publication(const Outcome& outcome, std::string home)
    : outcome_(outcome), home_(std::move(home)), folder_(parent_path(outcome.target)) {}

void Publication::prepare(const std::function<bool()>& give_up) {
  if (outcome_.staged.empty()) return;
  check_staged(outcome_);
  lock(kPatience, give_up);
  check_staged(outcome_);  // again: it may have taken a minute
  check_target();
}

void Publication::commit() {
  if (outcome_.staged.empty()) return;
  check_staged(outcome_);
  if (is_model())
    publish_directory();
  else
    publish_file();
  fsync_directory(folder_);
  clean_up();
}

bool Publication::resume() {
  if (outcome_.staged.empty()) return true;
  if (!file_status(outcome_.staged, Links::keep)) {
    clean_up_leftovers();
    return is_at_its_place(outcome_);
  }
  lock(kSettlersPatience, {});
  if (is_unpublished(outcome_)) {
    check_target();
    commit();
    return true;
  }
  const bool exchanged = holds_replaced(outcome_);
  const bool published = is_at_its_place(outcome_);
  clean_up();
  return exchanged || published;
}

void Publication::lock(Duration patience, const std::function<bool()>& give_up) {
  if (::access(folder_.c_str(), W_OK | X_OK) != 0) throw system_error(errno, "cannot write to " + folder_);
  lock_.emplace(PublishLock::take(outcome_.target, patience, give_up));
}

void Publication::check_target() const {
  if (is_model()) {
    check_replaceable(outcome_.target);
    return;
  }
  const auto target = file_status(outcome_.target);
  if (target && target->type != FileStatus::Type::file)
    throw invalid_argument("cannot write " + outcome_.target + ": it is " +
                           (target->type == FileStatus::Type::directory ? "a directory" : "no regular file"));
}

void Publication::clean_up() {
  if (holds_replaced(outcome_)) {
    rename_path(outcome_.staged, discarded_path(outcome_.staged));
    test_point("publish:discarded");
    discard(discarded_path(outcome_.staged));
  }
  sweep(outcome_.target, home_);
  test_point("publish:swept");
  lock_.reset();
}

// What a publisher that was killed when it was nearly done left: the lock, and perhaps the old model. One
// that lives does it itself; one that has just been killed may hold the lock for a moment.
void Publication::clean_up_leftovers() {
  if (!file_status(PublishLock::path_of(outcome_.target), Links::keep)) return;
  try {
    lock(kSettlersPatience, {});
    clean_up();
  } catch (const Error&) {
  }
}

void Publication::publish_file() { rename_path(outcome_.staged, outcome_.target); }

void Publication::publish_directory() {
  swap_in(outcome_.staged, outcome_.target);
  test_point("publish:exchanged");
}

void publish_model(const std::string& staged, const std::string& target) {
  const PublishLock lock = PublishLock::take(target, kSettlersPatience);
  check_replaceable(target);
  swap_in(staged, target);
  fsync_directory(parent_path(target));
  if (file_status(staged, Links::keep)) rename_path(staged, discarded_path(staged));
  sweep(target, "");
}

bool remove_published_model(const Outcome& outcome) {
  if (outcome.tracking_id.empty() || !is_directory(outcome.target, Links::keep)) return true;
  try {
    const PublishLock lock = PublishLock::take(outcome.target, Duration(0));
    if (!is_at_its_place(outcome) || !why_not_replaceable(outcome.target).empty()) return true;
    const UniqueFd directory = try_open_file(outcome.target, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!directory || ::flock(directory.get(), LOCK_EX | LOCK_NB) != 0) return false;
    rename_path(outcome.target, discarded_path(outcome.staged));
    remove_tree(discarded_path(outcome.staged));
    return true;
  } catch (const Error& error) {
    if (error.code() == StatusCode::unavailable) return false;
    if (error.code() == StatusCode::permission_denied) return true;
    throw;
  }
}

void remove_staged(const std::string& target, const std::string& uuid, const std::string& job_directory) {
  if (!target.empty()) {
    remove_tree(staged_path(target, uuid));
    PublishLock::remove_leftover(target);
  }
  if (!file_status(job_directory)) return;
  for (const std::string& name : list_directory(job_directory))
    if (starts_with(name, ".") && (ends_with(name, ".ostler-" + uuid) || ends_with(name, ".ostler-lock")))
      remove_tree(join_path(job_directory, name));
}

}  // namespace ostler
