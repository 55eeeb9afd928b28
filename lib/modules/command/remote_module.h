#pragma once

// A module's plugin in a process of its own (the backend PROCESS): `ostler-job serve` opens the library, and
// what it does to its process happens there.
//
// The two ends are of one ostler. On the child's standard input: a line of JSON that says what to load
// ({manifest, directory, config, path, threads}), which it answers with a line ({"input_columns": [{name,
// kind}], "batch_rows", "methods", "library_version", "target"}, or {"error": {code, message}}); then, when a
// stream begins, a line with the RunOptions; from there on CSV in both directions, as process_module.h says
// (with kNumberMark).

#include "lib/core/module.h"
#include "lib/core/module_manifest.h"

namespace ostler {

class RemoteModuleClass : public ModuleClass {
 public:
  explicit RemoteModuleClass(ModuleManifest manifest) : manifest_(std::move(manifest)) {}
  std::string module_id() const override { return manifest_.module_id; }
  // Trainings have a process of their own already: an Error.
  std::unique_ptr<Module> train(const TrainRequest& request, TrainReporter& reporter) const override;
  // Starts the child, which loads the model; its failure is an Error of the same code here. `backend_config`:
  // {environment: {K: V}, threads: N}.
  std::unique_ptr<Module> load(const LoadRequest& request) const override;

 private:
  ModuleManifest manifest_;
};

// The child's end. `open` gives the class of a plugin. The exit code: 0; 2 for what is wrong with the rows,
// whose message is the last line of standard error; 1 for all else.
int serve_module(const ModuleClass& (*open)(const ModuleManifest&));

Value to_value(const RunOptions& options);
RunOptions run_options_from(const Value& value);

}  // namespace ostler
