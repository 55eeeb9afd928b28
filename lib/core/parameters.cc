#include "lib/core/parameters.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "lib/base/error.h"
#include "lib/base/strings.h"

namespace ostler {

namespace {

constexpr std::string_view kTypeNames[] = {"integer", "number",  "boolean", "text",
                                           "column",  "columns", "model"};

// The value in the parameter's own type, or an Error.
Value convert(const std::string& module_name, const ParameterSpec& spec, const Value& given) {
  const auto refuse = [&](const std::string& why) {
    throw invalid_argument(fmt::format("{}parameter {} of module {}: {}; it is {}", given.where(), spec.name,
                                       module_name, why, describe(spec)));
  };
  const auto shown = [&] { return given.is_string() ? "\"" + given.as_string() + "\"" : to_json(given); };
  switch (spec.type) {
    case ParameterType::integer:
    case ParameterType::number: {
      Value number = given;
      if (given.is_string()) {
        if (const auto whole = parse_integer(given.as_string()))
          number = std::int64_t{*whole};
        else if (const auto real = parse_number(given.as_string()))
          number = *real;
      }
      if (!number.is_number()) refuse(shown() + " is not a number");
      const double value = number.as_number();
      if (!(value - value == 0)) refuse(shown() + " is not a finite number");
      if (spec.type == ParameterType::integer && !number.is_integer()) {
        constexpr double kEnd = 9223372036854775808.0;  // 2^63
        if (value != std::trunc(value) || value < -kEnd || value >= kEnd)
          refuse(shown() + " is not an integer");
        number = static_cast<std::int64_t>(value);
      }
      const bool below =
          spec.minimum && (spec.minimum_exclusive ? value <= *spec.minimum : value < *spec.minimum);
      if (below || (spec.maximum && value > *spec.maximum)) refuse(shown() + " is out of range");
      return number;
    }
    case ParameterType::boolean: {
      if (given.is_boolean()) return given;
      if (given.is_string() && given.as_string() == "true") return true;
      if (given.is_string() && given.as_string() == "false") return false;
      refuse(shown() + " is neither true nor false");
      break;
    }
    case ParameterType::text:
    case ParameterType::model:
    case ParameterType::column: {
      Value text = given;
      if (given.is_number() || given.is_boolean()) text = to_json(given);
      if (!text.is_string()) refuse(shown() + " is not text");
      if (!spec.choices.empty()) {
        bool known = false;
        for (const std::string& choice : spec.choices) known = known || choice == text.as_string();
        if (!known)
          refuse(shown() + " is not one of its values" + did_you_mean(text.as_string(), spec.choices));
      }
      if (spec.type == ParameterType::column && text.as_string().empty())
        refuse("the name of a column is empty");
      if (spec.type == ParameterType::model && text.as_string().empty()) refuse("the model's name is empty");
      return text;
    }
    case ParameterType::columns: {
      if (given.is_string()) {
        Value list = Value::array();
        for (const std::string& name : split(given.as_string(), ',')) {
          if (name.empty()) refuse("the name of a column is empty");
          list.push_back(name);
        }
        return list;
      }
      if (!given.is_array()) refuse(shown() + " is no list of columns");
      for (const Value& item : given.as_array())
        if (!item.is_string() || item.as_string().empty())
          refuse(to_json(item) + " is not the name of a column");
      return given;
    }
  }
  return given;
}

}  // namespace

std::string_view parameter_type_name(ParameterType type) { return kTypeNames[static_cast<int>(type)]; }

ParameterSpec parameter_spec_from(const Value& value) {
  ParameterSpec spec;
  spec.name = value.at("name").as_string("name");
  const std::string type = value.at("type").as_string("type");
  bool known = false;
  for (int i = 0; i < static_cast<int>(std::size(kTypeNames)); ++i) {
    if (kTypeNames[i] != type) continue;
    spec.type = static_cast<ParameterType>(i);
    known = true;
  }
  if (!known)
    throw invalid_argument(value.where() + "the parameter " + spec.name + " has the unknown type " + type);
  if (const Value* found = value.find("default")) spec.default_value = *found;
  spec.required = value.get_boolean("required");
  if (const Value* found = value.find("minimum")) spec.minimum = found->as_number("minimum");
  if (const Value* found = value.find("maximum")) spec.maximum = found->as_number("maximum");
  spec.minimum_exclusive = value.get_boolean("minimum_exclusive");
  if (const Value* found = value.find("choices"))
    for (const Value& choice : found->as_array("choices"))
      spec.choices.push_back(choice.as_string("choices"));
  spec.help = value.get_string("help");
  return spec;
}

Value to_value(const ParameterSpec& spec) {
  Value value = Value::object({{"name", spec.name},
                               {"type", parameter_type_name(spec.type)},
                               {"default", spec.default_value},
                               {"required", spec.required}});
  if (spec.minimum) value["minimum"] = *spec.minimum;
  if (spec.maximum) value["maximum"] = *spec.maximum;
  if (spec.minimum_exclusive) value["minimum_exclusive"] = true;
  if (!spec.choices.empty()) {
    Value& choices = value["choices"] = Value::array();
    for (const std::string& choice : spec.choices) choices.push_back(choice);
  }
  value["help"] = spec.help;
  return value;
}

Value check_parameters(const std::string& module_name, const std::vector<ParameterSpec>& specs,
                       const Value& given) {
  std::vector<std::string> names;
  for (const ParameterSpec& spec : specs) names.push_back(spec.name);
  if (given.is_object()) {
    for (const auto& [name, value] : given.as_object()) {
      bool known = false;
      for (const std::string& candidate : names) known = known || candidate == name;
      if (!known && name == "base_model")
        throw invalid_argument(value.where() + "module " + module_name +
                               " cannot go on from a model (the parameter "
                               "base_model); train from the beginning");
      if (!known)
        throw invalid_argument(
            fmt::format("{}module {} has no parameter \"{}\"{} (ostler modules {} lists them)", value.where(),
                        module_name, name, did_you_mean(name, names), module_name));
    }
  }
  Value complete = Value::object();
  for (const ParameterSpec& spec : specs) {
    const Value* value = given.find(spec.name);
    const bool absent = value == nullptr || value->is_null();
    if (absent && spec.required)
      throw invalid_argument(
          spec.type == ParameterType::column && spec.name == "label"
              ? fmt::format("module {} needs to know which column to predict: --label COLUMN", module_name)
              : fmt::format("module {} needs the parameter {}: -p {}=...; it is {}", module_name, spec.name,
                            spec.name, describe(spec)));
    complete[spec.name] = absent ? spec.default_value : convert(module_name, spec, *value);
  }
  return complete;
}

std::string describe(const ParameterSpec& spec) {
  std::string text;
  switch (spec.type) {
    case ParameterType::integer:
      text = "an integer";
      break;
    case ParameterType::number:
      text = "a number";
      break;
    case ParameterType::boolean:
      text = "true or false";
      break;
    case ParameterType::text:
      text = spec.choices.empty() ? "text" : "one of " + join(spec.choices, ", ");
      break;
    case ParameterType::column:
      text = "a column";
      break;
    case ParameterType::columns:
      text = "columns, separated by commas";
      break;
    case ParameterType::model:
      text = "a model";
      break;
  }
  const auto bound = [](double number) { return number_to_text(number); };
  const char* above = spec.minimum_exclusive ? "above" : "at least";
  if (spec.minimum && spec.maximum && !spec.minimum_exclusive)
    text += " from " + bound(*spec.minimum) + " to " + bound(*spec.maximum);
  else if (spec.minimum && spec.maximum)
    text += " above " + bound(*spec.minimum) + ", at most " + bound(*spec.maximum);
  else if (spec.minimum)
    text += fmt::format(", {} {}", above, bound(*spec.minimum));
  else if (spec.maximum)
    text += ", at most " + bound(*spec.maximum);
  if (spec.required)
    text += ", required";
  else if (!spec.default_value.is_null())
    text += ", default " +
            (spec.default_value.is_string() ? spec.default_value.as_string() : to_json(spec.default_value));
  return text;
}

}  // namespace ostler
