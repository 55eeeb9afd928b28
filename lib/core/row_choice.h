#pragma once

// Some rows of a data file: how a training's data is divided into what is learned from and what is measured
// on, without a copy of either.

#include <cstddef>
#include <memory>
#include <vector>

namespace ostler {

// Plain data, shared by copies. Rows are counted as the readers count them, from 0, blank lines not at all.
struct RowChoice {
  std::shared_ptr<const std::vector<bool>> marks;  // null: all rows are chosen
  bool chosen = true;                              // the mark that chosen rows have; rows beyond have false

  bool has(std::size_t row) const {
    return marks == nullptr || (row < marks->size() && (*marks)[row]) == chosen;
  }
};

}  // namespace ostler
