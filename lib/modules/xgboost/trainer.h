#pragma once

// Training with XGBoost. With validation rows in one phase: rounds on all rows of the training, until the
// validation rows are predicted no better; the model is the rounds that predicted them best.
//
// Else in two: rounds on the rows that are not held back, until the held-back ones are predicted no better;
// then the same number of rounds on all rows. Progress counts the rounds of both, its total being the most
// that can still come.
//
// Each round that is measured is reported with its metrics: the learning curve. The others have none.

#include <memory>

#include "lib/core/module.h"
#include "lib/modules/table/training_data.h"
#include "lib/modules/xgboost/api.h"
#include "lib/modules/xgboost/base_model.h"

namespace ostler::xgb {

struct Trained {
  std::unique_ptr<Booster> booster;
  Value metrics = Value::object();
  Value config = Value::object();  // what the library was told, and the rounds trained
};

// `base`: null to train from the beginning; else its schema is the data's.
Trained train(TrainingData& data, const TableParameters& table, const TrainRequest& request,
              const BaseModel* base, TrainReporter& reporter);

}  // namespace ostler::xgb
