#include "lib/jobs/pool.h"

#include <algorithm>
#include <thread>

#include "lib/base/files.h"
#include "lib/base/strings.h"

namespace ostler {

int pool_cpus(const Pool& pool) {
  return pool.cpus > 0 ? pool.cpus : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

std::vector<int> pool_gpus(const Pool& pool) {
  if (pool.gpus) return *pool.gpus;
  constexpr std::string_view prefix = "nvidia";
  std::vector<int> found;
  for (const std::string& name : list_directory("/dev"))
    if (starts_with(name, prefix))
      if (const auto number = parse_integer(name.substr(prefix.size())); number && *number >= 0)
        found.push_back(static_cast<int>(*number));
  std::sort(found.begin(), found.end());
  return found;
}

std::string gpu_list(const std::vector<int>& gpus) {
  std::vector<std::string> words;
  for (const int gpu : gpus) words.push_back(std::to_string(gpu));
  return join(words, ",");
}

std::vector<int> gpus_from(const std::string& list) {
  std::vector<int> gpus;
  for (const std::string& word : split(list, ','))
    if (const auto number = parse_integer(word)) gpus.push_back(static_cast<int>(*number));
  return gpus;
}

}  // namespace ostler
