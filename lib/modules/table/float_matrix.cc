#include "lib/modules/table/float_matrix.h"

#include <algorithm>
#include <limits>
#include <new>

namespace ostler {

float* FloatMatrix::add_rows(std::size_t count) {
  if (rows_ + count > capacity_) {
    const std::size_t wanted = std::max({rows_ + count, 2 * capacity_, std::size_t{1024}});
    float* grown = static_cast<float*>(
        std::realloc(cells_.get(), std::max(wanted * columns_, std::size_t{1}) * sizeof(float)));
    if (grown == nullptr) throw std::bad_alloc();
    static_cast<void>(cells_.release());  // realloc has freed or kept it
    cells_.reset(grown);
    capacity_ = wanted;
  }
  float* first = row(rows_);
  std::fill_n(first, count * columns_, std::numeric_limits<float>::quiet_NaN());
  rows_ += count;
  return first;
}

void FloatMatrix::keep_columns(const std::vector<bool>& keep) {
  float* to = cells_.get();
  const float* from = cells_.get();
  for (std::size_t i = 0; i < rows_; ++i)
    for (std::size_t j = 0; j < columns_; ++j, ++from)
      if (keep[j]) *to++ = *from;
  const auto kept = static_cast<std::size_t>(std::count(keep.begin(), keep.end(), true));
  if (kept != 0) capacity_ = capacity_ * columns_ / kept;
  columns_ = kept;
}

void FloatMatrix::swap_rows(std::size_t a, std::size_t b) {
  if (a != b) std::swap_ranges(row(a), row(a) + columns_, row(b));
}

}  // namespace ostler
