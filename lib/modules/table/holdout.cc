#include "lib/modules/table/holdout.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace ostler {

namespace {

// With fewer rows a held-back part says nothing.
constexpr std::size_t kFewestRows = 10;

// std::shuffle leaves to the library how numbers are drawn; a model must not depend on that.
void shuffle(std::vector<std::size_t>& items, std::mt19937_64& random) {
  for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[random() % i]);
}

}  // namespace

std::size_t hold_back(TrainingData& data, double fraction, std::uint64_t seed) {
  const std::size_t rows = data.rows();
  if (fraction <= 0 || rows < kFewestRows) return rows;
  std::vector<std::vector<std::size_t>> groups(std::max<std::size_t>(data.schema.classes.size(), 1));
  for (std::size_t row = 0; row < rows; ++row)
    groups[data.schema.classes.empty() ? 0 : static_cast<std::size_t>(data.labels[row])].push_back(row);
  std::mt19937_64 random(seed);
  std::vector<std::size_t> held;
  for (std::vector<std::size_t>& group : groups) {
    shuffle(group, random);
    const auto wanted = static_cast<std::size_t>(std::lround(fraction * static_cast<double>(group.size())));
    held.insert(held.end(), group.begin(),
                group.begin() + static_cast<std::ptrdiff_t>(
                                    std::min(wanted, group.size() - std::min<std::size_t>(group.size(), 1))));
  }
  // From the last row down: what is swapped in from the end is never one that is still to be moved.
  std::sort(held.rbegin(), held.rend());
  std::size_t front = rows;
  for (const std::size_t row : held) {
    --front;
    data.cells.swap_rows(row, front);
    std::swap(data.labels[row], data.labels[front]);
    if (!data.weights.empty()) std::swap(data.weights[row], data.weights[front]);
  }
  return front;
}

}  // namespace ostler
