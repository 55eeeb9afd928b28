#pragma once

// The one page that lists what is built in: the components by role and type, the configuration's defaults and
// its schema.

#include "lib/base/config.h"
#include "lib/model_management/component_context.h"

namespace ostler {

struct Factories {
  FinderFactory finders{"finder"};
  InitializerFactory initializers{"initializer"};
  TrainerFactory trainers{"trainer"};
  PredictorFactory predictors{"job predictor"};
};
Factories builtin_factories();

// load_path: ./models, and a component of each role named "default", LOCAL but for the finder: that one asks
// "local" (LOCAL), then "jobs" (JOB).
Value default_configuration();
// For load_configuration: which keys there are, beside those of a component's own `config`.
ConfigurationRequest configuration_request();

}  // namespace ostler
