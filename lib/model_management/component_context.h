#pragma once

// What the lifecycle's components get beside their own configuration.

#include <functional>
#include <string>
#include <vector>

#include "lib/core/factory.h"
#include "lib/core/model_management.h"
#include "lib/core/module_catalog.h"
#include "lib/jobs/job_engine.h"

namespace ostler {

// The configured instances of a role, for a component that is made of others (priority_list.h). `get` builds
// the instance at its first use and gives the one that the manager owns; it may be called while a component
// is built, and throws Error (invalid_argument) for an unknown name, and for a cycle of instances that are
// made of each other, with its chain.
template <typename Component>
struct Instances {
  std::vector<std::string> names;
  std::function<const Component&(const std::string& name)> get;
};

struct ComponentContext {
  std::string load_path;  // the top-level key, absolute
  std::string working_directory;
  std::vector<std::string> environment;  // "K=V", captured into jobs
  Value archives;                        // the top-level key, for jobs whose model is an archive
  const ModuleCatalog* modules = nullptr;
  JobEngine* jobs = nullptr;
  Instances<ModelFinderBase> finders;
  Instances<ModelInitializerBase> initializers;
};

using FinderFactory = Factory<ModelFinderBase, ComponentContext>;
using InitializerFactory = Factory<ModelInitializerBase, ComponentContext>;
using TrainerFactory = Factory<ModelTrainerBase, ComponentContext>;
using PredictorFactory = Factory<JobPredictorBase, ComponentContext>;

}  // namespace ostler
