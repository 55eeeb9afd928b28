#pragma once

// The part of a table module's run() that does not depend on its library: batch to matrix, scores to
// predictions.

#include <memory>
#include <vector>

#include "lib/core/module.h"
#include "lib/modules/table/schema.h"

namespace ostler {

// The batch as a row-major matrix of the schema's features. Columns of the other kind than the schema's are
// converted; numbers that a float cannot hold are cut to the largest that it can. Throws Error
// (invalid_argument) that names the columns that are missing, or the first cell that is not a number where
// one is needed; with `errors` such a row is reported there in place of that.
std::vector<float> encode_batch(const TableSchema& schema, const RecordBatch& batch,
                                std::vector<RowError>* errors);

// Output of run(), as core/module.h says, and: predictions of a numeric label are number columns. `top` gives
// columns "prediction_1" to "prediction_<top>" of role prediction, the best first, each followed by a number
// column "score_1", ... with its probability. Rows that the input's row_errors name, and those that the
// output's name, are missing.
class TableModule : public Module {
 public:
  // `threads`: how many may work at one large run().
  TableModule(TableSchema schema, int threads);

  RecordBatch run(const RecordBatch& input, const RunOptions& options) const final;
  std::vector<InputColumn> input_columns() const final;
  std::size_t batch_rows() const final;
  Value metrics() const final { return metrics_; }
  ModelTarget target() const final;
  void set_metrics(Value metrics) { metrics_ = std::move(metrics); }

  const TableSchema& schema() const { return *schema_; }

  // Scores of `rows` rows: schema.outputs() numbers a row, the probability of each class or the estimated
  // number. Thread-safe, in the calling thread alone.
  virtual void score(const float* cells, std::size_t rows, float* scores) const = 0;
  // False where the scores of classes are no probabilities; then only the largest counts.
  virtual bool has_probabilities() const { return true; }

  // score(), by several threads where that pays.
  void score_all(const float* cells, std::size_t rows, float* scores) const;

 private:
  void add_predictions(RecordBatch& output, const std::vector<float>& scores,
                       const std::vector<bool>& bad) const;
  void add_top(RecordBatch& output, const std::vector<float>& scores, const std::vector<bool>& bad,
               int top) const;
  void set_class(RecordBatch& output, Column& column, std::size_t row, std::size_t index) const;

  // Shared with the batches, which point to the names of its classes.
  std::shared_ptr<const TableSchema> schema_;
  std::vector<double> class_numbers_;  // of a numeric label
  Value metrics_ = Value::object();
  int threads_;
};

}  // namespace ostler
