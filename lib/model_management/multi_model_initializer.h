#pragma once

// The MULTI initializer: tries other initializers, in order; the first that gives a model wins (INI-6).
//
//   {type: MULTI, config: {initializer_priority: [careful, default]}}
//
// By the rules of the MULTI finder (multi_model_finder.h): one that fails or loads nothing passes on, though
// within it a failing backend is final. When none loads, every member's reason is told: as nothing loaded,
// or, when one failed, as an Error with the code of the first failure and its message first.

#include "lib/model_management/priority_list.h"

namespace ostler {

class MultiModelInitializer : public ModelInitializerBase {
 public:
  static std::unique_ptr<ModelInitializerBase> build(const Value& config, const std::string& instance_name,
                                                     const ComponentContext& context);
  explicit MultiModelInitializer(std::vector<Member<ModelInitializerBase>> members);
  std::optional<LoadedModel> init(const FoundModel& model, const LoadArguments& arguments,
                                  std::string& why_not) const override;

 private:
  std::vector<Member<ModelInitializerBase>> members_;
};

}  // namespace ostler
