#pragma once

// What the running jobs of a store may take together.

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ostler {

struct Pool {
  Pool(int cpus_there = 0, std::optional<std::vector<int>> gpus_there = {})
      : cpus(cpus_there), gpus(std::move(gpus_there)) {}
  int cpus = 0;                          // 0: the machine's cores
  std::optional<std::vector<int>> gpus;  // their numbers; none: those that the machine has (/dev/nvidia<N>)
};

int pool_cpus(const Pool& pool);
// Looks at /dev where the pool does not say.
std::vector<int> pool_gpus(const Pool& pool);

// "0,2", as in CUDA_VISIBLE_DEVICES.
std::string gpu_list(const std::vector<int>& gpus);
// Words that are no numbers are passed over.
std::vector<int> gpus_from(const std::string& list);

}  // namespace ostler
