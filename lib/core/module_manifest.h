#pragma once

// What is known of a module without opening its library: the small JSON file beside its shared object.
//
//   {"ostler_manifest": 1, "module_id": "<uuid>", "name": "xgboost", "version": "1.0.0", "class":
//   "XGBoostModule",
//    "task": "tabular classification and regression", "description": "...", "library": "XGBoost",
//    "library_version": "1.7.4",
//    "file": "xgboost.so", "input": "table", "cpus": "all", "parameters": [...]}
//
// `file` is relative to the manifest and must not leave its directory. "backends" says which backends load
// what; without it both do:
//
//   "backends": {"LOCAL": {"loads": ["LOCAL"]}, "PROCESS": {"loads": ["LOCAL"], "config": {"threads": 2}}}
//
// `loads` are the backends whose models it takes (a model's `model_backend`, LOCAL where it says none);
// `config` is merged over the backend's configuration for this module alone.
//
// A module of type "command" is a program of the user's and has `command` in place of `file`; its models are
// made and loaded by the backend PROCESS alone. See lib/modules/command/declaration.h.

#include <string>
#include <vector>

#include "lib/core/parameters.h"

namespace ostler {

// The backends: in this process, and in a process of its own that gets rows and gives rows.
inline constexpr char kLocalBackend[] = "LOCAL";
inline constexpr char kProcessBackend[] = "PROCESS";

struct ModuleBackend {
  std::string type;
  std::vector<std::string> loads;
  Value config = Value::object();
};

struct ModuleManifest {
  std::string type = "plugin";  // or "command"
  std::string module_id;
  std::string name;  // [a-z0-9][a-z0-9._-]*
  std::string version;
  std::string module_class;
  std::string task;
  std::string description;
  std::string library;          // the ML library's name
  std::string library_version;  // that it was built with; may be empty
  std::string file;             // absolute path of the shared object
  std::string input;            // "table" or "text"; of a command also "any": its data are not looked at
  int cpus = 1;                 // cores that a training takes by default; 0: all
  std::vector<ParameterSpec> parameters;
  bool any_parameters = false;  // whatever is given is taken as it is
  std::vector<ModuleBackend> backends;
  Value command;              // of a command; else null
  std::string manifest_path;  // of a command: the file that declares it

  bool is_command() const { return type == "command"; }
  // Null where the backend loads none of its models.
  const ModuleBackend* find_backend(const std::string& backend) const;
};

// Throws Error (invalid_argument) naming file, line and key.
ModuleManifest load_module_manifest(const std::string& path);
// The same from a parsed document and back: a job's specification carries its module's manifest.
ModuleManifest module_manifest_from(const Value& value, const std::string& manifest_path);
Value to_value(const ModuleManifest& manifest);
bool is_module_name(const std::string& name);

// check_parameters (parameters.h) by this module's list; where it takes any, they are given back as they are.
Value check_parameters(const ModuleManifest& manifest, const Value& given);

}  // namespace ostler
