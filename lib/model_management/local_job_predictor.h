#pragma once

// The LOCAL job predictor: runs a model over data as a background job of this machine.
//
//   {type: LOCAL, config: {result_dir: results, max_concurrent: 2, cancel_grace: 10s,
//                         retention_duration: 1d}}
//
// The rows go to the output that was named, else to <result_dir>/<uuid>/result.<format>, else (no result_dir)
// into the job's directory. The latter two are purged with the job, a named output never. The other keys are
// the LOCAL trainer's.

#include "lib/model_management/submission.h"

namespace ostler {

class LocalJobPredictor : public JobPredictorBase {
 public:
  static std::unique_ptr<JobPredictorBase> build(const Value& config, const std::string& instance_name,
                                                 const ComponentContext& context);
  LocalJobPredictor(std::string instance_name, InstanceLimits limits, std::string result_dir,
                    ComponentContext context);
  std::unique_ptr<PredictionFuture> predict(const LoadedModel& model,
                                            const PredictArguments& arguments) override;
  std::unique_ptr<PredictionFuture> get_prediction_future(const std::string& prediction_id) const override;

 private:
  std::string instance_name_;
  InstanceLimits limits_;
  std::string result_dir_;
  ComponentContext context_;
};

}  // namespace ostler
