// The main of every unit-test program. Each run works in a fresh directory of its own, removed at its end.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

int main(int argc, char** argv) {
  std::string directory = std::filesystem::temp_directory_path() / "ostler-test-XXXXXX";
  if (::mkdtemp(directory.data()) == nullptr || ::chdir(directory.c_str()) != 0) {
    std::perror("cannot make a test directory");
    return 1;
  }
  doctest::Context context(argc, argv);
  const int result = context.run();
  std::filesystem::current_path("/");
  std::filesystem::remove_all(directory);
  return result;
}
