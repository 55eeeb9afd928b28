#pragma once

// Builds components from configuration by their `type` (caikit's ImportableFactory). One Factory for each
// role: trainers, job predictors, finders, initializers. `Context` is what a builder gets beside its
// configuration.
//
// Registration is an explicit list on one page (lib/manager/builtin_components.cc). Not thread-safe while
// types are registered; construct is const.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/strings.h"
#include "lib/base/value.h"

namespace ostler {

template <typename Component, typename Context>
class Factory {
 public:
  // `config` is a map (never null); `instance_name` the key under model_management.<role>.
  using Builder = std::unique_ptr<Component> (*)(const Value& config, const std::string& instance_name,
                                                 const Context& context);

  // `role` is the word for messages: "trainer".
  explicit Factory(std::string role) : role_(std::move(role)) {}

  // Another builder under a taken name is an Error (invalid_argument); the same again is not (FAC-4). `where`
  // is the front of the message.
  void register_type(const std::string& type, Builder builder, const std::string& where = {}) {
    const auto [place, added] = builders_.emplace(type, builder);
    if (!added && place->second != builder)
      throw invalid_argument(where + "two classes of the " + role_ + " factory have the name " + type);
  }
  bool has_type(const std::string& type) const { return builders_.count(type) > 0; }

  // `spec` is {type, config, plugin}; `plugin` is heeded before, by who registers the type it brings. No
  // `config`, or null, means an empty one; no instance name means the type's name (FAC-2, FAC-8). An
  // unregistered type is an Error that names the factory, the type and the known types, nearest first
  // (FAC-3). Every Error here is a configuration error and names file and line where they are known.
  std::unique_ptr<Component> construct(const Value& spec, const std::string& instance_name,
                                       const Context& context) const {
    if (!spec.is_object())
      throw invalid_argument(spec.where() + "the " + role_ + " \"" + instance_name +
                             "\" must be a map with a type");
    for (const auto& [key, value] : spec.as_object())
      if (key != "type" && key != "config" && key != "plugin")
        throw invalid_argument(value.where() + "unknown key \"" + key + "\" in the " + role_ + " \"" +
                               instance_name + "\"" + did_you_mean(key, {"type", "config", "plugin"}));
    const Value* type = spec.find("type");
    if (type == nullptr)
      throw invalid_argument(spec.where() + "the " + role_ + " \"" + instance_name + "\" has no type");
    const std::string& type_name = type->as_string("type");
    const auto builder = builders_.find(type_name);
    if (builder == builders_.end()) throw unknown_type(*type, {});
    Value config = Value::object();
    if (const Value* given = spec.find("config"); given != nullptr && !given->is_null()) {
      given->as_object("config of the " + role_ + " \"" + instance_name + "\"");
      config = *given;
    }
    return builder->second(config, instance_name.empty() ? type_name : instance_name, context);
  }

  // What is said of a type that is not registered; `more`: types that could be.
  Error unknown_type(const Value& type, std::vector<std::string> more) const {
    for (std::string& name : types()) more.push_back(std::move(name));
    return invalid_argument(type.where() + "the " + role_ + " factory has no type \"" + type.as_string() +
                            "\"; known: " + join(by_nearness(type.as_string(), std::move(more)), ", "));
  }

  std::vector<std::string> types() const {
    std::vector<std::string> names;
    for (const auto& [name, builder] : builders_) names.push_back(name);
    return names;
  }

 private:
  std::string role_;
  std::map<std::string, Builder> builders_;
};

// Throws Error (invalid_argument) for the first key of `config` that is not known, with file, line and
// nearest key.
void check_known_keys(const Value& config, const std::vector<std::string>& known, const std::string& whose);

}  // namespace ostler
