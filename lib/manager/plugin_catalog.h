#pragma once

// ModuleCatalog over directories of plugins: <name>.json manifests beside their shared objects.
//
// A manifest or shared object that others may write to is refused (why_not_trusted). Opening is thread-safe.

#include "lib/core/module_catalog.h"

namespace ostler {

class PluginCatalog : public ModuleCatalog {
 public:
  // The directories in order; one that is not there is passed over. `trusted`: the value of OSTLER_TRUST.
  PluginCatalog(std::vector<std::string> directories, std::string trusted);
  std::vector<ModuleManifest> list() const override;
  ModuleManifest find(const std::string& name_or_id) const override;
  const ModuleClass& open(const ModuleManifest& manifest) const override;

 private:
  std::vector<std::string> manifest_paths() const;

  std::vector<std::string> directories_;
  std::string trusted_;
};

// What open() does, for a worker that has the manifest in its specification and no catalog.
const ModuleClass& open_module(const ModuleManifest& manifest);

}  // namespace ostler
