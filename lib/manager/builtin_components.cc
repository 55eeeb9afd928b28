#include "lib/manager/builtin_components.h"

#include "lib/model_management/local_job_predictor.h"
#include "lib/model_management/local_model_finder.h"
#include "lib/model_management/local_model_initializer.h"
#include "lib/model_management/local_model_trainer.h"

namespace ostler {

Factories builtin_factories() {
  Factories factories;
  factories.finders.register_type("LOCAL", LocalModelFinder::build);
  factories.initializers.register_type("LOCAL", LocalModelInitializer::build);
  factories.trainers.register_type("LOCAL", LocalModelTrainer::build);
  factories.predictors.register_type("LOCAL", LocalJobPredictor::build);
  return factories;
}

Value default_configuration() {
  const Value local = Value::object({{"default", Value::object({{"type", "LOCAL"}})}});
  Value values = Value::object(
      {{"load_path", "./models"},
       {"module_directories", Value::array()},
       {"model_management",
        Value::object(
            {{"trainers", local}, {"job_predictors", local}, {"finders", local}, {"initializers", local}})}});
  return values;
}

ConfigurationRequest configuration_request() {
  const auto role = [](std::initializer_list<const char*> keys) {
    Value config = Value::object({{"~", true}});
    for (const char* key : keys) config[key] = nullptr;
    return Value::object(
        {{"*", Value::object({{"type", nullptr}, {"config", config}, {"plugin", nullptr}})}});
  };
  ConfigurationRequest request;
  request.defaults = default_configuration();
  request.schema = Value::object(
      {{"load_path", nullptr},
       {"module_directories", nullptr},
       {"model_management",
        Value::object({{"trainers", role({"max_concurrent", "cancel_grace", "use_subprocess",
                                          "subprocess_start_method"})},
                       {"job_predictors", role({"result_dir", "max_concurrent", "cancel_grace"})},
                       {"finders", role({"load_path"})},
                       {"initializers", role({"backend_priority"})}})}});
  request.ignored_keys = {"runtime",          "log",         "environment",
                          "merge_strategy",   "jvm_options", "module_backends",
                          "inference_plugin", "training"};
  request.code_keys = {"module_directories", "model_management.*.*.plugin"};
  return request;
}

}  // namespace ostler
