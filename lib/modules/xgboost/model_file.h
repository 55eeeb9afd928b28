#pragma once

// A booster in a model directory: model.json.

#include <memory>
#include <string>

#include "lib/modules/table/schema.h"
#include "lib/modules/xgboost/api.h"

namespace ostler::xgb {

// Throws Error (resource_exhausted) where the file could not be written whole.
void save_booster(const Booster& booster, const std::string& directory);
// Throws Error (data_loss) naming the file where it is no model, or not of the schema's columns.
std::unique_ptr<Booster> load_booster(const std::string& directory, const TableSchema& schema);

}  // namespace ostler::xgb
