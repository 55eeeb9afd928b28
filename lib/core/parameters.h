#pragma once

// What a module says about its parameters, and the check of a user's values against it. The check runs where
// a job is submitted, so that a wrong name or value is refused before there is a job (lifecycle row TRN-9).

#include <optional>
#include <string>
#include <vector>

#include "lib/base/value.h"

namespace ostler {

enum class ParameterType {
  integer,
  number,
  boolean,
  text,
  column,   // a column of the data, by name
  columns,  // a list of them; given as text: separated by commas
  model,    // whatever load takes, but an archive; the module gets the path of its directory to read from
};
std::string_view parameter_type_name(ParameterType type);

struct ParameterSpec {
  std::string name;
  ParameterType type = ParameterType::text;
  Value default_value;  // null: the module decides, or nothing
  bool required = false;
  std::optional<double> minimum, maximum;  // inclusive, for numbers
  bool minimum_exclusive = false;
  std::vector<std::string> choices;  // for text: all that is allowed, when not empty
  std::string help;                  // one line
};

// From and to the list in a module's manifest:
//   {"name": "eta", "type": "number", "default": 0.1, "minimum": 0, "maximum": 1, "help": "..."}
ParameterSpec parameter_spec_from(const Value& value);
Value to_value(const ParameterSpec& spec);

// Checks every member of `given` and returns the complete map: each declared parameter, in declared order,
// with its value or default, in its own type ("0.1" as text becomes the number 0.1). Throws Error
// (invalid_argument) that names the parameter, the nearest known name, and what is allowed.
Value check_parameters(const std::string& module_name, const std::vector<ParameterSpec>& specs,
                       const Value& given);

// "integer from 1 to 1000, default 100", for `ostler modules NAME`.
std::string describe(const ParameterSpec& spec);

}  // namespace ostler
