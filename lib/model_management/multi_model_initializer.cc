#include "lib/model_management/multi_model_initializer.h"

namespace ostler {

std::unique_ptr<ModelInitializerBase> MultiModelInitializer::build(const Value& config,
                                                                   const std::string& instance_name,
                                                                   const ComponentContext& context) {
  constexpr char kKey[] = "initializer_priority";
  const std::string whose = "the initializer \"" + instance_name + "\"";
  if (const Value* backends = config.find("backend_priority"))
    throw invalid_argument(backends->where() + whose +
                           " is of type MULTI and has no backend_priority: give it to a LOCAL initializer");
  check_known_keys(config, {kKey}, whose);
  return std::make_unique<MultiModelInitializer>(
      build_members(config, kKey, "initializer", instance_name, context.initializers));
}

MultiModelInitializer::MultiModelInitializer(std::vector<Member<ModelInitializerBase>> members)
    : members_(std::move(members)) {}

std::optional<LoadedModel> MultiModelInitializer::init(const FoundModel& model,
                                                       const LoadArguments& arguments,
                                                       std::string& why_not) const {
  std::optional<StatusCode> failure;
  std::vector<std::string> failures, reasons;
  for (const Member<ModelInitializerBase>& member : members_) {
    std::string reason;
    try {
      if (auto loaded = member.component->init(model, arguments, reason)) return loaded;
      reasons.push_back(member.name + ": " + reason);
    } catch (const Error& error) {
      if (!failure) failure = error.code();
      failures.push_back(member.name + ": " + error.what());
    }
  }
  failures.insert(failures.end(), reasons.begin(), reasons.end());
  const std::string all = join(failures, "; ");
  if (failure) throw Error(*failure, all);
  why_not = all;
  return std::nullopt;
}

}  // namespace ostler
