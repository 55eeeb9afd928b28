#include "lib/core/plugin.h"

#ifdef AGED

extern "C" const ostler::Plugin* ostler_plugin() {
  static const ostler::Plugin plugin{.abi_version = ostler::kPluginAbiVersion - 1};
  return &plugin;
}

#else

const ostler::Plugin& sample_plugin();
extern "C" const ostler::Plugin* ostler_plugin() { return &sample_plugin(); }

#endif
