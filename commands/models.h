#pragma once

// Models as JSON, as lines and as a table.

#include "commands/command.h"

namespace ostler {

// `modules` are the installed ones: a model's module is named by its manifest where there is one.
Value model_to_value(const std::vector<ModuleManifest>& modules, const ListedModel& model);
std::string model_details(const Value& model);
// Of models as model_to_value gives them.
std::string model_table(const std::vector<Value>& models);

}  // namespace ostler
