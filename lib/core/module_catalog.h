#pragma once

// The modules that are installed: known from their manifests, opened one at a time when one is needed.

#include <string>
#include <vector>

#include "lib/core/module.h"
#include "lib/core/module_manifest.h"

namespace ostler {

class ModuleCatalog {
 public:
  virtual ~ModuleCatalog() = default;
  // All of them, by name. Reads manifests only.
  virtual std::vector<ModuleManifest> list() const = 0;
  // What could not be used and is therefore not in the list, each with its place and the reason.
  virtual std::vector<std::string> faults() const { return {}; }
  // By short name or module id. Error (not_found) with the nearest name; Error (invalid_argument) that lists
  // both where two modules have one name.
  virtual ModuleManifest find(const std::string& name_or_id) const = 0;
  // The same with a command's programs found and looked at: of the module that is to train, which may also be
  // the path of a script ("./train.py"), and of the one that made a model.
  virtual ModuleManifest find_to_train(const std::string& name_or_id) const { return find(name_or_id); }
  virtual ModuleManifest find_to_load(const ModuleConfig& config) const { return find(config.module_id()); }
  // The class as a backend has it. LOCAL opens the module's library (once in a process; it is never closed),
  // and cannot have a command; PROCESS does its work in processes. Error (failed_precondition) where it
  // cannot be opened or is not what the manifest says. The class lives until the process ends.
  virtual const ModuleClass& open(const ModuleManifest& manifest,
                                  const std::string& backend = kLocalBackend) const = 0;
};

}  // namespace ostler
