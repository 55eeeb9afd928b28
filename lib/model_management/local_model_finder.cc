#include "lib/model_management/local_model_finder.h"

#include "lib/base/files.h"

namespace ostler {

std::unique_ptr<ModelFinderBase> LocalModelFinder::build(const Value& config,
                                                         const std::string& instance_name,
                                                         const ComponentContext& context) {
  check_known_keys(config, {"load_path"}, "the finder \"" + instance_name + "\"");
  const std::string own = config.get_string("load_path");
  const std::string load_path =
      own.empty() ? context.load_path : absolute_path(own, context.working_directory);
  return std::make_unique<LocalModelFinder>(instance_name, load_path, context.working_directory);
}

LocalModelFinder::LocalModelFinder(std::string instance_name, std::string load_path,
                                   std::string working_directory)
    : instance_name_(std::move(instance_name)),
      load_path_(std::move(load_path)),
      working_directory_(std::move(working_directory)) {}

std::optional<FoundModel> LocalModelFinder::find_model(const std::string& model_path, const LoadArguments&,
                                                       std::string& why_not) const {
  const std::string direct = absolute_path(model_path, working_directory_);
  std::vector<std::string> places = {direct};
  if (!model_path.empty() && model_path[0] != '/' && !load_path_.empty())
    places.push_back(absolute_path(model_path, load_path_));
  for (const std::string& place : places) {
    if (!file_status(join_path(place, "config.yml"))) {
      const auto status = file_status(place);
      if (!why_not.empty()) why_not += "; ";
      why_not += !status                                       ? place + " does not exist"
                 : status->type == FileStatus::Type::directory ? place + " has no config.yml"
                                                               : place + " is a file, not a model directory";
      continue;
    }
    ModelDirectory directory = ModelDirectory::open(place);
    ModuleConfig config = directory.config();
    return FoundModel{std::move(config), std::move(directory), instance_name_};
  }
  return std::nullopt;
}

}  // namespace ostler
