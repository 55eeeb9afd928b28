#include "lib/manager/plugin_catalog.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "lib/base/config.h"
#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/base/strings.h"
#include "lib/core/plugin.h"

namespace ostler {

PluginCatalog::PluginCatalog(std::vector<std::string> directories, std::string trusted)
    : directories_(std::move(directories)), trusted_(std::move(trusted)) {}

std::vector<ModuleManifest> PluginCatalog::list() const {
  std::vector<ModuleManifest> manifests;
  for (const std::string& path : manifest_paths()) manifests.push_back(load_module_manifest(path));
  std::stable_sort(manifests.begin(), manifests.end(),
                   [](const ModuleManifest& a, const ModuleManifest& b) { return a.name < b.name; });
  return manifests;
}

std::vector<std::string> PluginCatalog::manifest_paths() const {
  std::vector<std::string> paths;
  for (const std::string& directory : directories_) {
    if (!is_directory(directory)) continue;
    for (const std::string& name : list_directory(directory))
      if (ends_with(name, ".json")) paths.push_back(join_path(directory, name));
  }
  return paths;
}

ModuleManifest PluginCatalog::find(const std::string& name_or_id) const {
  std::vector<ModuleManifest> found;
  for (const std::string& path : manifest_paths()) {
    // Every submit comes by here: a manifest that does not have the text is not parsed.
    if (read_file(path).find(name_or_id) == std::string::npos) continue;
    ModuleManifest manifest = load_module_manifest(path);
    if (manifest.name == name_or_id || manifest.module_id == name_or_id) found.push_back(std::move(manifest));
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
                                join(directories_, ", ")));
  throw not_found(fmt::format("there is no module \"{}\"{} (installed: {})", name_or_id,
                              did_you_mean(name_or_id, names), join(names, ", ")));
}

const ModuleClass& PluginCatalog::open(const ModuleManifest& manifest) const {
  for (const std::string& path : {manifest.manifest_path, manifest.file}) {
    const std::string why = why_not_trusted(path, trusted_);
    if (!why.empty()) throw Error(StatusCode::permission_denied, why);
  }
  return open_module(manifest);
}

const ModuleClass& open_module(const ModuleManifest& manifest) {
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
