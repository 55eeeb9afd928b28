#include "lib/manager/plugin_catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "lib/base/config.h"
#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/base/strings.h"
#include "lib/manager/plugin_loader.h"
#include "lib/modules/command/command_module.h"
#include "lib/modules/command/declaration.h"
#include "lib/modules/command/remote_module.h"

namespace ostler {

// One manifest file.
struct PluginCatalog::Entry {
  std::string path;
  std::optional<ModuleManifest> module;  // none where it has components alone, or cannot be read
  std::string file;                      // the shared object
  Value components = Value::object();    // section to list of types
  std::optional<Error> fault;
};

namespace {

constexpr const char* kSections[] = {"finders", "initializers", "trainers", "job_predictors"};

// The shared object of a manifest that has no module.
std::string components_file(const Value& document, const std::string& path) {
  try {
    if (document.at("ostler_manifest").as_integer("ostler_manifest") != 1)
      throw invalid_argument("this manifest is of another version than 1; a newer ostler wrote it");
    const std::string& file = document.at("file").as_string("file");
    if (!is_path_component(file))
      throw invalid_argument("file must be a name beside the manifest, not \"" + file + "\"");
    return join_path(parent_path(path), file);
  } catch (const Error& error) {
    throw invalid_argument(path + ": " + error.what());
  }
}

// The classes that work in processes, one for each manifest that was opened.
template <typename Class>
const ModuleClass& process_class(const ModuleManifest& manifest) {
  static std::mutex mutex;
  static std::map<std::string, std::unique_ptr<const ModuleClass>> made;
  const std::lock_guard lock(mutex);
  std::unique_ptr<const ModuleClass>& place = made[to_json(to_value(manifest))];
  if (!place) place = std::make_unique<const Class>(manifest);
  return *place;
}

std::vector<std::string> listed(const Value& components, const std::string& section) {
  std::vector<std::string> types;
  if (const Value* list = components.find(section))
    for (const Value& type : list->as_array(section)) types.push_back(type.as_string(section));
  return types;
}

}  // namespace

void PluginCatalog::parse(Entry& entry, const std::string& text) const {
  const Value document = parse_json(text, entry.path);
  for (const char* section : kSections)
    if (const Value* types = document.find(section)) {
      entry.components[section] = *types;
      listed(entry.components, section);  // throws where it is no list of texts
    }
  if (document.find("module_id") != nullptr || entry.components.size() == 0) {
    entry.module = module_manifest_from(document, entry.path);
    entry.file = entry.module->file;
  } else {
    entry.file = components_file(document, entry.path);
  }
  if (!file_status(entry.file))
    throw Error(StatusCode::failed_precondition,
                fmt::format("{}: its shared object {} is not there", entry.path, entry.file));
  for (const std::string& path : {entry.path, entry.file})
    if (const std::string why = why_not_trusted(path, options_.trusted); !why.empty())
      throw Error(StatusCode::permission_denied, why);
}

std::vector<PluginCatalog::Entry> PluginCatalog::read_all(std::string_view holding) const {
  std::vector<Entry> entries;
  for (const std::string& directory : options_.directories) {
    if (!is_directory(directory)) continue;
    for (const std::string& name : list_directory(directory)) {
      if (!ends_with(name, ".json")) continue;
      Entry entry;
      entry.path = join_path(directory, name);
      try {
        const std::string text = read_file(entry.path, 1 << 20);
        if (!holding.empty() && text.find("\"" + std::string(holding) + "\"") == std::string::npos) continue;
        parse(entry, text);
      } catch (const Error& error) {
        const bool placed = std::string_view(error.what()).find(entry.path) != std::string_view::npos;
        entry.fault = placed ? error : Error(error.code(), entry.path + ": " + error.what());
      }
      entries.push_back(std::move(entry));
    }
  }
  return entries;
}

std::vector<ModuleManifest> PluginCatalog::list() const {
  std::vector<ModuleManifest> manifests;
  for (Entry& entry : read_all())
    if (entry.module && !entry.fault) manifests.push_back(std::move(*entry.module));
  const std::size_t plugins = manifests.size();
  for (ModuleManifest& declared : declared_modules(options_.declared)) {
    for (std::size_t i = 0; i < plugins; ++i)
      if (manifests[i].name == declared.name || manifests[i].module_id == declared.module_id)
        throw invalid_argument(fmt::format(
            "{}modules.{} would redefine the installed module {} ({}); {}",
            declared.command.get_string("declared"), declared.name, manifests[i].name, manifests[i].module_id,
            manifests[i].name == declared.name ? "give it another name" : "give it another module_id"));
    manifests.push_back(std::move(declared));
  }
  std::stable_sort(manifests.begin(), manifests.end(),
                   [](const ModuleManifest& a, const ModuleManifest& b) { return a.name < b.name; });
  return manifests;
}

std::vector<std::string> PluginCatalog::faults() const {
  std::vector<std::string> told;
  for (const Entry& entry : read_all())
    if (entry.fault) told.emplace_back(entry.fault->what());
  return told;
}

ModuleManifest PluginCatalog::find(const std::string& name_or_id) const {
  std::vector<Entry> found;
  for (Entry& entry : read_all(name_or_id))
    if (entry.module && (entry.module->name == name_or_id || entry.module->module_id == name_or_id))
      found.push_back(std::move(entry));
  if (options_.declared.size() > 0)
    for (ModuleManifest& manifest : list())
      if (manifest.is_command() && (manifest.name == name_or_id || manifest.module_id == name_or_id)) {
        Entry& declared = found.emplace_back();
        declared.path = manifest.manifest_path;
        declared.module = std::move(manifest);
      }
  if (found.size() > 1)
    throw invalid_argument(
        fmt::format("two modules are meant by \"{}\": {} ({}) and {} ({}); use the module id", name_or_id,
                    found[0].module->module_id, found[0].path, found[1].module->module_id, found[1].path));
  if (!found.empty()) {
    if (found[0].fault) throw Error(*found[0].fault);
    return *found[0].module;
  }
  std::vector<std::string> names, unread;
  for (const ModuleManifest& manifest : list()) names.push_back(manifest.name);
  for (const Entry& entry : read_all())
    if (!entry.module && entry.fault) unread.emplace_back(entry.fault->what());
  const std::string others = unread.empty() ? "" : "; passed over: " + join(unread, "; ");
  if (names.empty())
    throw not_found(fmt::format("there is no module \"{}\": no module is installed in {}{}", name_or_id,
                                join(options_.directories, ", "), others));
  throw not_found(fmt::format("there is no module \"{}\"{} (installed: {}{})", name_or_id,
                              did_you_mean(name_or_id, names), join(names, ", "), others));
}

ModuleManifest PluginCatalog::find_to_train(const std::string& name_or_id) const {
  const ModuleManifest found = name_or_id.find('/') == std::string::npos
                                   ? find(name_or_id)
                                   : script_module(name_or_id, options_.working_directory);
  if (!found.is_command()) return found;
  return resolve_programs(found, "train", options_.path, options_.trusted);
}

ModuleManifest PluginCatalog::find_to_load(const ModuleConfig& config) const {
  ModuleManifest found;
  try {
    found = find(config.module_id());
  } catch (const Error& error) {
    if (error.code() != StatusCode::not_found || config.values().find("command") == nullptr) throw;
    if (!options_.trust_code)
      throw Error(
          StatusCode::permission_denied,
          fmt::format("the model {} names a program of its own ({}), which is not run unless --trust-code is "
                      "given; or declare its module under `modules:` of the configuration",
                      config.model_path(), to_json(config.values().at("command"))));
    found = module_of_model(config);
  }
  if (!found.is_command()) return found;
  return resolve_programs(found, "run", options_.path, options_.trusted);
}

const ModuleClass& PluginCatalog::open(const ModuleManifest& manifest, const std::string& backend) const {
  return open_module(manifest, backend, options_.trusted);
}

const ModuleClass& open_module(const ModuleManifest& manifest, const std::string& backend,
                               const std::string& trusted) {
  if (manifest.is_command()) return process_class<CommandModuleClass>(manifest);
  if (backend == kProcessBackend) return process_class<RemoteModuleClass>(manifest);
  return open_plugin_module(manifest, trusted);
}

std::string PluginCatalog::component_library(const std::string& section, const std::string& type) const {
  std::optional<Entry> found;
  for (Entry& entry : read_all(type)) {
    if (entry.file.empty()) continue;
    const std::vector<std::string> types = listed(entry.components, section);
    if (std::find(types.begin(), types.end(), type) == types.end()) continue;
    if (found && found->file != entry.file)
      throw invalid_argument(
          fmt::format("two plugins bring \"{}\" among their {}: {} and {}; say which with "
                      "the key plugin",
                      type, section, found->path, entry.path));
    found = std::move(entry);
  }
  if (!found) return {};
  if (found->fault) throw Error(*found->fault);
  return found->file;
}

std::vector<std::string> PluginCatalog::component_types(const std::string& section) const {
  std::vector<std::string> types;
  for (const Entry& entry : read_all())
    if (!entry.fault)
      for (const std::string& type : listed(entry.components, section)) types.push_back(type);
  return types;
}

}  // namespace ostler
