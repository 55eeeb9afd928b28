// Models that were replaced and kept (publish.h): which there are, and bringing one back.

#include <unistd.h>

#include <cerrno>

#include "lib/base/error.h"
#include "lib/core/model_directory.h"
#include "lib/jobs/publish.h"
#include "lib/jobs/replace_model.h"
#include "lib/jobs/test_point.h"

namespace ostler {

namespace {

constexpr Duration kPatience = std::chrono::seconds(2);

// Held while it is moved: so it is not discarded meanwhile by a publication that keeps fewer.
ModelDirectory open_whole(const std::string& path) {
  try {
    ModelDirectory model = ModelDirectory::open(path);
    model.verify();
    return model;
  } catch (const Error& error) {
    if (error.code() != StatusCode::invalid_argument) throw;
    throw Error(StatusCode::data_loss, error.what());
  }
}

bool is_empty_or_absent(const std::string& target) {
  return !file_status(target, Links::keep) || list_directory(target).empty();
}

void take_kept(const std::string& path, const std::string& to) {
  if (::rename(path.c_str(), to.c_str()) == 0) return;
  if (errno == ENOENT) throw not_found("the model " + path + " is not kept any more");
  throw system_error(errno, "cannot rename " + path + " to " + to);
}

}  // namespace

std::vector<PreviousModel> previous_models(const std::string& target) {
  std::vector<PreviousModel> models;
  for (const KeptModel& kept : kept_models(target)) {
    PreviousModel& model = models.emplace_back();
    model.path = kept.path;
    model.replaced = kept.replaced;
    try {
      model.config.set_model_path(kept.path);
      const ModelDirectory directory = ModelDirectory::open(kept.path);
      model.config = ModuleConfig::load(kept.path);
      directory.verify_sizes();
    } catch (const Error& error) {
      model.problem = error.what();
    }
  }
  return models;
}

std::string rollback_model(const std::string& target, const std::string& path) {
  const ModelDirectory model = open_whole(path);
  const std::string folder = parent_path(target);
  if (::access(folder.c_str(), W_OK | X_OK) != 0) throw system_error(errno, "cannot write to " + folder);
  const PublishLock lock = PublishLock::take(target, kPatience);
  if (const std::string why_not = why_not_replaceable(target); !why_not.empty())
    throw invalid_argument("cannot bring a model back to " + target + ": " + why_not);
  std::string replaced;
  if (is_empty_or_absent(target)) {
    take_kept(path, target);
  } else {
    // The name under which the other one is to be kept, first: whatever ends this process between the two
    // steps, it can be brought back by doing the same again.
    replaced = previous_path(target);
    take_kept(path, replaced);
    test_point("rollback:renamed");
    if (!exchange_directories(replaced, target)) {
      const std::string aside = previous_path(target);
      rename_path(target, aside);
      test_point("rollback:between");
      rename_path(replaced, target);
      replaced = aside;
    }
  }
  test_point("rollback:exchanged");
  fsync_directory(folder);
  discard_discarded(target);
  return replaced;
}

}  // namespace ostler
