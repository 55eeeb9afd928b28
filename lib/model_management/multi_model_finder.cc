#include "lib/model_management/multi_model_finder.h"

#include <set>

namespace ostler {

std::unique_ptr<ModelFinderBase> MultiModelFinder::build(const Value& config,
                                                         const std::string& instance_name,
                                                         const ComponentContext& context) {
  constexpr char kKey[] = "finder_priority";
  const std::string whose = "the finder \"" + instance_name + "\"";
  if (const Value* load_path = config.find("load_path"))
    throw invalid_argument(load_path->where() + whose +
                           " is of type MULTI and has no load_path: give it to a LOCAL finder "
                           "(model_management.finders.local.config.load_path), or set the top-level one");
  check_known_keys(config, {kKey}, whose);
  return std::make_unique<MultiModelFinder>(
      build_members(config, kKey, "finder", instance_name, context.finders));
}

MultiModelFinder::MultiModelFinder(std::vector<Member<ModelFinderBase>> members)
    : members_(std::move(members)) {}

std::optional<FoundModel> MultiModelFinder::find_model(const std::string& model_path,
                                                       const LoadArguments& arguments,
                                                       std::string& why_not) const {
  std::optional<StatusCode> failure;
  std::vector<std::string> failures, reasons;
  for (const Member<ModelFinderBase>& member : members_) {
    std::string reason;
    try {
      if (auto found = member.component->find_model(model_path, arguments, reason)) return found;
      reasons.push_back(member.name + ": " + reason);
    } catch (const Error& error) {
      if (!failure) failure = error.code();
      failures.emplace_back(error.what());
    }
  }
  failures.insert(failures.end(), reasons.begin(), reasons.end());
  const std::string all = join(failures, "; ");
  if (failure) throw Error(*failure, all);
  why_not = all;
  return std::nullopt;
}

std::vector<ListedModel> MultiModelFinder::list_models(std::vector<std::string>& where) const {
  std::vector<ListedModel> models;
  std::set<std::string> seen;
  for (const Member<ModelFinderBase>& member : members_)
    for (ListedModel& model : member.component->list_models(where))
      if (seen.insert(model.config.model_path()).second) models.push_back(std::move(model));
  return models;
}

}  // namespace ostler
