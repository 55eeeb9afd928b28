#include "lib/manager/model_manager.h"

#include <doctest/doctest.h>

#include "lib/base/files.h"
#include "lib/base/strings.h"
#include "tests/support/message_of.h"

using namespace ostler;

namespace {

ModelManager::Options options(const std::string& configuration, bool keep_faults = false) {
  ModelManager::Options wanted;
  wanted.working_directory = working_directory() + "/" + make_uuid4();
  make_directories(wanted.working_directory);
  write_file(wanted.working_directory + "/ostler.yml", configuration, Sync::no);
  wanted.environment = {"HOME=" + wanted.working_directory};
  wanted.keep_faults = keep_faults;
  return wanted;
}

constexpr char kBroken[] =
    "model_management:\n  finders:\n    a: {type: LOCAL, config: {x: 1}}\n    b: {type: NONE}\n"
    "  trainers:\n    c: {type: LOCAL, config: {max_concurrent: -1}}\n";

}  // namespace

TEST_CASE("[MGR-1] components are built at their first use, or all at once with every fault") {
  const auto wanted = options(kBroken);
  ModelManager manager(wanted);  // what nobody uses concerns nobody
  std::vector<std::string> where;
  CHECK(manager.list_models(where).empty());
  CHECK(where == std::vector<std::string>{wanted.working_directory + "/models"});
  const std::string file = wanted.working_directory + "/ostler.yml";
  const std::string all = message_of([&] { manager.initialize_components(); });
  CHECK(all.find("the configuration has 3 faults:\n  " + file + ":3: unknown key \"x\"") == 0);
  CHECK(all.find("\n  " + file + ":4: the finder factory has no type \"NONE\"") != std::string::npos);
  CHECK(all.find("\n  " + file + ":6: max_concurrent of the trainer \"c\"") != std::string::npos);
  CHECK(message_of([&] { manager.find_model("m", "b"); }).find(file + ":4: ") == 0);
  ModelManager fine(options(""));
  fine.initialize_components();
  fine.initialize_components();  // built once
}

TEST_CASE("[MGR-1] the configuration's own faults are thrown at once, or kept for initialize_components") {
  const std::string bad = std::string("nonsense: 1\nload_path: 3\n") + kBroken;
  CHECK(message_of([&] { ModelManager manager(options(bad)); }).find("unknown key \"nonsense\"") !=
        std::string::npos);
  ModelManager manager(options(bad, true));
  CHECK(message_of([&] { manager.initialize_components(); }).find("the configuration has 5 faults:") == 0);
}

TEST_CASE("[MGR-2] an unknown instance is an error with the nearest name") {
  ModelManager manager(options("model_management: {finders: {cluster: {type: LOCAL}}}\n"));
  CHECK(message_of([&] { manager.find_model("m", "clutser"); }) ==
        "Unknown finder: \"clutser\"; did you mean \"cluster\"? (configured: default, local, jobs, cluster)");
}
