#pragma once

// What the lifecycle's components get beside their own configuration.

#include <string>
#include <vector>

#include "lib/core/factory.h"
#include "lib/core/model_management.h"
#include "lib/core/module_catalog.h"
#include "lib/jobs/job_engine.h"

namespace ostler {

struct ComponentContext {
  std::string load_path;  // the top-level key, absolute
  std::string working_directory;
  std::vector<std::string> environment;  // "K=V", captured into jobs
  const ModuleCatalog* modules = nullptr;
  JobEngine* jobs = nullptr;
};

using FinderFactory = Factory<ModelFinderBase, ComponentContext>;
using InitializerFactory = Factory<ModelInitializerBase, ComponentContext>;
using TrainerFactory = Factory<ModelTrainerBase, ComponentContext>;
using PredictorFactory = Factory<JobPredictorBase, ComponentContext>;

}  // namespace ostler
