#include "lib/model_management/priority_list.h"

#include <fmt/format.h>

#include <algorithm>

namespace ostler {

std::vector<std::string> read_priority_list(const Value& config, const std::string& key,
                                            const std::string& role, const std::string& instance_name,
                                            const std::vector<std::string>& configured) {
  const std::string whose = fmt::format("{} of the {} \"{}\"", key, role, instance_name);
  const Value* list = config.find(key);
  if (list == nullptr || list->is_null())
    throw invalid_argument(
        fmt::format("{}the {} \"{}\" of type MULTI needs {}: a list of {}s, in the order in which they are "
                    "asked",
                    config.where(), role, instance_name, key, role));
  if (list->as_array(whose).empty())
    throw invalid_argument(
        fmt::format("{}{} is empty: name at least one {} to ask", list->where(), whose, role));
  std::vector<std::string> names;
  for (const Value& entry : list->as_array(whose)) {
    const std::string& name = entry.as_string(fmt::format("entry {} of {}", names.size() + 1, whose));
    if (name == instance_name)
      throw invalid_argument(
          fmt::format("{}{} names the {} itself: it would ask itself for ever", entry.where(), whose, role));
    if (std::find(configured.begin(), configured.end(), name) == configured.end())
      throw invalid_argument(fmt::format("{}{} names an unknown {}: \"{}\"{} (configured: {})", entry.where(),
                                         whose, role, name, did_you_mean(name, configured),
                                         join(configured, ", ")));
    names.push_back(name);
  }
  return names;
}

}  // namespace ostler
