#include "lib/jobs/purge.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "lib/base/error.h"
#include "lib/base/strings.h"
#include "lib/jobs/publish.h"
#include "lib/jobs/store_layout.h"
#include "lib/jobs/test_point.h"

namespace ostler {

namespace {

// What one command may take upon itself for the sake of others' jobs.
constexpr std::size_t kAtOnce = 16;

std::string trash_path(const std::string& home) { return join_path(home, "trash"); }

void make_trash(const std::string& home) {
  if (::mkdir(trash_path(home).c_str(), 0700) != 0 && errno != EEXIST)
    throw system_error(errno, "cannot make the directory " + trash_path(home));
}

// False where there is no directory (any more).
bool move_to_trash(const std::string& home, const std::string& uuid) {
  ensure_job_directory(home, uuid);
  const std::string from = job_directory_path(home, uuid), to = join_path(trash_path(home), uuid);
  while (::rename(from.c_str(), to.c_str()) != 0) {
    if (errno != ENOENT) throw system_error(errno, "cannot rename " + from + " to " + to);
    // Another purge has it, or somebody removed it by hand: then the row is left.
    if (!file_status(from, Links::keep)) return false;
    make_trash(home);  // a sweep found it empty
  }
  return true;
}

// True unless somebody reads the model in the job's directory.
bool is_free(const std::string& directory) {
  const UniqueFd model = try_open_file(join_path(directory, "model"), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  return !model || ::flock(model.get(), LOCK_EX | LOCK_NB) == 0;
}

// What a job has outside its directory. False when a part of it is in use.
bool remove_results(const JobPaths& paths) {
  JobSpec spec;
  std::optional<Outcome> outcome;
  try {
    spec = read_spec(paths.spec);
    outcome = read_outcome(paths);
  } catch (const Error&) {
    return true;  // damaged: nothing says what is this job's
  }
  if (spec.kind == JobKind::predict) {
    const std::string folder = parent_path(spec.predict.get_string("output"));
    if (file_name(folder) == spec.uuid) remove_tree(folder);
    return true;
  }
  const bool saved = outcome && outcome->status == JobStatus::COMPLETED && !spec.save_path.empty();
  if (!saved || !spec.delete_saved_model) return true;
  if (!remove_published_model(*outcome)) return false;
  const std::string folder = parent_path(spec.save_path);
  if (file_name(folder) == spec.uuid) ::rmdir(folder.c_str());
  return true;
}

void empty_trash(const std::string& home, const std::vector<std::string>& uuids) {
  for (const std::string& uuid : uuids) {
    const JobPaths paths(join_path(trash_path(home), uuid));
    try {
      if (!is_directory(paths.directory, Links::keep)) {
        remove_file_if_there(paths.directory);  // a link that somebody put in the place of a job
        continue;
      }
      if (!is_free(paths.directory) || !remove_results(paths)) continue;
      test_point("purge:results");
      remove_tree(paths.directory);
    } catch (const Error&) {
      // The job is gone; what is left of it is swept another time.
    }
  }
  ::rmdir(trash_path(home).c_str());
}

// What a purge that was cut off has left. One that goes on holds the directory's lock.
void sweep_trash(const JobContext& context) {
  const UniqueFd trash = try_open_file(trash_path(context.home), O_RDONLY | O_DIRECTORY);
  if (!trash || ::flock(trash.get(), LOCK_EX | LOCK_NB) != 0) return;
  std::vector<std::string> left = list_directory(trash_path(context.home));
  std::vector<std::string> with_row;
  for (const std::string& uuid : left)
    if (context.store.find(uuid)) with_row.push_back(uuid);
  if (!with_row.empty()) context.store.remove(with_row);
  if (left.size() > kAtOnce) left.resize(kAtOnce);
  empty_trash(context.home, left);
}

}  // namespace

std::vector<std::string> purge(const JobContext& context, const std::vector<std::string>& chosen) {
  std::vector<std::string> uuids = context.store.not_needed(chosen);
  if (uuids.empty()) return uuids;
  make_trash(context.home);
  const UniqueFd trash = try_open_file(trash_path(context.home), O_RDONLY | O_DIRECTORY);
  if (trash) ::flock(trash.get(), LOCK_SH | LOCK_NB);  // others' looks leave the rest to this one
  std::vector<std::string> moved;
  for (const std::string& uuid : uuids) {
    if (move_to_trash(context.home, uuid)) moved.push_back(uuid);
    test_point("purge:moved");
  }
  if (!moved.empty()) {
    // Else the machine's crash could take the renames back and leave directories that no row knows.
    if (const auto now = try_open_file(trash_path(context.home), O_RDONLY | O_DIRECTORY)) ::fsync(now.get());
    fsync_directory(join_path(context.home, "jobs"));
  }
  test_point("purge:renamed");
  try {
    context.store.remove(uuids);
  } catch (const Error& error) {
    if (error.code() != StatusCode::resource_exhausted) throw;
    // A full disk is what people prune for, and deleting rows takes room too: the files give it. Killed here,
    // rows without a directory are left, which the next prune deletes.
    empty_trash(context.home, moved);
    context.store.remove(uuids);
  }
  test_point("purge:deleted");
  empty_trash(context.home, moved);
  return uuids;
}

bool is_being_purged(const std::string& home, const std::string& uuid) {
  return ::access(join_path(trash_path(home), uuid).c_str(), F_OK) == 0;
}

std::vector<std::string> being_purged(const std::string& home) {
  if (::access(trash_path(home).c_str(), F_OK) != 0) return {};
  return list_directory(trash_path(home));
}

bool purge_expired(const JobContext& context) {
  const Time now = context.clock.now();
  if (!context.owner) return context.store.expired(now, 1).empty();
  try {
    if (::access(trash_path(context.home).c_str(), F_OK) == 0) sweep_trash(context);
    const std::vector<std::string> expired = context.store.expired(now, kAtOnce);
    purge(context, expired);
    return expired.size() < kAtOnce;
  } catch (const Error&) {
    return false;  // no look-up fails for want of tidiness
  }
}

}  // namespace ostler
