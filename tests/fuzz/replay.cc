// Runs every file of a target's corpus through it, in the ordinary test build: replay TARGET DIRECTORY
// What breaks a promise ends the program; the name of the file is the last that it printed.

#include <dlfcn.h>

#include "tests/fuzz/fuzz.h"

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::string name = std::string("fuzz_") + argv[1], directory = argv[2];
  const auto run =
      reinterpret_cast<int (*)(const std::uint8_t*, std::size_t)>(::dlsym(RTLD_DEFAULT, name.c_str()));
  const std::vector<std::string> files = ostler::list_tree(directory);
  if (run == nullptr || files.empty()) {
    std::printf("there is no target %s, or no corpus in %s\n", argv[1], argv[2]);
    return 1;
  }
  for (const std::string& file : files) {
    std::printf("%s\n", file.c_str());
    std::fflush(stdout);
    // As large as the bytes, so that a look beyond their end is seen by the sanitizer.
    const std::string content = ostler::read_file(ostler::join_path(directory, file));
    const std::vector<std::uint8_t> bytes(content.begin(), content.end());
    run(bytes.data(), bytes.size());
  }
  return 0;
}
