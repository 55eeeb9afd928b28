#include "lib/core/module_manifest.h"

#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/base/strings.h"

namespace ostler {

namespace {

std::vector<ModuleBackend> default_backends(bool command) {
  if (command) return {{kProcessBackend, {kLocalBackend, kProcessBackend}}};
  return {{kLocalBackend, {kLocalBackend}}, {kProcessBackend, {kLocalBackend}}};
}

std::vector<ModuleBackend> backends_from(const Value& value, bool command) {
  std::vector<ModuleBackend> backends;
  for (const auto& [type, given] : value.as_object("backends")) {
    if (type != kProcessBackend && (type != kLocalBackend || command))
      throw invalid_argument(value.where() + "\"" + type + "\" is no backend that loads such a module (" +
                             (command ? "" : "LOCAL, ") + "PROCESS)");
    ModuleBackend backend{type, {kLocalBackend}};
    if (const Value* loads = given.find("loads")) {
      backend.loads.clear();
      for (const Value& item : loads->as_array("loads")) backend.loads.push_back(item.as_string("loads"));
    }
    if (const Value* config = given.find("config"); config != nullptr && !config->is_null())
      backend.config = Value(config->as_object("config"));
    backends.push_back(std::move(backend));
  }
  return backends;
}

}  // namespace

bool is_module_name(const std::string& name) {
  constexpr std::string_view kFirst = "abcdefghijklmnopqrstuvwxyz0123456789";
  return !name.empty() && kFirst.find(name[0]) != std::string_view::npos &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._-") == std::string::npos;
}

const ModuleBackend* ModuleManifest::find_backend(const std::string& backend) const {
  for (const ModuleBackend& known : backends)
    if (known.type == backend) return &known;
  return nullptr;
}

Value check_parameters(const ModuleManifest& manifest, const Value& given) {
  if (manifest.any_parameters) return given;
  return check_parameters(manifest.name, manifest.parameters, given);
}

ModuleManifest load_module_manifest(const std::string& path) {
  return module_manifest_from(parse_json(read_file(path, 1 << 20), path), path);
}

ModuleManifest module_manifest_from(const Value& value, const std::string& manifest_path) {
  const auto fail = [&](const std::string& message) {
    throw invalid_argument(manifest_path + ": " + message);
  };
  try {
    if (value.at("ostler_manifest").as_integer("ostler_manifest") != 1)
      fail("this manifest is of another version than 1; a newer ostler wrote it");
    ModuleManifest manifest;
    manifest.manifest_path = manifest_path;
    manifest.module_id = value.at("module_id").as_string("module_id");
    manifest.name = value.at("name").as_string("name");
    manifest.version = value.at("version").as_string("version");
    manifest.module_class = value.get_string("class", manifest.name);
    manifest.task = value.get_string("task");
    manifest.description = value.get_string("description");
    manifest.library = value.get_string("library");
    manifest.library_version = value.get_string("library_version");
    manifest.input = value.get_string("input", "table");
    if (!is_module_name(manifest.name))
      fail("\"" + manifest.name + "\" is no module name ([a-z0-9][a-z0-9._-]*)");
    if (!is_uuid(manifest.module_id))
      fail("module_id \"" + manifest.module_id + "\" is no UUID in lower case");
    manifest.type = value.get_string("type", manifest.type);
    if (manifest.type != "plugin" && !manifest.is_command()) fail("type must be plugin or command");
    if (manifest.input != "table" && manifest.input != "text" &&
        !(manifest.input == "any" && manifest.is_command()))
      fail("input must be table or text");
    if (const Value* backends = value.find("backends"); backends != nullptr && !backends->is_null())
      manifest.backends = backends_from(*backends, manifest.is_command());
    else
      manifest.backends = default_backends(manifest.is_command());
    manifest.any_parameters = value.get_boolean("any_parameters");
    if (manifest.is_command()) manifest.command = Value(value.at("command").as_object("command"));
    const std::string file = manifest.is_command() ? "" : value.at("file").as_string("file");
    if (manifest.is_command()) {
      // It is no shared object.
    } else if (starts_with(file, "/")) {
      manifest.file = file;  // from a job's specification, where the path was made absolute
    } else {
      if (!is_path_component(file)) fail("file must be a name beside the manifest, not \"" + file + "\"");
      manifest.file = join_path(parent_path(manifest_path), file);
    }
    if (const Value* cpus = value.find("cpus"))
      manifest.cpus =
          cpus->is_string() && cpus->as_string() == "all" ? 0 : static_cast<int>(cpus->as_integer("cpus"));
    if (const Value* parameters = value.find("parameters"))
      for (const Value& parameter : parameters->as_array("parameters")) {
        ParameterSpec spec = parameter_spec_from(parameter);
        for (const ParameterSpec& other : manifest.parameters)
          if (other.name == spec.name) fail("the parameter " + spec.name + " is there twice");
        manifest.parameters.push_back(std::move(spec));
      }
    return manifest;
  } catch (const Error& error) {
    const std::string message = error.what();
    if (starts_with(message, manifest_path)) throw;
    throw invalid_argument(manifest_path + ": " + message);
  }
}

Value to_value(const ModuleManifest& manifest) {
  Value parameters = Value::array();
  for (const ParameterSpec& spec : manifest.parameters) parameters.push_back(to_value(spec));
  Value backends = Value::object();
  for (const ModuleBackend& backend : manifest.backends) {
    Value loads = Value::array();
    for (const std::string& type : backend.loads) loads.push_back(type);
    backends[backend.type] = Value::object({{"loads", loads}, {"config", backend.config}});
  }
  Value value = Value::object({{"ostler_manifest", 1},
                               {"type", manifest.type},
                               {"module_id", manifest.module_id},
                               {"name", manifest.name},
                               {"version", manifest.version},
                               {"class", manifest.module_class},
                               {"task", manifest.task},
                               {"description", manifest.description},
                               {"library", manifest.library},
                               {"library_version", manifest.library_version},
                               {"file", manifest.file.empty() ? Value() : Value(manifest.file)},
                               {"input", manifest.input}});
  value["cpus"] = manifest.cpus == 0 ? Value("all") : Value(manifest.cpus);
  value["parameters"] = std::move(parameters);
  value["any_parameters"] = manifest.any_parameters;
  value["backends"] = std::move(backends);
  value["command"] = manifest.command;
  return value;
}

}  // namespace ostler
