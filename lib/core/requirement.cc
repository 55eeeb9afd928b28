#include "lib/core/requirement.h"

#include <fmt/format.h>

#include <cmath>

#include "lib/base/error.h"
#include "lib/base/strings.h"
#include "lib/core/learning_task.h"

namespace ostler {

namespace {

std::vector<std::string> known_names() {
  std::vector<std::string> names;
  for (const MetricSpec& metric : known_metrics()) names.emplace_back(metric.name);
  return names;
}

struct Operator {
  std::string_view text;
  Requirement::Comparison comparison;
};
// The longer ones first: ">=" is not ">".
constexpr Operator kOperators[] = {{">=", Requirement::Comparison::at_least},
                                   {"<=", Requirement::Comparison::at_most},
                                   {">", Requirement::Comparison::more},
                                   {"<", Requirement::Comparison::less}};

std::string_view operator_text(Requirement::Comparison comparison) {
  for (const Operator& item : kOperators)
    if (item.comparison == comparison) return item.text;
  return "?";
}

bool compare(double value, Requirement::Comparison comparison, double bound) {
  switch (comparison) {
    case Requirement::Comparison::at_least:
      return value >= bound;
    case Requirement::Comparison::more:
      return value > bound;
    case Requirement::Comparison::at_most:
      return value <= bound;
    case Requirement::Comparison::less:
      return value < bound;
  }
  return false;
}

bool is_metric_name(std::string_view name) {
  return !name.empty() && name.find_first_of(" \t\n=<>!") == std::string_view::npos;
}

}  // namespace

Requirement parse_requirement(std::string_view text) {
  constexpr std::string_view usual = "a condition is quoted and looks like 'accuracy>=0.95'";
  if (trim(text).empty()) throw invalid_argument("--require is empty; is a shell variable unset?");
  const auto fail = [&](const std::string& why) {
    throw invalid_argument(fmt::format("--require \"{}\": {}; {}", text, why, usual));
  };
  Requirement requirement;
  requirement.text = trim(text);
  const std::string_view given = requirement.text;
  const std::size_t at = given.find_first_of("<>=!");
  if (at == std::string_view::npos)
    fail(
        "there is no comparison in it: quote it, since the shell takes an unquoted > or < for a redirection");
  requirement.metric = trim(given.substr(0, at));
  if (!is_metric_name(requirement.metric)) fail("it does not begin with the name of a metric");
  std::string_view right;
  bool found = false;
  for (const Operator& item : kOperators) {
    if (!starts_with(given.substr(at), item.text)) continue;
    requirement.comparison = item.comparison;
    right = trim(given.substr(at + item.text.size()));
    found = true;
    break;
  }
  if (!found) fail("the comparison must be >=, >, <= or <");
  constexpr std::string_view baseline = "baseline";
  if (starts_with(right, baseline)) {
    requirement.of_baseline = true;
    right = trim(right.substr(baseline.size()));
    if (right.empty()) return requirement;
    const char sign = right.front();
    const auto number = parse_number(trim(right.substr(1)));
    if ((sign != '+' && sign != '-') || !number || !std::isfinite(*number))
      fail("after baseline comes nothing, +NUMBER or -NUMBER");
    requirement.bound = sign == '-' ? -*number : *number;
    return requirement;
  }
  const auto number = parse_number(right);
  if (!number || !std::isfinite(*number)) fail(fmt::format("\"{}\" is no number", right));
  requirement.bound = *number;
  return requirement;
}

std::string why_not_met(const Requirement& requirement, const Value& metrics, const Value& baseline) {
  const auto number_in = [&](const Value& map) -> std::optional<double> {
    const Value* value = map.find(requirement.metric);
    if (value == nullptr || !value->is_number()) return std::nullopt;
    return value->as_number();
  };
  const auto names_of = [](const Value& map) {
    std::vector<std::string> names;
    if (map.is_object())
      for (const auto& [name, value] : map.as_object()) names.push_back(name);
    return names;
  };
  const auto value = number_in(metrics);
  if (!value) {
    const std::vector<std::string> names = names_of(metrics);
    return fmt::format("{} is required, but the model has no metric {}{}{}", requirement.text,
                       requirement.metric, did_you_mean(requirement.metric, names),
                       names.empty() ? "" : " (it has " + join(names, ", ") + ")");
  }
  double bound = requirement.bound;
  if (requirement.of_baseline) {
    const auto base = number_in(baseline);
    if (!base)
      return fmt::format("{} is required, but the baseline has no metric {}", requirement.text,
                         requirement.metric);
    bound += *base;
  }
  if (compare(*value, requirement.comparison, bound)) return {};
  std::string message =
      fmt::format("{} is {}, but {} {} is required", requirement.metric, number_to_text(*value),
                  operator_text(requirement.comparison), number_to_text(bound));
  if (requirement.of_baseline) message += fmt::format(" ({})", requirement.text);
  return message;
}

MetricChoice parse_metric_choice(std::string_view text) {
  MetricChoice choice;
  std::string_view name = trim(text);
  std::optional<bool> larger;
  if (starts_with(name, "max:")) larger = true;
  if (starts_with(name, "min:")) larger = false;
  if (larger) name.remove_prefix(4);
  if (!is_metric_name(name))
    throw invalid_argument(
        fmt::format("--keep-best \"{}\": it takes the name of a metric, such as accuracy, or min:NAME or "
                    "max:NAME",
                    text));
  choice.metric = name;
  const MetricSpec* known = find_metric(name);
  if (known == nullptr && !larger)
    throw invalid_argument(fmt::format(
        "--keep-best {}: ostler does not know whether more of it is better: say min:{} or max:{}{}", name,
        name, name, did_you_mean(name, known_names())));
  if (known != nullptr && larger && *larger != known->larger_is_better)
    throw invalid_argument(fmt::format("--keep-best {}: of {}, {} is better", text, name,
                                       known->larger_is_better ? "more" : "less"));
  choice.larger_is_better = larger.value_or(known != nullptr && known->larger_is_better);
  return choice;
}

}  // namespace ostler
