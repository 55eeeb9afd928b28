#pragma once

// The LOCAL finder: models are directories.
//
// A model's name is looked for as a path, then under `load_path` (its own, else the top-level one). The first
// of the two that has a config.yml is the model; a directory without one hides nothing (FND-7).
//
//   {type: LOCAL, config: {load_path: models}}

#include "lib/model_management/component_context.h"

namespace ostler {

class LocalModelFinder : public ModelFinderBase {
 public:
  static std::unique_ptr<ModelFinderBase> build(const Value& config, const std::string& instance_name,
                                                const ComponentContext& context);
  LocalModelFinder(std::string instance_name, std::string load_path, std::string working_directory);
  std::optional<FoundModel> find_model(const std::string& model_path, const LoadArguments& arguments,
                                       std::string& why_not) const override;
  // The directories below `load_path` with a config.yml, at any depth. What lies in a model belongs to it;
  // hidden directories are passed over, and a link is followed to a model, but not through other directories.
  std::vector<ListedModel> list_models(std::vector<std::string>& where) const override;

 private:
  void list_below(const std::string& directory, const std::string& name,
                  std::vector<ListedModel>& models) const;

  std::string instance_name_, load_path_, working_directory_;
};

}  // namespace ostler
