#pragma once

// A model as JSON and as lines.

#include "commands/command.h"

namespace ostler {

Value model_to_value(const ModuleCatalog& modules, const FoundModel& found);
std::string model_details(const Value& model);

}  // namespace ostler
