#include "lib/jobs/process_tree.h"

#include <algorithm>
#include <set>

#include "lib/base/process.h"

namespace ostler {

std::vector<pid_t> process_tree(pid_t runner) {
  std::vector<pid_t> tree = descendants(runner);
  if (tree.empty()) return tree;
  std::set<pid_t> others;
  for (const pid_t other : processes_with_environment(kRunnerMark)) {
    if (std::find(tree.begin(), tree.end(), other) == tree.end()) continue;
    others.insert(other);
    for (const pid_t pid : descendants(other)) others.insert(pid);
  }
  std::erase_if(tree, [&](pid_t pid) { return others.count(pid) > 0; });
  return tree;
}

}  // namespace ostler
