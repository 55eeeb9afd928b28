#include "lib/manager/plugin_catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "lib/base/config.h"
#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/base/strings.h"
#include "lib/manager/plugin_loader.h"

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

std::vector<std::string> listed(const Value& components, const std::string& section) {
  std::vector<std::string> types;
  if (const Value* list = components.find(section))
    for (const Value& type : list->as_array(section)) types.push_back(type.as_string(section));
  return types;
}

}  // namespace

PluginCatalog::PluginCatalog(std::vector<std::string> directories, std::string trusted)
    : directories_(std::move(directories)), trusted_(std::move(trusted)) {}

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
    if (const std::string why = why_not_trusted(path, trusted_); !why.empty())
      throw Error(StatusCode::permission_denied, why);
}

std::vector<PluginCatalog::Entry> PluginCatalog::read_all(std::string_view holding) const {
  std::vector<Entry> entries;
  for (const std::string& directory : directories_) {
    if (!is_directory(directory)) continue;
    for (const std::string& name : list_directory(directory)) {
      if (!ends_with(name, ".json")) continue;
      Entry entry;
      entry.path = join_path(directory, name);
      try {
        const std::string text = read_file(entry.path, 1 << 20);
        if (text.find(holding) == std::string::npos) continue;
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
  if (found.size() > 1)
    throw invalid_argument(
        fmt::format("two modules are meant by \"{}\": {} ({}) and {} ({}); use the module id", name_or_id,
                    found[0].module->module_id, found[0].path, found[1].module->module_id, found[1].path));
  if (!found.empty()) {
    if (found[0].fault) throw Error(*found[0].fault);
    return *found[0].module;
  }
  std::vector<std::string> names, unread;
  for (const Entry& entry : read_all()) {
    if (entry.module && !entry.fault) names.push_back(entry.module->name);
    if (!entry.module && entry.fault) unread.emplace_back(entry.fault->what());
  }
  std::sort(names.begin(), names.end());
  const std::string others = unread.empty() ? "" : "; passed over: " + join(unread, "; ");
  if (names.empty())
    throw not_found(fmt::format("there is no module \"{}\": no module is installed in {}{}", name_or_id,
                                join(directories_, ", "), others));
  throw not_found(fmt::format("there is no module \"{}\"{} (installed: {}{})", name_or_id,
                              did_you_mean(name_or_id, names), join(names, ", "), others));
}

const ModuleClass& PluginCatalog::open(const ModuleManifest& manifest) const {
  return open_module(manifest, trusted_);
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
