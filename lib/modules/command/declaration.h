#pragma once

// Command modules as they are declared: `modules:` of the configuration, a script given in place of a module,
// a model that names its own programs. Each becomes a ModuleManifest of type "command".
//
//   modules:
//     churn:
//       type: command
//       config:
//         train: [python3, train.py]       # words; a path is relative to the file that declares it
//         run: [python3, predict.py]       # either may be left out
//         module_id: <uuid>                # else UUIDv5 of a fixed namespace and the name
//         parameters: {label: {type: column, required: true}, depth: 3}   # absent: any are taken
//         format: csv                      # of the rows that `run` gets and gives: csv, tsv, jsonl, text
//         prediction: text                 # or number
//         environment: {K: V}   code: [src/]   cpus: 1   version:   task:   description:
//
// Manifest.command is {train: [...], run: [...], directory, declared, environment: ["K=V"], code: [...],
// format, prediction}, with absolute paths where a word names a file; resolve_programs adds `files`, their
// checksums.
//
// Failures are Errors (invalid_argument) with file and line.

#include <string>
#include <vector>

#include "lib/core/module_config.h"
#include "lib/core/module_manifest.h"

namespace ostler {

// What `modules:` declares, in its order. Looks for the words that are files; reads none. A null gives
// nothing.
std::vector<ModuleManifest> declared_modules(const Value& modules);
// A script that trains: "./train.py", relative to `working_directory`. What runs its models is the file
// beside it whose name has "predict" for "train", if it is there. not_found where there is no such file.
ModuleManifest script_module(const std::string& path, const std::string& working_directory);
// The one that a model's config.yml declares: `command: {run: [...], ...}`, relative to the model's
// directory.
ModuleManifest module_of_model(const ModuleConfig& config);

// The manifest with what `role` ("train" or "run") needs made certain: its program found (`path` is a PATH),
// its files there, trusted and with checksums. Error (failed_precondition) where it has no such program;
// permission_denied for a file that others may write to (why_not_trusted).
ModuleManifest resolve_programs(ModuleManifest manifest, const std::string& role, const std::string& path,
                                const std::string& trusted);
// Throws Error (failed_precondition) naming the first of the programs' files that is not as it was resolved.
void verify_programs(const ModuleManifest& manifest);

}  // namespace ostler
