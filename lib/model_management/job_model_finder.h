#pragma once

// The JOB finder: a model by the id of the training that made it, as the job store knows it.
//
//   {type: JOB}
//
// The id is looked up as everywhere (exact id, external id, prefix of the uuid). A training that did not
// complete is an Error, the one that its result() gives: unavailable (it has not ended), cancelled, aborted.
// The store is opened by find_model alone, so that a finder that is asked first costs nothing when it finds.

#include "lib/model_management/component_context.h"

namespace ostler {

class JobModelFinder : public ModelFinderBase {
 public:
  static std::unique_ptr<ModelFinderBase> build(const Value& config, const std::string& instance_name,
                                                const ComponentContext& context);
  JobModelFinder(std::string instance_name, JobEngine& jobs);
  std::optional<FoundModel> find_model(const std::string& model_path, const LoadArguments& arguments,
                                       std::string& why_not) const override;

 private:
  std::string instance_name_;
  JobEngine& jobs_;
};

}  // namespace ostler
