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
#include "lib/jobs/publish.h"
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
    bool trust_code = false;                              // a model may name its own programs (--trust-code)
    // The configuration's faults are not thrown by the constructor but told by initialize_components, with
    // those of the components: for who wants to know them all.
    bool keep_faults = false;
  };
  // Reads the configuration. Its warnings are for the user to see.
  explicit ModelManager(const Options& options);
  ModelManager(const ModelManager&) = delete;
  ModelManager& operator=(const ModelManager&) = delete;

  // Builds every configured component, and reads the manifest of every installed module (MGR-1). One Error
  // (invalid_argument) tells every fault, one a line.
  void initialize_components();

  // What the finder makes of `model_path`: as a rule a path, a name under load_path or a training's id. Error
  // (not_found) with each place that was looked at.
  //
  // A zip archive, at that path or under load_path, is extracted for as long as the result lives, and what
  // the finder is asked for is that directory: any finder finds it, nested or not (MGR-4, MGR-18). Errors of
  // model_archive.h.
  FoundModel find_model(const std::string& model_path, const FinderChoice& finder = "default",
                        const LoadArguments& arguments = {});
  // The models that the finder can enumerate; `where` says where it looked.
  std::vector<ListedModel> list_models(std::vector<std::string>& where,
                                       const FinderChoice& finder = "default");
  // Finds and initializes; ready to run.
  LoadedModel load(const std::string& model_path, const FinderChoice& finder = "default",
                   const InitializerChoice& initializer = "default", const LoadArguments& arguments = {});
  // The same of an archive's bytes, or of what comes out of a descriptor up to its end.
  LoadedModel load_archive(std::string_view zip, const FinderChoice& finder = "default",
                           const InitializerChoice& initializer = "default",
                           const LoadArguments& arguments = {});
  LoadedModel load_archive(int fd, const std::string& name, const FinderChoice& finder = "default",
                           const InitializerChoice& initializer = "default",
                           const LoadArguments& arguments = {});
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

  // Extracts the model of a zip archive to `directory` and gives its absolute path. A directory that is there
  // is left as it is, unless with `force_overwrite` (MGR-10): then it must be one that a model may replace
  // (why_not_replaceable). All or nothing.
  std::string extract(const std::string& zip_path, const std::string& directory,
                      bool force_overwrite = false);
  // Writes a model as a zip archive that load takes back (MDL-4), by name or to a descriptor. A file that is
  // there is not replaced: Error (invalid_argument). All or nothing.
  void export_model(const FoundModel& model, const std::string& zip_path);
  void export_model(const FoundModel& model, int fd, const std::string& name);
  // Saves a loaded model at `path`, where a model may be replaced; `created` and `tracking_id` stay (MDL-2).
  void save(const LoadedModel& model, const std::string& path);

  // Where a model is, or was and others are kept that it has replaced: at `model_path`, else below load_path.
  // Error (not_found) with both places.
  std::string place_of_model(const std::string& model_path) const;
  // Those that are kept at a place, the newest first, and bringing one back (publish.h).
  std::vector<PreviousModel> previous_models(const std::string& place) const;
  std::string rollback(const std::string& place, const PreviousModel& model);

  // The files that a user's data means: directories and patterns become the files in them (data_files.h). For
  // who reads them himself; train and start_prediction_job do it.
  std::vector<std::string> expand_data(const std::vector<std::string>& given,
                                       const std::string& format) const;

  // The model at the training's save path, where that was made from the same data (by checksum), with the
  // same parameters, validation, models and version of the same module: training again would say nothing new.
  // Nothing where it was not, where there is no such model, or where it is damaged. Error (invalid_argument)
  // without a save path and for standard input; otherwise as train().
  struct UnchangedModel {
    std::string model_path;
    std::optional<JobInfo> job;         // that made it, where the store still knows it
    std::vector<std::string> failures;  // what is required of it now, and not met by its metrics
  };
  std::optional<UnchangedModel> find_unchanged(const std::string& module, const TrainArguments& arguments);

  // Starts a training in the background; `module` is a short name or a module id. With `wait` it returns once
  // the job is terminal, however it ended.
  std::unique_ptr<ModelFuture> train(const std::string& module, const TrainArguments& arguments,
                                     const TrainerChoice& trainer = "default", bool wait = false);
  std::unique_ptr<PredictionFuture> start_prediction_job(const LoadedModel& model,
                                                         const PredictArguments& arguments,
                                                         const PredictorChoice& predictor = "default",
                                                         bool wait = false);
  // The model that a training which has not ended is to make, where `model_path` is that one's id; else
  // nothing. For start_prediction_job alone, with the training among the job's `after` (which this adds): it
  // has no `module` to run, and whether data and options fit it is found out by the job.
  std::optional<LoadedModel> model_to_come(const std::string& model_path, JobOptions& job);
  // The handle of any earlier job of the kind, from any process (JOB-13, MGR-9), given by the instance that
  // the store names for it. An id that the store does not know is asked of the instance that it un-hashes to.
  std::unique_ptr<ModelFuture> get_model_future(const std::string& training_id);
  std::unique_ptr<PredictionFuture> get_prediction_future(const std::string& prediction_id);

  // The types of the backends of all configured initializers, each once (MGR-14).
  std::vector<std::string> get_module_backends();

  // Module id to class name of every module (MGR-11).
  std::map<std::string, std::string> get_valid_module_ids() const;
  const ModuleCatalog& modules() const { return *catalog_; }
  JobEngine& jobs() { return *engine_; }
  const Configuration& configuration() const { return configuration_; }
  const std::string& load_path() const { return context_.load_path; }
  const std::string& working_directory() const { return context_.working_directory; }

 private:
  FoundModel find_in_archive(int zip, const std::string& name, const FinderChoice& finder,
                             const LoadArguments& arguments);
  LoadedModel initialize(FoundModel found, const InitializerChoice& initializer,
                         const LoadArguments& arguments);
  template <typename Component, typename Choice>
  Instances<Component> instances(const std::string& section,
                                 const Component& (ModelManager::*get)(const Choice&));
  template <typename Component>
  Component& component(std::map<std::string, std::unique_ptr<Component>>& built,
                       Factory<Component, ComponentContext>& factory,
                       std::vector<ComponentType<Component>> Plugin::*brought, const std::string& section,
                       const std::string& role, const std::string& instance);
  const ModelFinderBase& finder(const FinderChoice& choice);
  const ModelInitializerBase& initializer(const InitializerChoice& choice);
  ModelTrainerBase& trainer(const TrainerChoice& choice);
  JobPredictorBase& predictor(const PredictorChoice& choice);
  // Absolute; of a parameter of a training that is a model (TRN-7).
  std::string directory_of_model(const std::string& model_path, const std::string& parameter);
  std::string instance_of(const std::string& job_id, const std::string& section);

  std::vector<std::string> faults_;  // with keep_faults
  Configuration configuration_;
  Factories factories_ = builtin_factories();
  std::unique_ptr<PluginCatalog> catalog_;
  std::unique_ptr<JobEngine> engine_;
  ComponentContext context_;
  std::recursive_mutex mutex_;  // guards what follows
  std::vector<std::string>
      building_;  // "finder default", ...: components under construction, outermost first
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
