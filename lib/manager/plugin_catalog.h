#pragma once

// ModuleCatalog over directories of plugins, <name>.json manifests beside their shared objects, and the
// modules that the configuration declares.
//
// A manifest, shared object or program that others may write to is refused (why_not_trusted). A declared
// module that has the name or id of a plugin is an Error (invalid_argument): configuration redefines nothing.
// Opening is thread-safe.

#include "lib/core/module_catalog.h"

namespace ostler {

class PluginCatalog : public ModuleCatalog {
 public:
  struct Options {
    std::vector<std::string> directories;  // in order; one that is not there is passed over
    std::string trusted;                   // the value of OSTLER_TRUST
    Value declared;                        // `modules` of the configuration, or null
    std::string working_directory;         // of scripts in place of modules
    std::string path;                      // where programs are looked for
    bool trust_code = false;               // a model may name its own programs
  };
  explicit PluginCatalog(Options options) : options_(std::move(options)) {}
  std::vector<ModuleManifest> list() const override;
  ModuleManifest find(const std::string& name_or_id) const override;
  ModuleManifest find_to_train(const std::string& name_or_id) const override;
  ModuleManifest find_to_load(const ModuleConfig& config) const override;
  const ModuleClass& open(const ModuleManifest& manifest,
                          const std::string& backend = kLocalBackend) const override;

 private:
  std::vector<std::string> manifest_paths() const;

  Options options_;
};

// What open() does, for a worker that has the manifest in its specification and no catalog.
const ModuleClass& open_module(const ModuleManifest& manifest, const std::string& backend = kLocalBackend);

}  // namespace ostler
