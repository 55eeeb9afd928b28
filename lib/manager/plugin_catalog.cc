#include "lib/manager/plugin_catalog.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>

#include "lib/base/config.h"
#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/base/strings.h"
#include "lib/core/plugin.h"
#include "lib/modules/command/command_module.h"
#include "lib/modules/command/declaration.h"
#include "lib/modules/command/remote_module.h"

namespace ostler {

namespace {

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

}  // namespace

std::vector<ModuleManifest> PluginCatalog::list() const {
  std::vector<ModuleManifest> manifests;
  for (const std::string& path : manifest_paths()) manifests.push_back(load_module_manifest(path));
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

std::vector<std::string> PluginCatalog::manifest_paths() const {
  std::vector<std::string> paths;
  for (const std::string& directory : options_.directories) {
    if (!is_directory(directory)) continue;
    for (const std::string& name : list_directory(directory))
      if (ends_with(name, ".json")) paths.push_back(join_path(directory, name));
  }
  return paths;
}

ModuleManifest PluginCatalog::find(const std::string& name_or_id) const {
  std::vector<ModuleManifest> found;
  const auto look = [&](ModuleManifest manifest) {
    if (manifest.name == name_or_id || manifest.module_id == name_or_id) found.push_back(std::move(manifest));
  };
  if (options_.declared.size() > 0) {
    for (ModuleManifest& manifest : list()) look(std::move(manifest));
  } else {
    // Every submit comes by here: a manifest that does not have the text is not parsed.
    for (const std::string& path : manifest_paths())
      if (read_file(path).find(name_or_id) != std::string::npos) look(load_module_manifest(path));
  }
  if (found.size() > 1)
    throw invalid_argument(
        fmt::format("two modules are meant by \"{}\": {} ({}) and {} ({}); use the module id", name_or_id,
                    found[0].module_id, found[0].manifest_path, found[1].module_id, found[1].manifest_path));
  if (!found.empty()) return found[0];
  std::vector<std::string> names;
  for (const ModuleManifest& manifest : list()) names.push_back(manifest.name);
  if (names.empty())
    throw not_found(fmt::format("there is no module \"{}\": no module is installed in {}", name_or_id,
                                join(options_.directories, ", ")));
  throw not_found(fmt::format("there is no module \"{}\"{} (installed: {})", name_or_id,
                              did_you_mean(name_or_id, names), join(names, ", ")));
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
  if (!manifest.is_command())
    for (const std::string& path : {manifest.manifest_path, manifest.file}) {
      const std::string why = why_not_trusted(path, options_.trusted);
      if (!why.empty()) throw Error(StatusCode::permission_denied, why);
    }
  return open_module(manifest, backend);
}

const ModuleClass& open_module(const ModuleManifest& manifest, const std::string& backend) {
  if (manifest.is_command()) return process_class<CommandModuleClass>(manifest);
  if (backend == kProcessBackend) return process_class<RemoteModuleClass>(manifest);
  static std::mutex mutex;
  static std::map<std::string, const Plugin*> opened;
  const std::lock_guard lock(mutex);
  const auto fail = [&](const std::string& what) {
    throw Error(StatusCode::failed_precondition,
                fmt::format("the module {} cannot be used: {} {}", manifest.name, manifest.file, what));
  };
  const Plugin*& plugin = opened[manifest.file];
  if (plugin == nullptr) {
    void* library = ::dlopen(manifest.file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) fail(std::string("cannot be opened: ") + ::dlerror());
    void* entry = ::dlsym(library, kPluginEntryName);
    if (entry == nullptr) fail(std::string("has no entry point ") + kPluginEntryName);
    plugin = reinterpret_cast<PluginEntry*>(entry)();
  }
  if (plugin == nullptr) fail("gives no plugin");
  if (plugin->abi_version != kPluginAbiVersion)
    fail(fmt::format("has the ABI version {}, this ostler has {}; build it anew", plugin->abi_version,
                     kPluginAbiVersion));
  for (const ModuleClass* module : plugin->modules)
    if (module->module_id() == manifest.module_id) return *module;
  fail("brings no module with the id " + manifest.module_id);
  return *plugin->modules.front();  // not reached
}

}  // namespace ostler
