#pragma once

// The module that is a program of the user's. How it is declared: declaration.h; what programs may rely on is
// in ostler-modules(7).
//
// train: the program gets OSTLER_PARAMS, a JSON file {"data": [paths], "data_format", "parameters", "cpus"},
// appends progress and metrics to OSTLER_EVENTS, a JSON object a line ({"done": 3, "total": 10, "unit":
// "rounds", "metrics": {"loss": 0.3}}, each key optional), and writes its model into OSTLER_MODEL_DIR. Exit
// status 0 with a model there is success; a config.yml of its own is merged under ours.
//
// run: process_module.h. OSTLER_PARAMS is {"parameters": those of the training, "format", "probabilities",
// "top", "method", "cpus"}, OSTLER_MODEL_DIR the model, to be read only, and both are there as long as the
// program is meant to run.

#include "lib/core/module.h"
#include "lib/core/module_manifest.h"

namespace ostler {

class CommandModuleClass : public ModuleClass {
 public:
  // `manifest` is one that resolve_programs gave.
  explicit CommandModuleClass(ModuleManifest manifest) : manifest_(std::move(manifest)) {}
  std::string module_id() const override { return manifest_.module_id; }
  // Throws ProgramError; failed_precondition where the program is not the one that was resolved.
  std::unique_ptr<Module> train(const TrainRequest& request, TrainReporter& reporter) const override;
  // Starts nothing yet. `backend_config`: {environment: {K: V}, threads: N}.
  std::unique_ptr<Module> load(const LoadRequest& request) const override;

 private:
  ModuleManifest manifest_;
};

}  // namespace ostler
