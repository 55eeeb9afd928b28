#include <doctest/doctest.h>

#include "lib/base/files.h"
#include "lib/manager/model_manager.h"
#include "tests/support/message_of.h"

using namespace ostler;

namespace {

std::vector<std::string> backends(const std::string& initializers) {
  ModelManager::Options options;
  options.working_directory = absolute_path("backends");
  options.environment = std::vector<std::string>{"HOME=" + absolute_path("backends/home")};
  make_directories(options.working_directory);
  write_file("backends/ostler.yml", "model_management: {initializers: " + initializers + "}\n", Sync::no);
  return ModelManager(options).get_module_backends();
}

}  // namespace

TEST_CASE("[MGR-14] the backends of all initializers, each once, in the order of their configuration") {
  using Types = std::vector<std::string>;
  CHECK(backends("{}") == Types{"LOCAL", "PROCESS"});
  CHECK(backends("{default: {type: LOCAL, config: {backend_priority: [{type: PROCESS}]}}}") ==
        Types{"PROCESS"});
  CHECK(
      backends("{default: {type: LOCAL, config: {backend_priority: [{type: PROCESS}]}}, both: {type: LOCAL}, "
               "all: {type: MULTI, config: {initializer_priority: [both, default]}}}") ==
      Types{"PROCESS", "LOCAL"});
  CHECK(backends("{default: {type: LOCAL, config: {backend_priority: []}}}").empty());
}
