#include "lib/manager/plugin_components.h"

#include <fmt/format.h>

#include "lib/base/config.h"

namespace ostler {

std::string plugin_path(const ConfiguredComponent& component, bool known, const PluginCatalog& catalog,
                        const std::string& working_directory) {
  const Value* plugin = component.spec.find("plugin");
  if (plugin == nullptr || plugin->is_null())
    return known ? "" : catalog.component_library(component.section, component.spec.at("type").as_string());
  const std::string whose = fmt::format("plugin of the {} \"{}\"", component.role, component.instance);
  if (plugin->as_string(whose).empty())
    throw invalid_argument(plugin->where() + whose + " is empty; it is the path of a shared object");
  return path_in_configuration(*plugin, working_directory);
}

const Plugin& open_plugin_of(const ConfiguredComponent& component, const std::string& path,
                             const PluginCatalog& catalog) {
  try {
    return open_plugin(path, catalog.trusted());
  } catch (const Error& error) {
    const Value* named = component.spec.find("plugin");
    throw Error(error.code(), fmt::format("{}the {} \"{}\" cannot be made: {}",
                                          named == nullptr ? component.spec.where() : named->where(),
                                          component.role, component.instance, error.what()));
  }
}

Error not_in_plugin(const ConfiguredComponent& component, const std::string& path, const Plugin& plugin) {
  std::vector<std::string> mine, others;
  const auto add = [&](const std::string& section, const std::string& role, const auto& types) {
    for (const auto& brought : types)
      if (section == component.section)
        mine.push_back(brought.type);
      else
        others.push_back(role + " " + brought.type);
  };
  add("finders", "finder", plugin.finders);
  add("initializers", "initializer", plugin.initializers);
  add("trainers", "trainer", plugin.trainers);
  add("job_predictors", "job predictor", plugin.job_predictors);
  if (!plugin.modules.empty()) others.push_back(std::to_string(plugin.modules.size()) + " modules");
  const Value& type = component.spec.at("type");
  const std::string start = fmt::format("{}the plugin {} brings no {}", type.where(), path, component.role);
  if (mine.empty())
    return invalid_argument(
        fmt::format("{} at all (it brings: {})", start, others.empty() ? "nothing" : join(others, ", ")));
  return invalid_argument(fmt::format("{} of the type \"{}\"{} (it brings: {})", start, type.as_string(),
                                      did_you_mean(type.as_string(), mine), join(mine, ", ")));
}

}  // namespace ostler
