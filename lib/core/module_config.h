#pragma once

// A model directory's config.yml (caikit's ModuleConfig).
//
// Keys that a saved model has (lifecycle row MDL-1): ostler_version, created, saved, name, tracking_id,
// module_id, module_class, version, then `train` (parameters, data), `metrics`, `files` (the manifest: each
// file's size and XXH3 checksum) and the module's own keys. caikit reads the first eight; we read caikit's.

#include <string>
#include <utility>
#include <vector>

#include "lib/base/value.h"

namespace ostler {

class ModuleConfig {
 public:
  ModuleConfig() = default;
  // A configuration of `values`; `model_path` is where the model lies (empty: nowhere yet).
  ModuleConfig(Value values, std::string model_path);

  // Reads `model_path`/config.yml (FND-2): `module_id` is required; block_id, workflow_id and resource_id, in
  // that order, are taken for it; a top-level `model_path` in any letter case is an Error; so are an empty
  // file, a list and what is no YAML, each with file and line (FND-8). No such file is an Error (not_found).
  // `shown_path` is the name used in messages and kept as model_path; the file is read below `model_path`.
  static ModuleConfig load(const std::string& model_path, const std::string& shown_path = {});
  // Writes config.yml into the directory, without the reserved key (FND-3), and flushes it to disk.
  void save(const std::string& model_path) const;

  std::string module_id() const { return values_.get_string("module_id"); }
  std::string tracking_id() const { return values_.get_string("tracking_id"); }
  std::string name() const { return values_.get_string("name"); }
  std::string version() const { return values_.get_string("version"); }
  // The models inside this one, relative to it, by key (MDL-3): `module_paths`.
  std::vector<std::pair<std::string, std::string>> module_paths() const;
  const std::string& model_path() const { return model_path_; }
  void set_model_path(std::string model_path) { model_path_ = std::move(model_path); }
  const Value& values() const { return values_; }
  Value& values() { return values_; }
  // Warnings of load: a legacy key was taken.
  const std::string& note() const { return note_; }

 private:
  Value values_;
  std::string model_path_;
  std::string note_;
};

}  // namespace ostler
