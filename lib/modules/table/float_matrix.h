#pragma once

// A row-major matrix of float that grows by rows, NaN for what is missing: what the training data becomes.
//
// It is made of malloc'ed memory, not of a std::vector: growing large blocks with realloc moves pages and
// copies nothing, and what was reserved and not yet written takes no memory. So the peak is the data itself,
// not thrice it.

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <vector>

namespace ostler {

class FloatMatrix {
 public:
  explicit FloatMatrix(std::size_t columns) : columns_(columns) {}

  std::size_t rows() const { return rows_; }
  std::size_t columns() const { return columns_; }
  float* row(std::size_t index) { return cells_.get() + index * columns_; }
  const float* row(std::size_t index) const { return cells_.get() + index * columns_; }
  const float* data() const { return cells_.get(); }

  // Appends `count` rows of NaN and gives the first of them. Throws std::bad_alloc.
  float* add_rows(std::size_t count);
  // Keeps the columns for which `keep` is true, in place.
  void keep_columns(const std::vector<bool>& keep);
  void swap_rows(std::size_t a, std::size_t b);

 private:
  struct Free {
    void operator()(float* memory) const { std::free(memory); }
  };
  std::unique_ptr<float, Free> cells_;
  std::size_t columns_, rows_ = 0, capacity_ = 0;
};

}  // namespace ostler
