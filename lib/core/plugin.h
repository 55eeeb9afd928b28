#pragma once

// The entry point of a plugin, a shared object that brings module classes, and finders, initializers,
// trainers and job predictors: any number of each.
//
//   extern "C" const ostler::Plugin* ostler_plugin() {
//     static const MyModuleClass module;
//     static const ostler::Plugin plugin{.modules = {&module}, .finders = {{"NIGHTLY", build_nightly}}};
//     return &plugin;
//   }
//
// How it is found. A module, by a manifest beside the shared object (module_manifest.h). A component, by the
// key `plugin` beside its `type` in the configuration, a path relative to the file that says it:
//
//   model_management: {finders: {default: {type: NIGHTLY, plugin: ./nightly.so, config: {...}}}}
//
// or by its type alone, when a manifest in a plugin directory lists it: "finders": ["NIGHTLY"], and likewise
// "initializers", "trainers", "job_predictors". A manifest without a module has these, "ostler_manifest" and
// "file". Plugin directories are the installed one and those of the key `module_directories`.
//
// A shared object or manifest is refused when its owner is neither the user nor root, or others may write to
// it (why_not_trusted, lib/base/config.h).
//
// The loader opens it with RTLD_NOW | RTLD_LOCAL, never closes it, calls the entry point once, and refuses
// another abi_version before it reads anything else. Everything that the plugin returns lives until the
// process ends. The ABI is that of one major version of the C++ compiler; the version below changes with
// every change of a class in lib/core or of ComponentContext. What may be thrown: module.h and
// model_management.h.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace ostler {

class JobPredictorBase;
class ModelFinderBase;
class ModelInitializerBase;
class ModelTrainerBase;
class ModuleClass;
class Value;
struct ComponentContext;  // lib/model_management/component_context.h

inline constexpr std::uint32_t kPluginAbiVersion = 3;

// What `type` in the configuration names, and what builds it: see Factory::Builder.
template <typename Component>
struct ComponentType {
  std::string type;
  std::unique_ptr<Component> (*build)(const Value& config, const std::string& instance_name,
                                      const ComponentContext& context);
};

struct Plugin {
  std::uint32_t abi_version = kPluginAbiVersion;
  std::vector<const ModuleClass*> modules = {};
  std::vector<ComponentType<ModelFinderBase>> finders = {};
  std::vector<ComponentType<ModelInitializerBase>> initializers = {};
  std::vector<ComponentType<ModelTrainerBase>> trainers = {};
  std::vector<ComponentType<JobPredictorBase>> job_predictors = {};
};

using PluginEntry = const Plugin*();
inline constexpr char kPluginEntryName[] = "ostler_plugin";

}  // namespace ostler
