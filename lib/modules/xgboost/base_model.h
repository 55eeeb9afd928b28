#pragma once

// A model that a training goes on from (the parameter base_model): its trees stay as they are, further ones
// are added.

#include <string>

#include "lib/core/module.h"
#include "lib/modules/table/training_data.h"

namespace ostler::xgb {

struct BaseModel {
  std::string directory;  // to read it from
  TableSchema schema;
  int rounds = 0;
  float base_score = 0;  // where its predictions begin
  Value origin;          // for the new model's config.yml: tracking_id and rounds
};

// Throws Error (invalid_argument) for a model of another module, (data_loss) for one that cannot be read.
BaseModel open_base_model(const std::string& directory, const std::string& module_id);

// The rows of the training as the base's schema says. Throws Error (invalid_argument) that names what
// differs: the label, the task, a column or a class that only one of the two has.
TrainingData read_further_data(const TrainRequest& request, const TableParameters& parameters,
                               const BaseModel& base, TrainReporter& reporter);

}  // namespace ostler::xgb
