#pragma once

// The LOCAL initializer: makes a model ready to run with the module that its module_id names, in this
// process.
//
//   {type: LOCAL, config: {backend_priority: [{type: LOCAL}]}}
//
// `backend_priority` lists the backends to try, in order; null and absent mean [{type: LOCAL}], an empty list
// loads nothing (INI-9). An entry without a type, or of an unknown one, is a configuration error with its
// index (INI-1).

#include "lib/model_management/component_context.h"

namespace ostler {

class LocalModelInitializer : public ModelInitializerBase {
 public:
  static std::unique_ptr<ModelInitializerBase> build(const Value& config, const std::string& instance_name,
                                                     const ComponentContext& context);
  LocalModelInitializer(std::string instance_name, std::vector<std::string> backends,
                        const ModuleCatalog& modules);
  std::optional<LoadedModel> init(const FoundModel& model, const LoadArguments& arguments,
                                  std::string& why_not) const override;

 private:
  std::string instance_name_;
  std::vector<std::string> backends_;
  const ModuleCatalog& modules_;
};

}  // namespace ostler
