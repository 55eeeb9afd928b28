// A plugin that was built against another ostler.

#include "lib/core/plugin.h"

extern "C" const ostler::Plugin* ostler_plugin() {
  static const ostler::Plugin plugin{.abi_version = ostler::kPluginAbiVersion + 1};
  return &plugin;
}
