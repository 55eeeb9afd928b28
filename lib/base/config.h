#pragma once

// The configuration: YAML documents in caikit's shape, merged, with environment variables on top.
//
// Merge order, later wins; maps are merged key by key, anything else is replaced, and so is a map whose
// `type` becomes another one (what configured a MULTI finder means nothing to a LOCAL one):
//   1 built-in defaults   2 /etc/ostler/config.yml   3 $XDG_CONFIG_HOME/ostler/config.yml (~/.config)   4
//   ./ostler.yml 5 the file of --config, or else of OSTLER_CONFIG   6 environment variables
//
// An environment variable is the key path in capitals, joined by "_", with OSTLER_ before it
// (OSTLER_MODEL_MANAGEMENT_TRAINERS_DEFAULT_CONFIG_MAX_CONCURRENT=2). Names are matched against the keys that
// are there and the schema, the longest key first, since keys may hold "_" themselves. Its value is YAML.
//
// Every value knows where it came from (Value::where): a file and line, or the variable's name.

#include <optional>
#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/value.h"

namespace ostler {

struct ConfigurationRequest {
  Value defaults;
  // The keys that may be there: a map of key to schema; the key "*" stands for any name; null for a leaf or
  // for what is checked elsewhere (a component checks its own `config`, whose schema here only serves
  // environment names and is marked by the member "~": true).
  Value schema;
  // Top-level keys of caikit that mean nothing here; one note names those that were met.
  std::vector<std::string> ignored_keys;
  // Keys that lead to code being run, as paths joined by "."; "*" stands for any name. A file that has one is
  // held against why_not_trusted.
  std::vector<std::string> code_keys;

  // Instead of all files and variables, over the defaults: for a program that embeds the library.
  std::optional<Value> given;

  std::string working_directory;
  std::optional<std::string> config_file;  // --config
  std::vector<std::string> environment;    // "K=V"
  std::string system_file = "/etc/ostler/config.yml";
};

struct Configuration {
  Value values;
  std::vector<std::string> warnings;  // notes for stderr: ignored keys, unknown OSTLER_* variables
  std::vector<std::string> files;     // those that were read, in merge order
};

// Throws Error (invalid_argument) naming file, line and the nearest known key, or saying that the file of
// --config is not there; permission_denied for a file that names code but may be written by others. All
// faults are told at once, one a line. With `faults` they are added there instead, and what has them is left
// out.
Configuration load_configuration(const ConfigurationRequest& request,
                                 std::vector<std::string>* faults = nullptr);

// One Error (invalid_argument) that tells them all, one a line.
Error all_faults(const std::vector<std::string>& faults);

// Why a file that names or holds code is not heeded: its owner is neither this user nor root, or others may
// write to it (the user's own private group is no other). Empty: it may. A file below a directory of
// OSTLER_TRUST (separated by ":") of any owner may.
std::string why_not_trusted(const std::string& path, const std::string& trusted_directories);

// The absolute path that a value names: relative to the file that says it; one from a variable or a program's
// own hand, to the working directory.
std::string path_in_configuration(const Value& value, const std::string& working_directory);

// The value of K in "K=V" entries; nothing when it is absent.
std::optional<std::string> environment_value(const std::vector<std::string>& environment,
                                             std::string_view name);
// This process's environment.
std::vector<std::string> process_environment();

}  // namespace ostler
