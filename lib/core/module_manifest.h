#pragma once

// What is known of a module without opening its library: the small JSON file beside its shared object.
//
//   {"ostler_manifest": 1, "module_id": "<uuid>", "name": "xgboost", "version": "1.0.0", "class":
//   "XGBoostModule",
//    "task": "tabular classification and regression", "description": "...", "library": "XGBoost",
//    "file": "xgboost.so", "input": "table", "cpus": "all", "parameters": [...]}
//
// `file` is relative to the manifest and must not leave its directory.

#include <string>
#include <vector>

#include "lib/core/parameters.h"

namespace ostler {

struct ModuleManifest {
  std::string module_id;
  std::string name;  // [a-z0-9][a-z0-9._-]*
  std::string version;
  std::string module_class;
  std::string task;
  std::string description;
  std::string library;  // the ML library's name
  std::string file;     // absolute path of the shared object
  std::string input;    // "table" or "text"
  int cpus = 1;         // cores that a training takes by default; 0: all
  std::vector<ParameterSpec> parameters;
  std::string manifest_path;
};

// Throws Error (invalid_argument) naming file, line and key.
ModuleManifest load_module_manifest(const std::string& path);
// The same from a parsed document and back: a job's specification carries its module's manifest.
ModuleManifest module_manifest_from(const Value& value, const std::string& manifest_path);
Value to_value(const ModuleManifest& manifest);

}  // namespace ostler
