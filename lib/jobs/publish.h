#pragma once

// Moves what a worker staged to the place that the user named: a model directory by exchanging directories, a
// file by renaming it over the old one, each in one step for whoever reads there.
//
// Replaced models. Those that the outcome says to keep (keep_previous) stay beside the target as
// ".<name>.ostler-previous-<time>-<uuid>", the time (UTC, to the millisecond) being when they were replaced;
// of more than that many the oldest are removed. An empty directory is not kept. A training without
// keep_previous leaves kept ones alone, and nothing but a publication that keeps fewer removes them.
//
// Where a file system cannot exchange, the old model is moved aside and the new one moved in: for a moment
// there is none at the target. Whoever is killed there has left both, and the next look publishes.
//
// Order of calls: prepare(), then the outcome is written by the caller, then commit(). Who finds the outcome
// of a dead runner calls resume() instead of both. The lock beside the target (publish_lock.h) is held from
// prepare() to the end of commit() or of the object. What is said of readers: lib/core/model_directory.h.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lib/core/module_config.h"
#include "lib/jobs/job_directory.h"
#include "lib/jobs/publish_lock.h"

namespace ostler {

// True while what the outcome promises still lies staged: for a model, while the staged config.yml has the
// outcome's tracking id (after the exchange the old model lies there, with another).
bool is_unpublished(const Outcome& outcome);
// True while anything of the publishing is to be seen beside the target: what was staged or replaced, or the
// lock. For a job whose runner lives; after its death the lock's file may be a leftover.
bool is_being_published(const Outcome& outcome);

class Publication {
 public:
  // `outcome` is to have staged and target, or neither: then nothing is published.
  Publication(const Outcome& outcome, std::string home);

  // Takes the lock and checks that what lies staged is what the outcome announces (else data_loss) and that
  // the target may be replaced (else invalid_argument, with why); system errors when its folder cannot be
  // written to, unavailable when the lock was not to be had for a minute or until `give_up`.
  void prepare(const std::function<bool()>& give_up = {});
  // Publishes, and removes the old model if nobody reads it; else the next publication beside it does. Throws
  // Error; the staged result is then still there.
  void commit();
  // Does what a dead runner left to do, after its outcome was written. False when there is nothing to do, and
  // the target is not what the outcome announces: the staged result was removed before it was published, or
  // the target was changed since. Throws as prepare(), but soon.
  bool resume();

 private:
  bool is_model() const { return !outcome_.tracking_id.empty(); }
  void lock(Duration patience, const std::function<bool()>& give_up);
  void check_target() const;
  void clean_up();
  void clean_up_leftovers();
  void publish_file();
  void publish_directory();

  Outcome outcome_;
  std::string home_, folder_;
  std::optional<PublishLock> lock_;
};

// For a model that no job made: moves the directory `staged` (a staged_path of `target`) to `target` under
// the same lock and by the same rules, and removes what was there unless somebody reads it. Throws as
// prepare(), but soon; then `staged` is still there.
void publish_model(const std::string& staged, const std::string& target);

// Models that were replaced at `target` and kept, the newest first.
struct PreviousModel {
  std::string path;
  Time replaced{};
  ModuleConfig config;  // of its path alone where it cannot be read, and then `problem`
  std::string problem;  // also that a file of it is missing or has not its size; checksums are not looked at
};
std::vector<PreviousModel> previous_models(const std::string& target);

// Puts a kept model (`path` is of previous_models) back at `target`, in one step for whoever looks there,
// under the publishing lock. What was there is kept in its place, as the newest, so that the next rollback
// brings it back; gives its path, or nothing where there was none, or an empty directory. Killed at any step
// it has lost nothing: doing the same again, without a choice, brings back the same. Where the file system
// cannot exchange, what was there is moved aside first: killed between, it is the newest kept one, there is
// none at the target, and doing the same again brings it back.
//
// Errors, with everything as it was: data_loss for a kept model that is damaged (ModelDirectory::verify),
// not_found for one that is not kept any more, invalid_argument where `target` may not be replaced,
// unavailable while something is being published there, system errors when its folder cannot be written to.
std::string rollback_model(const std::string& target, const std::string& path);

// Deletes the model that a job published at outcome.target, in one step for whoever looks there. What is
// somebody else's by now, or holds what was not published, stays, and that is true too; as is a folder that
// may not be written to; false when the model is being read, or a publication is under way there.
bool remove_published_model(const Outcome& outcome);

// Removes what a job that did not complete has staged, beside `target` and in its own directory, and the
// publishing lock that it may have died with.
void remove_staged(const std::string& target, const std::string& uuid, const std::string& job_directory);

}  // namespace ostler
