#include "lib/manager/plugin_loader.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <map>
#include <mutex>

#include "lib/base/config.h"
#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/core/module.h"

namespace ostler {

namespace {

[[noreturn]] void fail(const std::string& path, const std::string& what) {
  throw Error(StatusCode::failed_precondition, fmt::format("the plugin {} {}", path, what));
}

const Plugin& open_library(const std::string& path) {
  void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) fail(path, std::string("cannot be opened: ") + ::dlerror());
  void* entry = ::dlsym(library, kPluginEntryName);
  if (entry == nullptr)
    fail(path, fmt::format("has no entry point {}: it is no plugin of ostler's", kPluginEntryName));
  const Plugin* plugin = nullptr;
  try {
    plugin = reinterpret_cast<PluginEntry*>(entry)();
  } catch (const std::exception& error) {
    fail(path, std::string("cannot be used, its entry point failed: ") + error.what());
  } catch (...) {
    fail(path, "cannot be used, its entry point failed and does not say why");
  }
  if (plugin == nullptr) fail(path, "cannot be used, its entry point gave nothing");
  if (plugin->abi_version != kPluginAbiVersion)
    fail(path, fmt::format(
                   "has the ABI version {}, this ostler has {}; build it anew against this ostler's headers",
                   plugin->abi_version, kPluginAbiVersion));
  return *plugin;
}

}  // namespace

const Plugin& open_plugin(const std::string& path, const std::string& trusted) {
  static std::mutex mutex;
  static std::map<std::string, const Plugin*> opened;  // none is kept that failed: it may be mended
  if (!file_status(path)) throw invalid_argument(fmt::format("there is no plugin {}: no such file", path));
  if (const std::string why = why_not_trusted(path, trusted); !why.empty())
    throw Error(StatusCode::permission_denied, why);
  const std::lock_guard lock(mutex);
  const auto found = opened.find(path);
  if (found != opened.end()) return *found->second;
  return *opened.emplace(path, &open_library(path)).first->second;
}

const ModuleClass& open_plugin_module(const ModuleManifest& manifest, const std::string& trusted) {
  try {
    for (const ModuleClass* module : open_plugin(manifest.file, trusted).modules)
      if (module->module_id() == manifest.module_id) return *module;
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("the module {} cannot be used: {}", manifest.name, error.what()));
  }
  fail(manifest.file, fmt::format("brings no module with the id {}, which its manifest names {}",
                                  manifest.module_id, manifest.name));
}

}  // namespace ostler
