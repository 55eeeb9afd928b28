#include "lib/manager/builtin_components.h"

#include "lib/manager/model_archive.h"
#include "lib/model_management/job_model_finder.h"
#include "lib/model_management/local_job_predictor.h"
#include "lib/model_management/local_model_finder.h"
#include "lib/model_management/local_model_initializer.h"
#include "lib/model_management/local_model_trainer.h"
#include "lib/model_management/multi_model_finder.h"
#include "lib/model_management/multi_model_initializer.h"

namespace ostler {

Factories builtin_factories() {
  Factories factories;
  factories.finders.register_type("LOCAL", LocalModelFinder::build);
  factories.finders.register_type("MULTI", MultiModelFinder::build);
  factories.finders.register_type("JOB", JobModelFinder::build);
  factories.initializers.register_type("LOCAL", LocalModelInitializer::build);
  factories.initializers.register_type("MULTI", MultiModelInitializer::build);
  factories.trainers.register_type("LOCAL", LocalModelTrainer::build);
  factories.predictors.register_type("LOCAL", LocalJobPredictor::build);
  return factories;
}

Value default_configuration() {
  const ArchiveLimits limits;
  const Value local = Value::object({{"default", Value::object({{"type", "LOCAL"}})}});
  const Value finders = Value::object(
      {{"default",
        Value::object({{"type", "MULTI"},
                       {"config", Value::object({{"finder_priority", Value::array({"local", "jobs"})}})}})},
       {"local", Value::object({{"type", "LOCAL"}})},
       {"jobs", Value::object({{"type", "JOB"}})}});
  return Value::object(
      {{"load_path", "./models"},
       {"module_directories", Value::array()},
       {"archives", Value::object({{"max_bytes", limits.max_bytes}, {"max_files", limits.max_files}})},
       {"pool", Value::object({{"cpus", nullptr}, {"gpus", nullptr}})},
       {"model_management", Value::object({{"trainers", local},
                                           {"job_predictors", local},
                                           {"finders", finders},
                                           {"initializers", local}})}});
}

ConfigurationRequest configuration_request() {
  const auto role = [](std::initializer_list<const char*> keys) {
    Value config = Value::object({{"~", true}});
    for (const char* key : keys) config[key] = nullptr;
    return Value::object(
        {{"*", Value::object({{"type", nullptr}, {"config", config}, {"plugin", nullptr}})}});
  };
  // Every member of a declared module's config is checked where it is read.
  Value module = Value::object({{"~", true}});
  for (const char* key : {"train", "run", "module_id", "parameters", "format", "prediction", "environment",
                          "code", "cpus", "input", "version", "task", "description", "backends"})
    module[key] = nullptr;
  ConfigurationRequest request;
  request.defaults = default_configuration();
  request.schema = Value::object(
      {{"load_path", nullptr},
       {"module_directories", nullptr},
       {"modules", Value::object({{"*", Value::object({{"type", nullptr}, {"config", module}})}})},
       {"archives", Value::object({{"max_bytes", nullptr}, {"max_files", nullptr}})},
       {"pool", Value::object({{"cpus", nullptr}, {"gpus", Value::object({{"~", true}})}})},
       {"model_management",
        Value::object(
            {{"trainers", role({"max_concurrent", "cancel_grace", "retention_duration", "delete_saved_models",
                                "on_lost", "max_requeues", "use_subprocess", "subprocess_start_method"})},
             {"job_predictors", role({"result_dir", "max_concurrent", "cancel_grace", "retention_duration",
                                      "on_lost", "max_requeues"})},
             {"finders", role({"load_path", "finder_priority"})},
             {"initializers", role({"backend_priority", "initializer_priority"})}})}});
  request.ignored_keys = {"runtime",          "log",         "environment",
                          "merge_strategy",   "jvm_options", "module_backends",
                          "inference_plugin", "training"};
  request.code_keys = {"module_directories", "modules", "model_management.*.*.plugin"};
  return request;
}

}  // namespace ostler
