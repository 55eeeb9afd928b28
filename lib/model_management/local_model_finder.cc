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

std::vector<ListedModel> LocalModelFinder::list_models(std::vector<std::string>& where) const {
  where.push_back(load_path_);
  std::vector<ListedModel> models;
  if (is_directory(load_path_)) list_below(load_path_, "", models);
  return models;
}

void LocalModelFinder::list_below(const std::string& directory, const std::string& name,
                                  std::vector<ListedModel>& models) const {
  const auto add = [&](const std::string& path, const std::string& as, ModuleConfig config,
                       std::string problem) {
    config.set_model_path(path);
    models.push_back({as, std::move(config), std::move(problem), instance_name_});
  };
  std::vector<std::string> entries;
  try {
    entries = list_directory(directory);
  } catch (const Error& error) {
    add(directory, name.empty() ? "." : name, {}, error.what());
    return;
  }
  for (const std::string& entry : entries) {
    if (entry[0] == '.') continue;
    const std::string path = join_path(directory, entry);
    const std::string below = name.empty() ? entry : join_path(name, entry);
    try {
      if (file_status(join_path(path, "config.yml"))) {
        add(path, below, ModuleConfig::load(path), "");
        continue;
      }
    } catch (const Error& error) {
      // One that was replaced or removed at this moment is no model any more.
      if (error.code() != StatusCode::not_found) add(path, below, {}, error.what());
      continue;
    }
    const auto status = file_status(path, Links::keep);
    if (status && status->type == FileStatus::Type::directory) list_below(path, below, models);
  }
}

}  // namespace ostler
