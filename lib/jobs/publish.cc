#include "lib/jobs/publish.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "lib/base/error.h"
#include "lib/base/strings.h"
#include "lib/core/model_directory.h"
#include "lib/jobs/replace_model.h"
#include "lib/jobs/store_layout.h"
#include "lib/jobs/test_point.h"

namespace ostler {

namespace {

// One who waits has hours of work to publish; one who settles is a command whose user waits, and the next
// look tries again.
constexpr Duration kPatience = std::chrono::seconds(60);
constexpr Duration kSettlersPatience = std::chrono::seconds(2);

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

// True when the job of that uuid, in this store, has ended and is not to publish what lies at `path`.
bool is_nobodys(const std::string& home, const std::string& uuid, const std::string& path) {
  if (home.empty() || !is_uuid(uuid)) return false;
  try {
    const auto outcome = read_outcome(JobPaths(job_directory_path(home, uuid)));
    return outcome && (outcome->status != JobStatus::COMPLETED || outcome->staged != path);
  } catch (const Error&) {
    return false;
  }
}

// Removes what lies beside `target` and is nobody's any more: never a kept model. Without a store no job is
// known.
void sweep(const std::string& target, const std::string& home) {
  discard_discarded(target);
  const std::string folder = parent_path(target);
  const std::string prefix = "." + file_name(target) + ".ostler-";
  for (const std::string& name : list_directory(folder)) {
    const std::string path = join_path(folder, name);
    if (starts_with(name, prefix) && is_nobodys(home, name.substr(prefix.size()), path)) remove_tree(path);
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
  if (outcome_.keep_previous > 0 && file_name(previous_path(outcome_.target)).size() > NAME_MAX)
    throw invalid_argument("cannot keep the model that is replaced beside " + outcome_.target +
                           ": its name would be too long");
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
    if (const std::string why_not = why_not_replaceable(outcome_.target); !why_not.empty())
      throw invalid_argument("cannot save to " + outcome_.target + ": " + why_not);
    return;
  }
  const auto target = file_status(outcome_.target);
  if (target && target->type != FileStatus::Type::file)
    throw invalid_argument("cannot write " + outcome_.target + ": it is " +
                           (target->type == FileStatus::Type::directory ? "a directory" : "no regular file"));
}

void Publication::clean_up() {
  if (holds_replaced(outcome_)) {
    const std::string aside = place_aside(outcome_.staged, outcome_.target, outcome_.keep_previous);
    rename_path(outcome_.staged, aside);
    test_point("publish:aside");
  }
  if (is_model() && outcome_.keep_previous > 0) {
    discard_surplus(outcome_.target, outcome_.keep_previous);
    test_point("publish:surplus");
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
  replace_model(outcome_.staged, outcome_.target, outcome_.keep_previous);
  test_point("publish:exchanged");
}

void publish_model(const std::string& staged, const std::string& target) {
  const PublishLock lock = PublishLock::take(target, kSettlersPatience);
  if (const std::string why_not = why_not_replaceable(target); !why_not.empty())
    throw invalid_argument("cannot save to " + target + ": " + why_not);
  replace_model(staged, target, 0);
  fsync_directory(parent_path(target));
  if (file_status(staged, Links::keep)) rename_path(staged, place_aside(staged, target, 0));
  sweep(target, "");
}

bool remove_published_model(const Outcome& outcome) {
  if (outcome.tracking_id.empty() || !is_directory(outcome.target, Links::keep)) return true;
  try {
    const PublishLock lock = PublishLock::take(outcome.target, Duration(0));
    if (!is_at_its_place(outcome) || !why_not_replaceable(outcome.target).empty()) return true;
    const UniqueFd directory = try_open_file(outcome.target, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!directory || ::flock(directory.get(), LOCK_EX | LOCK_NB) != 0) return false;
    const std::string aside = place_aside(outcome.target, outcome.target, 0);
    rename_path(outcome.target, aside);
    remove_tree(aside);
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
    if (starts_with(name, ".") &&
        (ends_with(name, ".ostler-" + uuid) || ends_with(name, ".ostler-lock") || ends_with(name, ".moving")))
      remove_tree(join_path(job_directory, name));
}

}  // namespace ostler
