// A plugin whose entry point fails.

#include <stdexcept>

extern "C" const void* ostler_plugin() { throw std::runtime_error("no licence"); }
