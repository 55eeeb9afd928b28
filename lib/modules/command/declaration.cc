#include "lib/modules/command/declaration.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "lib/base/checksum.h"
#include "lib/base/config.h"
#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/base/strings.h"
#include "lib/base/uuid5.h"
#include "lib/core/factory.h"
#include "lib/modules/command/program.h"

namespace ostler {

namespace {

// Of all modules that name no module_id; by the name, and of a script by its path.
constexpr char kNamespace[] = "5a6f1f0a-0d8e-5b0c-9b55-6b2d2f7f4c11";

constexpr std::int64_t kMostCpus = 100000;

// What makes a word a script that must be there, even where it has no "/", and what runs it when it is not
// executable.
struct Script {
  std::string_view end, interpreter;
};
constexpr Script kScripts[] = {{".py", "python3"}, {".R", "Rscript"}, {".r", "Rscript"}, {".sh", "sh"},
                               {".pl", "perl"},    {".jl", "julia"},  {".rb", "ruby"},   {".js", "node"}};

const Script* script_of(const std::string& word) {
  for (const Script& script : kScripts)
    if (ends_with(word, script.end)) return &script;
  return nullptr;
}

bool is_file(const std::string& path) {
  const auto status = file_status(path);
  return status && status->type == FileStatus::Type::file;
}

// The words, with a path in place of each that names a file of `directory`.
Value read_words(const Value& given, const std::string& key, const std::string& whose,
                 const std::string& directory) {
  const std::string what = key + " of " + whose;
  if (given.as_array(what).empty())
    throw invalid_argument(given.where() + what + " is empty: name a program");
  Value words = Value::array();
  for (const Value& item : given.as_array()) {
    const std::string word = item.is_number() ? to_json(item) : item.as_string("a word of " + what);
    if (word.find('\0') != std::string::npos)
      throw invalid_argument(given.where() + what + " holds a NUL byte");
    const bool program = words.size() == 0;
    if (program && word.empty()) throw invalid_argument(given.where() + what + " names no program");
    const std::string path = absolute_path(word, directory);
    const bool named =
        program ? word.find('/') != std::string::npos : !starts_with(word, "-") && is_file(path);
    words.push_back(named ? path : word);
  }
  return words;
}

std::string directory_of(const Value& value) {
  const auto& origin = value.origin();
  // A value of an environment variable is of no file.
  const bool file = origin.file && origin.line > 0;
  return file ? parent_path(absolute_path(*origin.file)) : working_directory();
}

ParameterSpec parameter_of(const std::string& name, const Value& given) {
  Value spec = given.is_object() ? given : Value::object({{"default", given}});
  check_known_keys(
      spec, {"type", "default", "required", "minimum", "maximum", "minimum_exclusive", "choices", "help"},
      "the parameter \"" + name + "\"");
  spec["name"] = name;
  if (spec.find("type") == nullptr) {
    const Value* fallback = spec.find("default");
    const bool known = fallback != nullptr;
    spec["type"] = known && fallback->is_boolean()   ? "boolean"
                   : known && fallback->is_integer() ? "integer"
                   : known && fallback->is_number()  ? "number"
                                                     : "text";
  }
  return parameter_spec_from(spec);
}

// `command` of the manifest from the keys that `config` has of it.
Value read_command(const Value& config, const std::string& whose, const std::string& directory) {
  const auto base = [&](const Value& value) { return directory.empty() ? directory_of(value) : directory; };
  Value command = Value::object();
  command["declared"] = config.where();
  for (const char* role : {"train", "run"})
    if (const Value* words = config.find(role); words != nullptr && !words->is_null()) {
      command[role] = read_words(*words, role, whose, base(*words));
      command["directory"] = base(*words);
    }
  if (command.find("train") == nullptr && command.find("run") == nullptr)
    throw invalid_argument(config.where() + whose + " names neither `train` nor `run`: a list of words each");
  Value code = Value::array();
  if (const Value* listed = config.find("code"); listed != nullptr && !listed->is_null()) {
    command["directory"] = base(*listed);
    for (const Value& item : listed->as_array("code of " + whose)) {
      const std::string path = absolute_path(item.as_string("code of " + whose), base(*listed));
      if (!starts_with(path, base(*listed) + "/"))
        throw invalid_argument(item.where() + "code of " + whose + " must lie below " + base(*listed) + ": " +
                               path);
      code.push_back(path);
    }
  }
  command["code"] = code;
  Value environment = Value::array();
  for (std::string& entry : environment_entries(config.find("environment")))
    environment.push_back(std::move(entry));
  command["environment"] = environment;
  const std::string format = config.get_string("format", "csv");
  const std::vector<std::string> formats = {"csv", "tsv", "jsonl", "text"};
  if (std::find(formats.begin(), formats.end(), format) == formats.end())
    throw invalid_argument(config.at("format").where() + "format of " + whose +
                           " is csv, tsv, jsonl or text, not \"" + format + "\"" +
                           did_you_mean(format, formats));
  command["format"] = format;
  const std::string prediction = config.get_string("prediction", "text");
  if (prediction != "text" && prediction != "number")
    throw invalid_argument(config.at("prediction").where() + "prediction of " + whose +
                           " is text or number, not \"" + prediction + "\"");
  command["prediction"] = prediction;
  return command;
}

ModuleManifest new_manifest(const std::string& name, const std::string& module_id, Value command) {
  return module_manifest_from(Value::object({{"ostler_manifest", 1},
                                             {"type", "command"},
                                             {"module_id", module_id},
                                             {"name", name},
                                             {"version", "1.0.0"},
                                             {"task", "external program"},
                                             {"input", "any"},
                                             {"any_parameters", true},
                                             {"command", std::move(command)}}),
                              name);
}

ModuleManifest declared_module(const std::string& name, const Value& spec) {
  const std::string whose = "the module \"" + name + "\"";
  if (!is_module_name(name))
    throw invalid_argument(spec.where() + "\"" + name + "\" is no module name ([a-z0-9][a-z0-9._-]*)");
  if (!spec.is_object()) throw invalid_argument(spec.where() + whose + " must be a map with a type");
  check_known_keys(spec, {"type", "config"}, whose);
  const Value* type = spec.find("type");
  if (type == nullptr || type->as_string("type of " + whose) != "command")
    throw invalid_argument((type == nullptr ? spec : *type).where() + whose + " must have `type: command`");
  static const Value kNothing = Value::object();
  const Value* given = spec.find("config");
  const Value& config = given == nullptr || given->is_null() ? kNothing : *given;
  config.as_object("config of " + whose);
  check_known_keys(config,
                   {"train", "run", "module_id", "parameters", "format", "prediction", "environment", "code",
                    "cpus", "input", "version", "task", "description", "backends"},
                   whose);
  Value command = read_command(config, whose, {});
  const std::string id = config.get_string("module_id", make_uuid5(kNamespace, name));
  if (!is_uuid(id))
    throw invalid_argument(config.at("module_id").where() + "module_id of " + whose +
                           " is no UUID in lower case");
  ModuleManifest manifest = new_manifest(name, id, std::move(command));
  manifest.version = config.get_string("version", manifest.version);
  manifest.task = config.get_string("task", manifest.task);
  manifest.description = config.get_string("description");
  manifest.input = config.get_string("input", "any");
  if (manifest.input != "table" && manifest.input != "text" && manifest.input != "any")
    throw invalid_argument(config.at("input").where() + "input of " + whose + " is table, text or any");
  if (const Value* cpus = config.find("cpus"); cpus != nullptr && !cpus->is_null()) {
    const bool all = cpus->is_string() && cpus->as_string() == "all";
    const std::int64_t number = all ? 0 : cpus->as_integer("cpus of " + whose);
    if (!all && (number < 1 || number > kMostCpus))
      throw invalid_argument(
          fmt::format("{}cpus of {} must be 1 to {}, or all", cpus->where(), whose, kMostCpus));
    manifest.cpus = static_cast<int>(number);
  }
  if (const Value* parameters = config.find("parameters"); parameters != nullptr && !parameters->is_null()) {
    manifest.any_parameters = false;
    for (const auto& [key, value] : parameters->as_object("parameters of " + whose))
      manifest.parameters.push_back(parameter_of(key, value));
  }
  if (const Value* backends = config.find("backends"); backends != nullptr && !backends->is_null()) {
    Value whole = to_value(manifest);
    whole["backends"] = *backends;
    manifest = module_manifest_from(whole, name);
  }
  manifest.manifest_path = spec.origin().file ? *spec.origin().file : "";
  return manifest;
}

// The program's path: as it stands, or searched for.
std::string find_program(const std::string& word, const std::string& path, const std::string& what,
                         const std::string& directory) {
  if (starts_with(word, "/")) {
    if (!is_file(word)) throw invalid_argument(what + ": there is no program " + word);
    if (::access(word.c_str(), X_OK) != 0)
      throw invalid_argument(what + ": " + word + " is not executable (chmod +x " + shell_quote(word) + ")");
    return word;
  }
  for (const std::string& place : split(path, ':')) {
    if (!starts_with(place, "/")) continue;
    std::string found = join_path(place, word);
    if (is_file(found) && ::access(found.c_str(), X_OK) == 0) return found;
  }
  const bool beside = is_file(join_path(directory, word));
  throw invalid_argument(fmt::format("{}: there is no program \"{}\" on the PATH{}", what, word,
                                     beside ? "; a file beside the configuration is named ./" + word : ""));
}

}  // namespace

std::vector<ModuleManifest> declared_modules(const Value& modules) {
  std::vector<ModuleManifest> manifests;
  if (modules.is_null()) return manifests;
  for (const auto& [name, spec] : modules.as_object("modules"))
    manifests.push_back(declared_module(name, spec));
  return manifests;
}

ModuleManifest script_module(const std::string& path, const std::string& working_directory) {
  const std::string script = absolute_path(path, working_directory);
  if (!is_file(script)) throw not_found("there is no script " + script + " to train with");
  const auto words = [](const std::string& file) {
    const Script* kind = script_of(file);
    if (::access(file.c_str(), X_OK) == 0) return Value::array({file});
    if (kind == nullptr)
      throw invalid_argument(file + " is not executable (chmod +x " + shell_quote(file) +
                             "), and its name does not say what runs it");
    return Value::array({kind->interpreter, file});
  };
  const std::string directory = parent_path(script);
  std::string stem = file_name(script);
  Value config = Value::object({{"train", words(script)}});
  std::string run = stem;
  if (const std::size_t at = run.find("train"); at != std::string::npos) {
    run = join_path(directory, run.replace(at, 5, "predict"));
    if (is_file(run)) config["run"] = words(run);
  }
  stem = stem.substr(0, stem.rfind('.'));
  std::string name;
  for (const char c : stem) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (is_module_name(name + lower)) name += lower;
  }
  if (name.empty()) name = "script";
  Value command = read_command(config, "the script " + script, directory);
  command["script"] = true;
  ModuleManifest manifest = new_manifest(name, make_uuid5(kNamespace, script), std::move(command));
  manifest.manifest_path = script;
  return manifest;
}

ModuleManifest module_of_model(const ModuleConfig& config) {
  const std::string whose = "the model " + config.model_path();
  const Value& declared = config.values().at("command");
  declared.as_object("command of " + whose);
  check_known_keys(declared, {"run", "format", "prediction", "environment"}, "command of " + whose);
  std::string name = config.name();
  if (!is_module_name(name)) name = "model";
  if (!is_uuid(config.module_id()))
    throw invalid_argument(whose + " has a module_id that is no UUID in lower case");
  ModuleManifest manifest = new_manifest(name, config.module_id(),
                                         read_command(declared, "command of " + whose, config.model_path()));
  if (!config.version().empty()) manifest.version = config.version();
  manifest.manifest_path = join_path(config.model_path(), "config.yml");
  return manifest;
}

ModuleManifest resolve_programs(ModuleManifest manifest, const std::string& role, const std::string& path,
                                const std::string& trusted) {
  const std::string what =
      fmt::format("{}{} of the module {}", manifest.command.get_string("declared"), role, manifest.name);
  Value* words = manifest.command.find(role);
  if (words == nullptr)
    throw Error(StatusCode::failed_precondition,
                fmt::format("{} has no program: its declaration names no `{}`", what, role));
  const std::string directory = manifest.command.get_string("directory");
  Value files = Value::array();
  Value::Array& list = words->as_array();
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string word = list[i].as_string();
    const bool script = !starts_with(word, "-") && script_of(word) != nullptr;
    if (i > 0 && script && !is_file(word))
      throw invalid_argument(what + ": there is no file " + absolute_path(word, directory));
    if (i == 0) list[i] = find_program(word, path, what, directory);
    // What comes from the PATH is the system's, and not ours to watch.
    const std::string file = i == 0 && !starts_with(word, "/") ? "" : word;
    if (!starts_with(file, "/") || !is_file(file)) continue;
    const std::string why = why_not_trusted(file, trusted);
    if (!why.empty()) throw Error(StatusCode::permission_denied, why);
    const FileChecksum sum = checksum_file(file);
    files.push_back(Value::object({{"path", file}, {"size", sum.size}, {"xxh3", sum.xxh3}}));
  }
  for (const Value& code : manifest.command.at("code").as_array()) {
    if (!file_status(code.as_string()))
      throw invalid_argument(what + ": code: there is no " + code.as_string());
    std::vector<std::string> paths = {code.as_string()};
    if (is_directory(paths[0]))
      for (const std::string& name : list_tree(code.as_string()))
        paths.push_back(join_path(code.as_string(), name));
    for (const std::string& file : paths)
      if (const std::string why = why_not_trusted(file, trusted); !why.empty())
        throw Error(StatusCode::permission_denied, why);
  }
  manifest.command["files"] = std::move(files);
  return manifest;
}

void verify_programs(const ModuleManifest& manifest) {
  const Value* files = manifest.command.find("files");
  if (files == nullptr) return;
  for (const Value& file : files->as_array()) {
    const std::string& path = file.at("path").as_string();
    const auto fail = [&](const std::string& what) {
      throw Error(
          StatusCode::failed_precondition,
          fmt::format("the program {} of the module {} {} since the job was submitted; submit it again, or "
                      "list it under `code:` so that jobs take a copy",
                      path, manifest.name, what));
    };
    if (!is_file(path)) fail("is gone");
    const FileChecksum sum = checksum_file(path);
    if (static_cast<std::int64_t>(sum.size) != file.get_integer("size") ||
        sum.xxh3 != file.get_string("xxh3"))
      fail("was changed");
  }
}

}  // namespace ostler
