#pragma once

// What MULTI components share: their members are other configured instances of the same role, in the order in
// which they are asked.
//
//   {type: MULTI, config: {finder_priority: [local, jobs]}}

#include <string>
#include <vector>

#include "lib/model_management/component_context.h"

namespace ostler {

// The names under `key` of a MULTI component's configuration. Each fault is an Error (invalid_argument) of
// its own (FND-4): no list, not a list, an empty one, an entry that is no string, one that is no configured
// instance (with the nearest), the component itself. `role` is the word for messages: "finder".
std::vector<std::string> read_priority_list(const Value& config, const std::string& key,
                                            const std::string& role, const std::string& instance_name,
                                            const std::vector<std::string>& configured);

template <typename Component>
struct Member {
  std::string name;
  const Component* component;  // the manager's; lives as long as the component that it is a member of
};

// The same, built: what is wrong with a member is an Error here (FND-9), and so is a cycle, with its chain.
template <typename Component>
std::vector<Member<Component>> build_members(const Value& config, const std::string& key,
                                             const std::string& role, const std::string& instance_name,
                                             const Instances<Component>& instances) {
  std::vector<Member<Component>> members;
  for (const std::string& name : read_priority_list(config, key, role, instance_name, instances.names))
    members.push_back({name, &instances.get(name)});
  return members;
}

}  // namespace ostler
