#pragma once

// The LOCAL trainer: runs a module's training as a background job of this machine.
//
//   {type: LOCAL, config: {max_concurrent: 2, cancel_grace: 10s}}
//
// max_concurrent: how many of this instance's trainings run at once; null (the default): as many as the cores
// allow. cancel_grace: how long a training may take to end by itself after a cancel, before it is killed;
// default 10s. use_subprocess and subprocess_start_method are caikit's; they are accepted and change nothing:
// the work is always in a process of its own (TRN-1).

#include "lib/model_management/submission.h"

namespace ostler {

class LocalModelTrainer : public ModelTrainerBase {
 public:
  static std::unique_ptr<ModelTrainerBase> build(const Value& config, const std::string& instance_name,
                                                 const ComponentContext& context);
  LocalModelTrainer(std::string instance_name, InstanceLimits limits, ComponentContext context);
  std::unique_ptr<ModelFuture> train(const ModuleManifest& module, const TrainArguments& arguments) override;
  std::unique_ptr<ModelFuture> get_model_future(const std::string& training_id) const override;

 private:
  std::string instance_name_;
  InstanceLimits limits_;
  ComponentContext context_;
};

}  // namespace ostler
