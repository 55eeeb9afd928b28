#pragma once

// How a model was made, as its config.yml keeps it below `train`:
//
//   job         the training's id
//   parameters  all of them, the seed included
//   data        [{path, size, xxh3}], as they were when the training began
//   data_format
//   validation  {data: [...]} as above, {fraction: 0.2}, or null
//   models      {base_model: tracking id} of the parameters that are models
//   cpus, host, started, duration (seconds, up to when the model was saved)
//   command     the command line that asked for it; values of --env are left out
//   git         {commit, dirty} of the working directory; null where it is in no repository, or git is not
//   there
//
// Versions stand beside it: ostler_version, version (the module's) and library.

#include <string>
#include <vector>

#include "lib/base/value.h"
#include "lib/core/module_manifest.h"
#include "lib/jobs/job_spec.h"

namespace ostler {

// [{path, size, xxh3}]: `paths` are read, `shown` are the names that are kept.
Value checksummed(const std::vector<std::string>& paths, const std::vector<std::string>& shown);

// {commit, dirty}, or null. Runs git, and gives it up after some seconds.
Value git_state(const std::string& directory);

// True when the model of this config.yml was made as `wanted` says: by the same version of the module, with
// the same parameters and models, on data of the same checksums in the same order, measured on the same.
struct WantedTraining {
  const ModuleManifest& module;
  Value parameters;
  std::string data_format;
  std::vector<std::string> data, validation;  // paths
  double validation_fraction = 0;
  Value models = Value::object();
};
bool was_made_so(const Value& config, const WantedTraining& wanted);

}  // namespace ostler
