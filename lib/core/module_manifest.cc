#include "lib/core/module_manifest.h"

#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/base/strings.h"

namespace ostler {

namespace {

bool is_module_name(const std::string& name) {
  constexpr std::string_view kFirst = "abcdefghijklmnopqrstuvwxyz0123456789";
  return !name.empty() && kFirst.find(name[0]) != std::string_view::npos &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._-") == std::string::npos;
}

}  // namespace

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
    manifest.input = value.get_string("input", "table");
    if (!is_module_name(manifest.name))
      fail("\"" + manifest.name + "\" is no module name ([a-z0-9][a-z0-9._-]*)");
    if (!is_uuid(manifest.module_id))
      fail("module_id \"" + manifest.module_id + "\" is no UUID in lower case");
    if (manifest.input != "table" && manifest.input != "text") fail("input must be table or text");
    const std::string file = value.at("file").as_string("file");
    if (starts_with(file, "/")) {
      manifest.file = file;  // from a job's specification, where the path was made absolute
    } else {
      if (!is_path_component(file)) fail("file must be a name beside the manifest, not \"" + file + "\"");
      manifest.file = join_path(parent_path(manifest_path), file);
    }
    if (const Value* cpus = value.find("cpus"))
      manifest.cpus =
          cpus->is_string() && cpus->as_string() == "all" ? 0 : static_cast<int>(cpus->as_integer("cpus"));
    if (const Value* parameters = value.find("parameters"))
      for (const Value& parameter : parameters->as_array("parameters"))
        manifest.parameters.push_back(parameter_spec_from(parameter));
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
  Value value = Value::object({{"ostler_manifest", 1},
                               {"module_id", manifest.module_id},
                               {"name", manifest.name},
                               {"version", manifest.version},
                               {"class", manifest.module_class},
                               {"task", manifest.task},
                               {"description", manifest.description},
                               {"library", manifest.library},
                               {"file", manifest.file},
                               {"input", manifest.input}});
  value["cpus"] = manifest.cpus == 0 ? Value("all") : Value(manifest.cpus);
  value["parameters"] = std::move(parameters);
  return value;
}

}  // namespace ostler
