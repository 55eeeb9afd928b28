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
  // Opens the module's library (once in a process; it is never closed). Error (failed_precondition) where it
  // cannot be opened or is not what the manifest says. The class lives until the process ends.
  virtual const ModuleClass& open(const ModuleManifest& manifest) const = 0;
};

}  // namespace ostler
