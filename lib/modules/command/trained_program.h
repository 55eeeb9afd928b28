#pragma once

// A training by a program: what it is given, what it reports, and the model that it leaves.

#include <memory>
#include <string>
#include <vector>

#include "lib/core/module.h"
#include "lib/core/module_manifest.h"
#include "lib/modules/command/program.h"

namespace ostler {

// "the program train.py of module churn": the script that `role` runs, else the program.
std::string program_name(const ModuleManifest& manifest, const std::string& role);

// Order of calls: prepare, watch (which returns when the program has ended), model.
class TrainedProgram {
 public:
  // Files lie in `directory`: params.json, events, model/; and, where the request chooses rows of its files,
  // train.<format> and validation.<format> with those rows.
  TrainedProgram(const ModuleManifest& manifest, std::string directory);
  void prepare(const TrainRequest& request, std::vector<std::string>& environment);
  void watch(Program& program, TrainReporter& reporter);
  // Throws Error where the program has written no model, or one that holds a link or what is no file.
  std::unique_ptr<Module> model() const;

 private:
  // Members data, validation and data_format of params.json.
  Value data_for_program(const TrainRequest& request) const;
  void read_events(TrainReporter& reporter, bool to_the_end);
  void take_event(std::string_view line, TrainReporter& reporter);

  const ModuleManifest& manifest_;
  std::string directory_, events_path_, model_directory_;
  UniqueFd events_;
  std::string rest_;  // of a line that is not all there
  Value metrics_ = Value::object();
};

}  // namespace ostler
