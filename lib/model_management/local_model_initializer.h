#pragma once

// The LOCAL initializer: makes a model ready to run with the module that its module_id names.
//
//   {type: LOCAL, config: {backend_priority: [{type: LOCAL}, {type: PROCESS, config: {threads: 2}}]}}
//
// `backend_priority` lists the backends to try, in order; null and absent mean [{type: LOCAL}, {type:
// PROCESS}], so that a module runs in this process where it can, and else, as a command module, in one of its
// own. An empty list loads nothing (INI-9). An entry without a type, or of an unknown one, is a configuration
// error with its index (INI-1).
//
// LOCAL runs a module in this process; PROCESS in processes of their own. Their `config` is {threads} (for
// the library's own use; default: what the caller asked for), and of PROCESS {environment: {K: V}}; what a
// module's manifest has for its backend is merged over it (INI-4).
//
// A backend fits when the module's manifest has it and its `loads` the backend that the model was made with
// (`model_backend` in its config.yml, LOCAL where it says none; INI-2). The first that fits loads, and its
// failure is final (INI-7).

#include "lib/model_management/component_context.h"

namespace ostler {

class LocalModelInitializer : public ModelInitializerBase {
 public:
  static std::unique_ptr<ModelInitializerBase> build(const Value& config, const std::string& instance_name,
                                                     const ComponentContext& context);
  struct Backend {
    std::string type;
    Value config;
  };
  LocalModelInitializer(std::string instance_name, std::vector<Backend> backends,
                        const ModuleCatalog& modules);
  std::vector<std::string> backends() const override;
  std::optional<LoadedModel> init(const FoundModel& model, const LoadArguments& arguments,
                                  std::string& why_not) const override;

 private:
  LoadedModel load(const FoundModel& model, const ModuleManifest& manifest, const Backend& backend,
                   const LoadArguments& arguments) const;

  std::string instance_name_;
  std::vector<Backend> backends_;
  const ModuleCatalog& modules_;
};

}  // namespace ostler
