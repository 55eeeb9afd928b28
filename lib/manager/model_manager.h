#pragma once

// The library's front door (caikit's ModelManager): finders, initializers, trainers and job predictors by
// instance name, as the configuration declares them, or given by value.
//
// Components are built at their first use, once (MGR-1). Nothing is opened before it is needed: find and load
// touch no job store, status touches no module. Thread-safe. Failures are Errors: invalid_argument (the
// configuration, the user's words; nothing was touched), not_found (an instance, model, module or job; with
// the nearest name), and what the components say.
//
// In a program that embeds it: no signal handler is installed, the program is never
// executed again and no child of its own is waited for; jobs are processes of their own, started by
// ostler-job from the installed prefix (lib/base/install.h). The manager outlives its futures; models outlive
// the manager.

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/config.h"
#include "lib/core/plugin.h"
#include "lib/manager/builtin_components.h"
#include "lib/manager/plugin_catalog.h"
#include "lib/manager/singleton_cache.h"

namespace ostler {

// Which component: the configured instance of that name, or this one (MGR-12), which the caller keeps alive
// as long as what it gives is used.
template <typename Component>
class ComponentChoice {
 public:
  ComponentChoice(const char* instance) : instance_(instance) {}
  ComponentChoice(std::string instance) : instance_(std::move(instance)) {}
  ComponentChoice(Component& component) : component_(&component) {}
  const std::string& instance() const { return instance_; }
  Component* component() const { return component_; }

 private:
  std::string instance_;
  Component* component_ = nullptr;
};
using FinderChoice = ComponentChoice<const ModelFinderBase>;
using InitializerChoice = ComponentChoice<const ModelInitializerBase>;
using TrainerChoice = ComponentChoice<ModelTrainerBase>;
using PredictorChoice = ComponentChoice<JobPredictorBase>;

class ModelManager {
 public:
  struct Options {
    // Instead of configuration files and variables: a map of the keys that a file may have, over the built-in
    // defaults. Value::object() means the defaults.
    std::optional<Value> configuration;
    std::optional<std::string> config_file;  // --config
    std::optional<std::string>
        home;                       // --home; else OSTLER_HOME, $XDG_STATE_HOME/ostler, ~/.local/state/ostler
    std::string working_directory;  // empty: this process's
    std::optional<std::vector<std::string>> environment;  // none: this process's
  };
  // Reads the configuration. Its warnings are for the user to see.
  explicit ModelManager(const Options& options);
  ModelManager(const ModelManager&) = delete;
  ModelManager& operator=(const ModelManager&) = delete;

  // The model by path or by name under load_path. Error (not_found) with each place that was looked at.
  FoundModel find_model(const std::string& model_path, const FinderChoice& finder = "default",
                        const LoadArguments& arguments = {});
  // Finds and initializes; ready to run.
  LoadedModel load(const std::string& model_path, const FinderChoice& finder = "default",
                   const InitializerChoice& initializer = "default", const LoadArguments& arguments = {});
  // The one instance for this path text, loaded at the first call, whatever finder and initializer later
  // calls name (MGR-7). It lives as long as anybody has it.
  std::shared_ptr<const LoadedModel> load_singleton(const std::string& model_path,
                                                    const FinderChoice& finder = "default",
                                                    const InitializerChoice& initializer = "default",
                                                    const LoadArguments& arguments = {});
  // Path text to module name of what load_singleton keeps; clearing forgets it.
  std::map<std::string, std::string> get_singleton_model_cache_info() const { return singletons_.list(); }
  void clear_singleton_cache() { singletons_.clear(); }
  // A model as it is; whatever else load() takes, loaded (MGR-13).
  LoadedModel resolve_and_load(LoadedModel model) { return model; }
  LoadedModel resolve_and_load(const std::string& model_path) { return load(model_path); }

  // Starts a training in the background; `module` is a short name or a module id. With `wait` it returns once
  // the job is terminal, however it ended.
  std::unique_ptr<ModelFuture> train(const std::string& module, const TrainArguments& arguments,
                                     const TrainerChoice& trainer = "default", bool wait = false);
  std::unique_ptr<PredictionFuture> start_prediction_job(const LoadedModel& model,
                                                         const PredictArguments& arguments,
                                                         const PredictorChoice& predictor = "default",
                                                         bool wait = false);
  // The handle of any earlier job of the kind, from any process (JOB-13, MGR-9), given by the instance that
  // the store names for it. An id that the store does not know is asked of the instance that it un-hashes to.
  std::unique_ptr<ModelFuture> get_model_future(const std::string& training_id);
  std::unique_ptr<PredictionFuture> get_prediction_future(const std::string& prediction_id);

  // Module id to class name of every module (MGR-11).
  std::map<std::string, std::string> get_valid_module_ids() const;
  const ModuleCatalog& modules() const { return *catalog_; }
  JobEngine& jobs() { return *engine_; }
  const Configuration& configuration() const { return configuration_; }
  const std::string& load_path() const { return context_.load_path; }
  const std::string& working_directory() const { return context_.working_directory; }

 private:
  template <typename Component>
  Component& component(std::map<std::string, std::unique_ptr<Component>>& built,
                       Factory<Component, ComponentContext>& factory,
                       std::vector<ComponentType<Component>> Plugin::*brought, const std::string& section,
                       const std::string& role, const std::string& instance);
  const ModelFinderBase& finder(const FinderChoice& choice);
  const ModelInitializerBase& initializer(const InitializerChoice& choice);
  ModelTrainerBase& trainer(const TrainerChoice& choice);
  JobPredictorBase& predictor(const PredictorChoice& choice);
  std::string instance_of(const std::string& job_id, const std::string& section);

  Configuration configuration_;
  Factories factories_ = builtin_factories();
  std::unique_ptr<PluginCatalog> catalog_;
  std::unique_ptr<JobEngine> engine_;
  ComponentContext context_;
  std::recursive_mutex mutex_;  // guards the maps of built components
  std::map<std::string, std::unique_ptr<ModelFinderBase>> finders_;
  std::map<std::string, std::unique_ptr<ModelInitializerBase>> initializers_;
  std::map<std::string, std::unique_ptr<ModelTrainerBase>> trainers_;
  std::map<std::string, std::unique_ptr<JobPredictorBase>> predictors_;
  SingletonCache singletons_;
};

// Where the store is: `home` when given, else OSTLER_HOME, else $XDG_STATE_HOME/ostler, else
// ~/.local/state/ostler (the user's home from HOME, else from the password file). Absolute. Error
// (failed_precondition) when none can be told.
std::string store_home(const std::optional<std::string>& home, const std::vector<std::string>& environment,
                       const std::string& working_directory);

}  // namespace ostler
