#pragma once

// Training with XGBoost, in two phases: rounds on the rows that are not held back, until the held-back ones
// are predicted no better; then the same number of rounds on all rows. Progress counts the rounds of both,
// its total being the most that can still come.

#include <memory>

#include "lib/core/module.h"
#include "lib/modules/table/training_data.h"
#include "lib/modules/xgboost/api.h"

namespace ostler::xgb {

struct Trained {
  std::unique_ptr<Booster> booster;
  Value metrics = Value::object();
  Value config = Value::object();  // what the library was told, and the rounds trained
};

Trained train(TrainingData& data, const TableParameters& table, const TrainRequest& request,
              TrainReporter& reporter);

}  // namespace ostler::xgb
