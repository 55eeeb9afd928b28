#pragma once

// The four roles of the lifecycle (caikit.core.model_management): what a finder, an initializer, a trainer
// and a job predictor promise. Implementations are in lib/model_management and are built by a Factory.
//
// Threads: all calls are safe from several threads unless said otherwise. Failures: Error, as each call says.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/core/job.h"
#include "lib/core/model_directory.h"
#include "lib/core/module.h"
#include "lib/core/module_config.h"
#include "lib/core/module_manifest.h"

namespace ostler {

// What a finder found: a configuration, and the directory it was read from when the model is on disk (a
// finder other than LOCAL may know models that are not, FND-6). The directory's shared lock lives as long as
// this.
struct FoundModel {
  ModuleConfig config;
  std::optional<ModelDirectory> directory;
  std::string finder;  // the instance that answered
  // Keeps a model on disk that lies there for this use alone: one that was extracted from an archive.
  std::shared_ptr<const void> keeps = {};
};

// A model of a finder's list.
struct ListedModel {
  std::string name;     // what this finder finds it by
  ModuleConfig config;  // its model_path is known also where the rest is not
  std::string problem;  // why it cannot be read; empty: it can
  std::string finder;
};

// What a caller of load gives beside the model's name. Finder, initializer and the module's load each see all
// of it and heed what they know (MGR-16).
struct LoadArguments {
  int threads = 1;               // for the library's own use inside one run()
  Value more = Value::object();  // a map of the caller's own
};

class ModelFinderBase {
 public:
  virtual ~ModelFinderBase() = default;
  // Nothing when this finder knows no such model, and then `why_not` says where it looked; an Error when
  // there is one that cannot be read.
  virtual std::optional<FoundModel> find_model(const std::string& model_path, const LoadArguments& arguments,
                                               std::string& why_not) const = 0;
  // The models that it can enumerate, by name, broken ones included; none where it cannot (a job's id is no
  // name). `where` says where it looked.
  virtual std::vector<ListedModel> list_models(std::vector<std::string>& /*where*/) const { return {}; }
};

// A module that is ready to run, and how it came to be.
struct LoadedModel {
  std::shared_ptr<const void> keeps;  // as FoundModel's; the module may still read from there
  ModuleConfig config;
  ModuleManifest manifest;
  std::unique_ptr<Module> module;          // null where a job is to run it once it is there
  std::string load_backend;                // INI-8
  Value backend_config = Value::object();  // of the backend, for this module
  std::string finder, initializer;
};

class ModelInitializerBase {
 public:
  virtual ~ModelInitializerBase() = default;
  // Nothing when no backend fits, and then `why_not` says which were tried. Verifies the model's files first.
  // A failure inside the module's load is final and an Error that names the backend (INI-7).
  virtual std::optional<LoadedModel> init(const FoundModel& model, const LoadArguments& arguments,
                                          std::string& why_not) const = 0;
  // The types of the backends that it loads with (MGR-14).
  virtual std::vector<std::string> backends() const { return {}; }
};

// What every submission has in common.
struct JobOptions {
  std::optional<std::string> external_id;  // --id
  IfExists if_exists = IfExists::fail;
  Value command;            // the arguments of the command that asked for it, for status
  std::optional<int> cpus;  // none: the module's default
  int gpus = 0;
  int priority = 0;                    // larger is earlier
  std::vector<std::string> after;      // ids of jobs that must be COMPLETED before it starts
  std::optional<Duration> time_limit;  // from its start to its end: then ERRORED, time_limit
  int retries = 0;                     // further attempts after one that has failed
  Duration retry_delay{};
  std::vector<std::pair<std::string, std::string>> tags;
  std::string group;                     // of jobs that belong together
  std::vector<std::string> environment;  // "K=V", over what is captured
  bool clean_environment = false;        // captured is only what programs need to start
  std::string on_finish;                 // a command for /bin/sh, run after every end
};

struct TrainArguments {
  std::vector<std::string>
      data;                 // paths as given, relative to the working directory; "-": see standard_input
  int standard_input = -1;  // spooled into the job when "-" is among the data
  std::string data_format;  // empty: by extension
  Value parameters = Value::object();
  std::string save_path;  // empty: the model stays in the job's directory (TRN-5)
  bool save_with_id = false;
  std::string model_name;
  // What the model is measured on: files, or a part of the data, drawn by the parameter `seed` (of each class
  // the same part). Not both.
  std::vector<std::string> validation;
  double validation_fraction = 0;
  std::vector<std::string> require;  // conditions (requirement.h) that the model must meet
  std::string keep_best;  // a metric (parse_metric_choice); a worse model does not replace the one there
  int keep_previous = 0;  // how many of the models that were replaced are kept beside the save path
  JobOptions job;
};

class ModelFuture : public JobFutureBase {
 public:
  // The final path, ids included (TRN-3).
  virtual std::string save_path() const = 0;
};

class ModelTrainerBase {
 public:
  virtual ~ModelTrainerBase() = default;
  // Checks everything that can be checked, writes the job down durably, sees that it will be started, and
  // returns. Throws Error (invalid_argument, not_found) with nothing left behind; already_exists when a job
  // of that external id is active.
  virtual std::unique_ptr<ModelFuture> train(const ModuleManifest& module,
                                             const TrainArguments& arguments) = 0;
  // Error (not_found) where there is no such training.
  virtual std::unique_ptr<ModelFuture> get_model_future(const std::string& training_id) const = 0;
};

struct PredictArguments {
  std::vector<std::string> data;
  int standard_input = -1;
  std::string input_format, output_format;  // empty: by extension, else as the model was trained
  std::string output;                       // empty: in the job's directory
  Value keep;                               // list of columns, the text "all", or null
  bool probabilities = false;
  int top = 0;
  std::string on_error = "fail";  // fail, skip, null
  std::string method = "run";
  JobOptions job;
};

class PredictionFuture : public JobFutureBase {};

class JobPredictorBase {
 public:
  virtual ~JobPredictorBase() = default;
  // As ModelTrainerBase::train; the model is opened again in the job's own process, from
  // `model.config.model_path()`.
  virtual std::unique_ptr<PredictionFuture> predict(const LoadedModel& model,
                                                    const PredictArguments& arguments) = 0;
  virtual std::unique_ptr<PredictionFuture> get_prediction_future(const std::string& prediction_id) const = 0;
};

}  // namespace ostler
