#pragma once

// The LOCAL trainer: runs a module's training as a background job of this machine.
//
//   {type: LOCAL, config: {max_concurrent: 2, cancel_grace: 10s, retention_duration: 30d}}
//
// max_concurrent: how many of this instance's trainings run at once; null (the default): as many as the cores
// allow. cancel_grace: how long a training may take to end by itself after a cancel, before it is killed;
// default 10s. retention_duration: how long after its end a training is kept; null (the default): for ever.
// Its record, log, and the model in its directory are purged then; delete_saved_models: true has a model at a
// save path deleted too, unless a later training saved there (JOB-7, JOB-19). use_subprocess and
// subprocess_start_method are caikit's; they are accepted and change nothing: the work is always in a process
// of its own (TRN-1).

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
