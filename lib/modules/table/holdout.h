#pragma once

// Holding rows back from a training, to measure on what was not learned.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "lib/modules/table/training_data.h"

namespace ostler {

// Moves about the part `fraction` of the rows, drawn with `seed`, to the end, and gives how many stay in
// front. Of each class the same part is held back, and one row at least stays. Too few rows (or fraction 0)
// hold nothing back: then all stay in front. The same data, fraction and seed give the same order.
std::size_t hold_back(TrainingData& data, double fraction, std::uint64_t seed);

}  // namespace ostler
