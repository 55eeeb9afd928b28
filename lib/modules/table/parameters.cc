#include "lib/modules/table/parameters.h"

#include <fmt/format.h>

#include <algorithm>

#include "lib/base/error.h"
#include "lib/base/strings.h"

namespace ostler {

namespace {

std::vector<std::string> names(const Value& parameters, std::string_view key) {
  std::vector<std::string> list;
  if (const Value* given = parameters.find(key); given != nullptr && !given->is_null())
    for (const Value& name : given->as_array(key)) list.push_back(name.as_string(key));
  return list;
}

bool contains(const std::vector<std::string>& list, const std::string& name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

}  // namespace

TableParameters table_parameters(const Value& parameters) {
  TableParameters table;
  table.label = parameters.get_string("label");
  table.ignore = names(parameters, "ignore");
  table.features = names(parameters, "features");
  table.categorical = names(parameters, "categorical");
  table.weight = parameters.get_string("weight");
  table.task = learning_task_from(parameters.get_string("task"));
  table.holdout = parameters.get_number("holdout", table.holdout);
  table.seed = static_cast<std::uint64_t>(parameters.get_integer("seed"));
  return table;
}

std::vector<std::string> feature_columns(const TableParameters& parameters,
                                         const std::vector<std::string>& columns, const std::string& source) {
  const auto check = [&](const std::string& name, std::string_view use) {
    if (!contains(columns, name))
      throw invalid_argument(fmt::format("{}: there is no column \"{}\" ({}){}; its columns are {}", source,
                                         name, use, did_you_mean(name, columns), join(columns, ", ")));
  };
  const auto check_use = [&](const std::string& name, std::string_view use) {
    check(name, use);
    for (const auto& [other, other_use] :
         {std::pair(parameters.label, "label"), {parameters.weight, "weight"}})
      if (name == other)
        throw invalid_argument(fmt::format("the column \"{}\" cannot be both {} and {}: leave it out of one",
                                           name, other_use, use));
  };
  check(parameters.label, "label");
  if (!parameters.weight.empty()) check(parameters.weight, "weight");
  if (parameters.weight == parameters.label)
    throw invalid_argument(
        fmt::format("the column \"{}\" cannot be both label and weight", parameters.label));
  for (const std::string& name : parameters.ignore) check_use(name, "ignore");
  for (const std::string& name : parameters.features) {
    check_use(name, "features");
    if (contains(parameters.ignore, name))
      throw invalid_argument(fmt::format(
          "the column \"{}\" cannot be both in features and in ignore: leave it out of one", name));
  }

  std::vector<std::string> used;
  for (const std::string& name : columns) {
    if (name == parameters.label || name == parameters.weight || contains(parameters.ignore, name)) continue;
    if (parameters.features.empty() || contains(parameters.features, name)) used.push_back(name);
  }
  for (const std::string& name : parameters.categorical) {
    check_use(name, "categorical");
    if (!contains(used, name))
      throw invalid_argument(
          fmt::format("the column \"{}\" is in categorical, but it is not one of those to learn from", name));
  }
  if (used.empty())
    throw invalid_argument(fmt::format("{}: there is no column left to learn from; its columns are {}",
                                       source, join(columns, ", ")));
  return used;
}

}  // namespace ostler
