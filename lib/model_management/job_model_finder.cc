#include "lib/model_management/job_model_finder.h"

#include <fmt/format.h>

#include "lib/base/files.h"
namespace ostler {

std::unique_ptr<ModelFinderBase> JobModelFinder::build(const Value& config, const std::string& instance_name,
                                                       const ComponentContext& context) {
  check_known_keys(config, {}, "the finder \"" + instance_name + "\"");
  return std::make_unique<JobModelFinder>(instance_name, *context.jobs);
}

JobModelFinder::JobModelFinder(std::string instance_name, JobEngine& jobs)
    : instance_name_(std::move(instance_name)), jobs_(jobs) {}

std::optional<FoundModel> JobModelFinder::find_model(const std::string& model_path, const LoadArguments&,
                                                     std::string& why_not) const {
  std::string uuid;
  try {
    uuid = jobs_.resolve(model_path);
  } catch (const Error& error) {
    if (error.code() != StatusCode::not_found) throw;
    why_not = "there is no job " + model_path + " in the store " + jobs_.home();
    return std::nullopt;
  }
  const JobInfo info = jobs_.get_info(uuid);
  if (info.kind != JobKind::train) {
    why_not = "job " + info.id + " is a prediction: it made no model";
    return std::nullopt;
  }
  if (!is_terminal(info.status))
    throw Error(
        StatusCode::unavailable,
        fmt::format("job {} has not ended, so there is no model yet: it is {}; ostler wait {} waits for it",
                    info.id, job_status_name(info.status), shell_quote(info.id)));
  throw_if_not_completed(info);
  const std::string path = info.result.value_or("");
  if (!file_status(join_path(path, "config.yml")))
    throw not_found(fmt::format("the model of job {} is gone: {} has no config.yml any more", info.id, path));
  ModelDirectory directory = ModelDirectory::open(path);
  ModuleConfig config = directory.config();
  return FoundModel{std::move(config), std::move(directory), instance_name_};
}

}  // namespace ostler
