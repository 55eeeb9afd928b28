#pragma once

// The MULTI finder: asks other finders, in order; the first that finds wins.
//
//   {type: MULTI, config: {finder_priority: [local, jobs]}}
//
// A finder that fails or finds nothing passes on (FND-5). When none finds, every member's reason is told: as
// nothing found, or, when one failed, as an Error with the code of the first failure and its message first.

#include "lib/model_management/priority_list.h"

namespace ostler {

class MultiModelFinder : public ModelFinderBase {
 public:
  static std::unique_ptr<ModelFinderBase> build(const Value& config, const std::string& instance_name,
                                                const ComponentContext& context);
  explicit MultiModelFinder(std::vector<Member<ModelFinderBase>> members);
  std::optional<FoundModel> find_model(const std::string& model_path, const LoadArguments& arguments,
                                       std::string& why_not) const override;
  // Its members' lists, one after the other; a model that several list is the first one's.
  std::vector<ListedModel> list_models(std::vector<std::string>& where) const override;

 private:
  std::vector<Member<ModelFinderBase>> members_;
};

}  // namespace ostler
