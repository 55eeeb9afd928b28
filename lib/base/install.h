#pragma once

// Where ostler's own files are. A program that lies in <prefix>/bin or <prefix>/libexec/ostler (installed
// anywhere, or in the build tree, which is laid out alike) uses its own prefix; any other program that embeds
// the library uses the prefix that libostler.a was installed to.

#include <string>

namespace ostler {

std::string version();           // "0.1.0"
std::string job_program_path();  // <prefix>/libexec/ostler/ostler-job
std::string
modules_directory();  // <prefix>/lib/ostler/modules: manifests and plugins of the built-in modules
std::string formats_directory();  // <prefix>/lib/ostler/formats: readers that are opened on demand

}  // namespace ostler
