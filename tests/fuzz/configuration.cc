// The configuration: ostler.yml, and after a NUL byte each a variable of the environment without its OSTLER_.
// For any bytes: a ModelManager with all of its components, or an Error that tells every fault; what holds,
// given as the configuration, is without a fault and changes nothing.

#include "lib/manager/model_manager.h"
#include "tests/fuzz/fuzz.h"

using namespace ostler;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<std::string> parts = split(fuzz::text_of(data, size), '\0');
  static const fuzz::Directory directory;
  write_file(directory.path() + "/ostler.yml", parts[0], Sync::no);
  ModelManager::Options options;
  options.working_directory = directory.path();
  options.home = directory.path() + "/home";
  options.environment.emplace();
  for (std::size_t i = 1; i < parts.size(); ++i)
    if (!starts_with(parts[i], "CONFIG=")) options.environment->push_back("OSTLER_" + parts[i]);

  const auto strict = fuzz::attempt([&] { return std::make_unique<ModelManager>(options); });
  options.keep_faults = true;
  const auto manager = fuzz::attempt([&] { return std::make_unique<ModelManager>(options); });
  if (manager) fuzz::attempt([&] { return (*manager)->initialize_components(), true; });
  if (!strict) return 0;
  fuzz::promise(manager.has_value(), "what has no fault is taken by who keeps faults");

  const Value& values = (*strict)->configuration().values;
  fuzz::promise(fuzz::same(values, (*manager)->configuration().values),
                "what has no fault is taken as it is");
  ConfigurationRequest request = configuration_request();
  request.given = values;
  const auto again = fuzz::attempt([&] { return load_configuration(request); });
  fuzz::promise(again && fuzz::same(again->values, values), "what holds can be given: " + to_json(values));
  return 0;
}
