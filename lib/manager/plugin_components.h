#pragma once

// Finders, initializers, trainers and job predictors that plugins bring (lib/core/plugin.h).

#include "lib/manager/plugin_catalog.h"
#include "lib/manager/plugin_loader.h"
#include "lib/model_management/component_context.h"

namespace ostler {

// One configured component: the instance's map, and its place under model_management.
struct ConfiguredComponent {
  const Value& spec;
  std::string section;  // "finders"
  std::string role;     // "finder"
  std::string instance;
};

// The shared object that is to bring the component: the one that its key `plugin` names, absolute; else, with
// `known` false, the one whose manifest lists its type. Empty: none. Error (invalid_argument, with file and
// line) where `plugin` is no text.
std::string plugin_path(const ConfiguredComponent& component, bool known, const PluginCatalog& catalog,
                        const std::string& working_directory);
// open_plugin, its errors with the place in the configuration before them.
const Plugin& open_plugin_of(const ConfiguredComponent& component, const std::string& path,
                             const PluginCatalog& catalog);
// What is said when the plugin brings no such component: it has others of this role, or none (FAC-7).
Error not_in_plugin(const ConfiguredComponent& component, const std::string& path, const Plugin& plugin);

// Registers the component's type when a plugin brings it; changes nothing for a built-in one. Errors: as
// above; also where the type's name is taken by another class (FAC-4), or nobody knows it (FAC-3).
template <typename Component>
void register_plugin_type(Factory<Component, ComponentContext>& factory,
                          std::vector<ComponentType<Component>> Plugin::*types,
                          const ConfiguredComponent& component, const PluginCatalog& catalog,
                          const std::string& working_directory) {
  const Value* type = component.spec.find("type");
  if (type == nullptr || !type->is_string()) return;  // construct() says so
  const std::string& name = type->as_string();
  const std::string path = plugin_path(component, factory.has_type(name), catalog, working_directory);
  if (path.empty()) {
    if (!factory.has_type(name))
      throw factory.unknown_type(*type, catalog.component_types(component.section));
    return;
  }
  const Plugin& plugin = open_plugin_of(component, path, catalog);
  for (const ComponentType<Component>& brought : plugin.*types)
    if (brought.type == name) return factory.register_type(name, brought.build, type->where());
  throw not_in_plugin(component, path, plugin);
}

}  // namespace ostler
