#pragma once

// The parameters that all table modules share, from a checked parameter map (lib/core/parameters.h).

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/value.h"
#include "lib/core/learning_task.h"

namespace ostler {

using TableTask = LearningTask;

struct TableParameters {
  std::string label;                     // the column to predict
  std::vector<std::string> ignore;       // columns that are not used
  std::vector<std::string> features;     // the only columns to learn from; empty: all the others
  std::vector<std::string> categorical;  // columns to take as text even where every cell is a number
  std::string weight;                    // column of the rows' weights; empty: all rows count alike
  std::optional<TableTask> task;         // nothing: told from the data
  double holdout = 0.2;                  // part of the rows held back to measure with; 0: none
  std::uint64_t seed = 0;
};

TableParameters table_parameters(const Value& parameters);

// Which of the data's columns are learned from, in the data's order. Throws Error (invalid_argument) for a
// column that is not there (with the nearest name), for one that is used for two things, and where none is
// left.
std::vector<std::string> feature_columns(const TableParameters& parameters,
                                         const std::vector<std::string>& columns, const std::string& source);

}  // namespace ostler
