#pragma once

// Opening plugins (lib/core/plugin.h): once in a process, never closed. Thread-safe.

#include "lib/core/module_manifest.h"
#include "lib/core/plugin.h"

namespace ostler {

// As `trusted`, for a worker: whether a plugin may be trusted was settled when the job was submitted, with
// what OSTLER_TRUST was then; a job may have a clean environment.
inline constexpr char kTrustAll[] = "/";

// The plugin in the shared object at `path` (absolute). `trusted`: the value of OSTLER_TRUST. Errors, each
// with the path: invalid_argument (no such file), permission_denied (the file's owner, or others may write to
// it), failed_precondition (it cannot be opened; has no entry point; has another ABI version; its entry point
// fails).
const Plugin& open_plugin(const std::string& path, const std::string& trusted);

// The module that the manifest describes. Error (failed_precondition) where its plugin does not bring it.
const ModuleClass& open_plugin_module(const ModuleManifest& manifest, const std::string& trusted);

}  // namespace ostler
