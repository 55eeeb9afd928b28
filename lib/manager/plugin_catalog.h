#pragma once

// ModuleCatalog over directories of plugins, <name>.json manifests beside their shared objects, and the
// modules that the configuration declares.
//
// A declared module that has the name or id of a plugin is an Error (invalid_argument): configuration
// redefines nothing. What cannot be used in a directory - a manifest that cannot be read, a shared object
// that is not there, one of either that others may write to (why_not_trusted) - hides nothing else: it is
// passed over, and faults() tells of it. Opening is thread-safe.

#include <string_view>

#include "lib/core/module_catalog.h"
#include "lib/manager/plugin_loader.h"

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
  std::vector<std::string> faults() const override;
  ModuleManifest find(const std::string& name_or_id) const override;
  ModuleManifest find_to_train(const std::string& name_or_id) const override;
  ModuleManifest find_to_load(const ModuleConfig& config) const override;
  const ModuleClass& open(const ModuleManifest& manifest,
                          const std::string& backend = kLocalBackend) const override;

  // The shared object whose manifest lists the type among its components of the section ("finders",
  // "initializers", "trainers", "job_predictors"); empty where none does. Error (invalid_argument) that names
  // both where two do.
  std::string component_library(const std::string& section, const std::string& type) const;
  // All types of the section that manifests list.
  std::vector<std::string> component_types(const std::string& section) const;
  const std::string& trusted() const { return options_.trusted; }

 private:
  struct Entry;
  // Fills the entry from its manifest's text; Error where it cannot be used.
  void parse(Entry& entry, const std::string& text) const;
  // Every manifest; with `holding`, only those that have this text as a whole JSON string: each submit looks
  // for one module, and does not parse all the others.
  std::vector<Entry> read_all(std::string_view holding = {}) const;

  Options options_;
};

// What open() does, for a worker that has the manifest in its specification and no catalog. `trusted`: as
// open_plugin has it.
const ModuleClass& open_module(const ModuleManifest& manifest, const std::string& backend = kLocalBackend,
                               const std::string& trusted = kTrustAll);

}  // namespace ostler
