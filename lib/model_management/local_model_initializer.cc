#include "lib/model_management/local_model_initializer.h"

#include <fmt/format.h>

#include <algorithm>
#include "lib/base/files.h"

namespace ostler {

namespace {

const std::vector<std::string> kBackends = {kLocalBackend, kProcessBackend};

// The member of a backend's configuration, or of what a module has for it.
Value check_backend_config(const std::string& type, const Value& config, const std::string& whose) {
  if (config.is_null()) return Value::object();
  config.as_object("config of " + whose);
  std::vector<std::string> known = {"threads"};
  if (type == kProcessBackend) known.emplace_back("environment");
  check_known_keys(config, known, "config of " + whose);
  if (const Value* threads = config.find("threads"); threads != nullptr && threads->as_integer("threads") < 1)
    throw invalid_argument(threads->where() + "threads of " + whose + " must be at least 1");
  if (const Value* environment = config.find("environment"))
    environment->as_object("environment of " + whose);
  return config;
}

void merge_over(Value& config, const Value& over) {
  for (const auto& [key, value] : over.as_object()) {
    Value* place = config.find(key);
    if (place != nullptr && place->is_object() && value.is_object())
      merge_over(*place, value);
    else
      config[key] = value;
  }
}

std::string listed(const std::vector<ModuleBackend>& backends) {
  std::vector<std::string> names;
  for (const ModuleBackend& backend : backends) names.push_back(backend.type);
  return join(names, ", ");
}

}  // namespace

std::unique_ptr<ModelInitializerBase> LocalModelInitializer::build(const Value& config,
                                                                   const std::string& instance_name,
                                                                   const ComponentContext& context) {
  const std::string whose = "the initializer \"" + instance_name + "\"";
  check_known_keys(config, {"backend_priority"}, whose);
  std::vector<Backend> backends;
  const Value* priority = config.find("backend_priority");
  if (priority == nullptr || priority->is_null()) {
    for (const std::string& type : kBackends) backends.push_back({type, Value::object()});
  } else {
    const Value::Array& entries = priority->as_array("backend_priority of " + whose);
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const std::string name = fmt::format("backend_priority[{}] of {}", i, whose);
      const Value* type = entries[i].find("type");
      if (type == nullptr) throw invalid_argument(entries[i].where() + name + " has no type");
      if (std::find(kBackends.begin(), kBackends.end(), type->as_string(name + ".type")) == kBackends.end())
        throw invalid_argument(fmt::format("{}{} is of the unknown backend \"{}\" (known: {})", type->where(),
                                           name, type->as_string(), join(kBackends, ", ")));
      check_known_keys(entries[i], {"type", "config"}, name);
      const Value* own = entries[i].find("config");
      backends.push_back(
          {type->as_string(), check_backend_config(type->as_string(), own ? *own : Value(), name)});
    }
  }
  return std::make_unique<LocalModelInitializer>(instance_name, std::move(backends), *context.modules);
}

namespace {

// What the model says of the module that is not installed here: " (name: Sample, module_class: ...)".
std::string what_made(const ModuleConfig& config) {
  std::vector<std::string> told;
  for (const auto& [key, value] : config.values().as_object())
    if (value.is_string() && (key == "name" || key == "module_class" || ends_with(key, "_version")))
      told.push_back(key + ": " + value.as_string());
  return told.empty() ? "" : " (" + join(told, ", ") + ")";
}

}  // namespace

LocalModelInitializer::LocalModelInitializer(std::string instance_name, std::vector<Backend> backends,
                                             const ModuleCatalog& modules)
    : instance_name_(std::move(instance_name)), backends_(std::move(backends)), modules_(modules) {}

std::vector<std::string> LocalModelInitializer::backends() const {
  std::vector<std::string> types;
  for (const Backend& backend : backends_) types.push_back(backend.type);
  return types;
}

std::optional<LoadedModel> LocalModelInitializer::init(const FoundModel& model,
                                                       const LoadArguments& arguments,
                                                       std::string& why_not) const {
  if (backends_.empty()) {
    why_not = "backend_priority is empty: no backend was tried";
    return std::nullopt;
  }
  if (!model.directory) {
    why_not = "backends load models from directories only";
    return std::nullopt;
  }
  model.directory->verify();
  ModuleManifest manifest;
  try {
    manifest = modules_.find_to_load(model.config);
  } catch (const Error& error) {
    if (error.code() != StatusCode::not_found) throw;
    why_not = fmt::format("backend {}: no installed module has the id {}{}", join(backends(), ", "),
                          model.config.module_id(), what_made(model.config));
    return std::nullopt;
  }
  if (const auto inner = model.config.module_paths(); !inner.empty()) {
    std::vector<std::string> paths;
    for (const auto& [key, path] : inner)
      paths.push_back(key + ": " + join_path(model.config.model_path(), path));
    throw Error(StatusCode::unimplemented,
                fmt::format("the model {} is made of other models ({}), which ostler cannot load",
                            model.config.model_path(), join(paths, ", ")));
  }
  const std::string made_by = model.config.values().get_string("model_backend", kLocalBackend);
  std::vector<std::string> reasons;
  for (const Backend& backend : backends_) {
    const ModuleBackend* fit = manifest.find_backend(backend.type);
    if (fit == nullptr) {
      reasons.push_back(fmt::format("backend {}: models of module {} are loaded by {} only", backend.type,
                                    manifest.name, listed(manifest.backends)));
    } else if (std::find(fit->loads.begin(), fit->loads.end(), made_by) == fit->loads.end()) {
      reasons.push_back(
          fmt::format("backend {}: of module {} it loads models that were made with {}, and this one "
                      "was made with {}",
                      backend.type, manifest.name, join(fit->loads, ", "), made_by));
    } else {
      return load(model, manifest, backend, arguments);
    }
  }
  why_not = join(reasons, "; ");
  return std::nullopt;
}

LoadedModel LocalModelInitializer::load(const FoundModel& model, const ModuleManifest& manifest,
                                        const Backend& backend, const LoadArguments& arguments) const {
  LoadedModel loaded;
  loaded.config = model.config;
  loaded.manifest = manifest;
  loaded.load_backend = backend.type;
  loaded.finder = model.finder;
  loaded.initializer = instance_name_;
  loaded.backend_config = backend.config;
  merge_over(loaded.backend_config,
             check_backend_config(backend.type, manifest.find_backend(backend.type)->config,
                                  "backend " + backend.type + " of the module " + manifest.name));
  const LoadRequest request{loaded.config,
                            model.directory->read_path(),
                            loaded.load_backend,
                            static_cast<int>(loaded.backend_config.get_integer("threads", arguments.threads)),
                            loaded.backend_config,
                            arguments.more};
  const std::string what = fmt::format("the model {} cannot be loaded by backend {} of module {}",
                                       model.config.model_path(), backend.type, manifest.name);
  try {
    loaded.module = modules_.open(manifest, backend.type).load(request);
  } catch (const Error& error) {
    throw Error(error.code(), what + ": " + model.directory->with_known_path(error.what()));
  } catch (const std::exception& error) {
    throw Error(StatusCode::data_loss, what + ": " + model.directory->with_known_path(error.what()));
  } catch (...) {
    throw Error(StatusCode::data_loss, what + ", which does not say why");
  }
  if (!loaded.module) throw internal_error("module " + manifest.name + " loaded nothing");
  return loaded;
}

}  // namespace ostler
