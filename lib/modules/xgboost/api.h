#pragma once

// XGBoost's C interface, as much as we use of it, with failures as Error and handles that free themselves.
// The calls are those that the library has in all versions from 1.7 on.
//
// Threads: a Booster is changed by one thread at a time. predict() may run in several at once, after one call
// has gone before (the first sets the booster up).

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "lib/modules/table/schema.h"

namespace ostler::xgb {

// "1.7.4"
std::string library_version();

// The first line of the library's words, without its file names.
std::string clean_message(const std::string& message);

// Rows to learn from. The cells are copied.
class DMatrix {
 public:
  DMatrix(const float* cells, std::size_t rows, const TableSchema& schema);
  ~DMatrix();
  DMatrix(const DMatrix&) = delete;
  DMatrix& operator=(const DMatrix&) = delete;

  // `field`: "label" or "weight".
  void set(const char* field, const std::vector<float>& values);
  void* handle() const { return handle_; }

 private:
  void* handle_ = nullptr;
};

class Booster {
 public:
  Booster();                                // empty, to be loaded
  explicit Booster(const DMatrix& matrix);  // to be trained on it
  ~Booster();
  Booster(const Booster&) = delete;
  Booster& operator=(const Booster&) = delete;

  void set(const std::string& name, const std::string& value);
  // Columns' names and kinds, which the library does not take over from the matrix.
  void describe_features(const TableSchema& schema);
  void update(int round, const DMatrix& matrix);
  // A model of the trees of the rounds before `end` alone: the same, to the last bit, as one that was trained
  // no further.
  std::unique_ptr<Booster> first_rounds(int end) const;
  void load(const std::string& path);
  void save(const std::string& path) const;
  std::size_t features() const;
  int rounds() const;

  enum class Output { value, margin };
  // `outputs` numbers a row of the trees of the rounds from `begin` to before `end` (0, 0: all). Throws Error
  // where the model has another number of outputs.
  void predict(const float* cells, std::size_t rows, std::size_t features, std::size_t outputs, float* to,
               Output output = Output::value, int begin = 0, int end = 0) const;
  // The rows that it was trained on, by all trees: the library still has their sums, so this takes hardly any
  // time.
  void predict(const DMatrix& matrix, std::size_t rows, std::size_t outputs, float* to) const;

 private:
  struct Owned {
    void* handle;
  };
  explicit Booster(Owned owned) : handle_(owned.handle) {}

  void* handle_ = nullptr;
};

}  // namespace ostler::xgb
