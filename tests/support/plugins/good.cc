// A plugin of all four kinds of components; never installed.

#include "lib/core/plugin.h"

#include "lib/model_management/local_job_predictor.h"
#include "lib/model_management/local_model_finder.h"
#include "lib/model_management/local_model_initializer.h"
#include "lib/model_management/local_model_trainer.h"

namespace {

// Knows one model, whatever is asked for.
class NightlyFinder : public ostler::ModelFinderBase {
 public:
  NightlyFinder(std::string model, const std::string& instance_name)
      : model_(std::move(model)), local_(instance_name, "", "/") {}
  std::optional<ostler::FoundModel> find_model(const std::string&, const ostler::LoadArguments& arguments,
                                               std::string& why_not) const override {
    return local_.find_model(model_, arguments, why_not);
  }

 private:
  std::string model_;
  ostler::LocalModelFinder local_;
};

std::unique_ptr<ostler::ModelFinderBase> build_nightly(const ostler::Value& config,
                                                       const std::string& instance_name,
                                                       const ostler::ComponentContext&) {
  ostler::check_known_keys(config, {"model"}, "the finder \"" + instance_name + "\"");
  return std::make_unique<NightlyFinder>(config.at("model").as_string("model"), instance_name);
}

}  // namespace

extern "C" const ostler::Plugin* ostler_plugin() {
  static const ostler::Plugin plugin{.finders = {{"NIGHTLY", build_nightly}, {"LOCAL", build_nightly}},
                                     .initializers = {{"QUIET", ostler::LocalModelInitializer::build}},
                                     .trainers = {{"SLOW", ostler::LocalModelTrainer::build}},
                                     .job_predictors = {{"FAR", ostler::LocalJobPredictor::build}}};
  return &plugin;
}
