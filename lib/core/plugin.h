#pragma once

// The entry point of a plugin, a shared object that brings module classes.
//
//   extern "C" const ostler::Plugin* ostler_plugin() {
//     static const MyModuleClass module;
//     static const ostler::Plugin plugin{ostler::kPluginAbiVersion, {&module}};
//     return &plugin;
//   }
//
// The loader opens it with RTLD_NOW | RTLD_LOCAL, never closes it, and refuses another abi_version before it
// reads anything else. Everything that the plugin returns lives until the process ends. The ABI is that of
// one major version of the C++ compiler; the version below changes with every change of a class in lib/core.

#include <cstdint>
#include <vector>

namespace ostler {

class ModuleClass;

inline constexpr std::uint32_t kPluginAbiVersion = 2;

struct Plugin {
  std::uint32_t abi_version;
  std::vector<const ModuleClass*> modules;
};

using PluginEntry = const Plugin*();
inline constexpr char kPluginEntryName[] = "ostler_plugin";

}  // namespace ostler
