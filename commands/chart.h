#pragma once

// A training's learning curve, drawn in characters.

#include <cstddef>
#include <string>

#include "lib/base/value.h"

namespace ostler {

// `curve` as JobEngine::learning_curve gives it, `unit` what `done` counts ("rounds"). One metric is drawn
// large: of those on data that was not trained on a loss, else the first; the others have a line each. In
// braille and blocks, or in ASCII, at most `columns` wide. Whole lines; nothing where there are fewer than
// two points.
std::string draw_curve(const Value& curve, const std::string& unit, std::size_t columns);

// Which of `levels` steps from `low` up to `high` a value is on, 0 the lowest; the middle one where all
// values are the same but for rounding.
std::size_t level_of(double value, double low, double high, std::size_t levels);

}  // namespace ostler
