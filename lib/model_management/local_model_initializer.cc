#include "lib/model_management/local_model_initializer.h"

#include <fmt/format.h>

namespace ostler {

std::unique_ptr<ModelInitializerBase> LocalModelInitializer::build(const Value& config,
                                                                   const std::string& instance_name,
                                                                   const ComponentContext& context) {
  const std::string whose = "the initializer \"" + instance_name + "\"";
  check_known_keys(config, {"backend_priority"}, whose);
  std::vector<std::string> backends;
  const Value* priority = config.find("backend_priority");
  if (priority == nullptr || priority->is_null()) {
    backends = {"LOCAL"};
  } else {
    const Value::Array& entries = priority->as_array("backend_priority of " + whose);
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const std::string name = fmt::format("backend_priority[{}] of {}", i, whose);
      const Value* type = entries[i].find("type");
      if (type == nullptr) throw invalid_argument(entries[i].where() + name + " has no type");
      if (type->as_string(name + ".type") != "LOCAL")
        throw invalid_argument(fmt::format("{}{} is of the unknown backend \"{}\" (known: LOCAL)",
                                           type->where(), name, type->as_string()));
      check_known_keys(entries[i], {"type"}, name);
      backends.push_back(type->as_string());
    }
  }
  return std::make_unique<LocalModelInitializer>(instance_name, std::move(backends), *context.modules);
}

LocalModelInitializer::LocalModelInitializer(std::string instance_name, std::vector<std::string> backends,
                                             const ModuleCatalog& modules)
    : instance_name_(std::move(instance_name)), backends_(std::move(backends)), modules_(modules) {}

std::optional<LoadedModel> LocalModelInitializer::init(const FoundModel& model,
                                                       const LoadArguments& arguments,
                                                       std::string& why_not) const {
  if (backends_.empty()) {
    why_not = "backend_priority is empty: no backend was tried";
    return std::nullopt;
  }
  if (!model.directory) {
    why_not = "backend LOCAL loads models from directories only";
    return std::nullopt;
  }
  model.directory->verify();
  LoadedModel loaded;
  try {
    loaded.manifest = modules_.find(model.config.module_id());
  } catch (const Error& error) {
    if (error.code() != StatusCode::not_found) throw;
    const std::string class_name = model.config.values().get_string("module_class");
    why_not = fmt::format("backend LOCAL: no installed module has the id {}{}", model.config.module_id(),
                          class_name.empty() ? "" : " (its class is " + class_name + ")");
    return std::nullopt;
  }
  loaded.config = model.config;
  loaded.load_backend = "LOCAL";
  loaded.finder = model.finder;
  loaded.initializer = instance_name_;
  const LoadRequest request{loaded.config, model.directory->read_path(), loaded.load_backend,
                            arguments.threads, arguments.more};
  try {
    loaded.module = modules_.open(loaded.manifest).load(request);
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("the model {} cannot be loaded by backend LOCAL of module {}: {}",
                                          model.config.model_path(), loaded.manifest.name,
                                          model.directory->with_known_path(error.what())));
  } catch (const std::exception& error) {
    throw Error(StatusCode::data_loss,
                fmt::format("the model {} cannot be loaded by backend LOCAL of module {}: {}",
                            model.config.model_path(), loaded.manifest.name,
                            model.directory->with_known_path(error.what())));
  } catch (...) {
    throw Error(
        StatusCode::data_loss,
        fmt::format("the model {} cannot be loaded by backend LOCAL of module {}, which does not say why",
                    model.config.model_path(), loaded.manifest.name));
  }
  if (!loaded.module) throw internal_error("module " + loaded.manifest.name + " loaded nothing");
  return loaded;
}

}  // namespace ostler
