#include "lib/data/formats.h"

#include <dlfcn.h>

#include "lib/base/error.h"
#include "lib/base/install.h"

namespace ostler {

void* format_entry(const std::string& format, const char* entry) {
  const std::string path = join_path(formats_directory(), format + ".so");
  void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* found = library == nullptr ? nullptr : ::dlsym(library, entry);
  if (found == nullptr) {
    const char* reason = ::dlerror();
    throw internal_error("cannot open the library for " +
                         std::string(format == "jsonl" ? "JSON Lines"
                                     : format == "zip" ? "zip archives"
                                                       : "compressed data") +
                         ": " + (reason == nullptr ? path : reason));
  }
  return found;
}

}  // namespace ostler
