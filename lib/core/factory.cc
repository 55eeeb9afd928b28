#include "lib/core/factory.h"

namespace ostler {

void check_known_keys(const Value& config, const std::vector<std::string>& known, const std::string& whose) {
  if (!config.is_object()) return;
  for (const auto& [key, value] : config.as_object()) {
    bool found = false;
    for (const std::string& candidate : known) found = found || candidate == key;
    if (!found)
      throw invalid_argument(value.where() + "unknown key \"" + key + "\" in " + whose +
                             did_you_mean(key, known) +
                             (known.empty() ? " (it has none)" : " (known: " + join(known, ", ") + ")"));
  }
}

}  // namespace ostler
