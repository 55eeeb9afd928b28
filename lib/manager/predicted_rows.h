#pragma once

// Rows run through a module, block by block, while others are read: what predicting and evaluating have in
// common. A module that takes streams gets one session for all of them.

#include <memory>
#include <string>
#include <vector>

#include "lib/core/model_management.h"
#include "lib/data/records.h"

namespace ostler {

// The format of data: the one that was asked for, else by the extension of the first source, else the one
// that the model was trained with, else the module's natural one. Throws Error (invalid_argument) for what is
// no format.
std::string format_for(const LoadedModel& model, const std::vector<RecordSource>& sources,
                       const std::string& asked);

class PredictedRows {
 public:
  // Begins to read. The last `kept` columns of the stream are not the module's. Belongs to the thread that
  // made it, and must not outlive the module.
  PredictedRows(const Module& module, std::unique_ptr<RecordStream> stream, std::size_t kept,
                const RunOptions& options);

  // The next block: what was read, with its kept columns alone, and a prediction for each of its rows. False
  // at the end. Throws what reading and the module throw.
  bool next(RecordBatch& read, RecordBatch& predictions);
  // A block of no rows, for its columns; after next() has given no block at all.
  void empty(RecordBatch& read, RecordBatch& predictions);
  // After the last block: the module must end well, too.
  void finish();

 private:
  RecordBatch predict(const RecordBatch& input);

  const Module& module_;
  const std::size_t kept_;
  const RunOptions options_;
  std::unique_ptr<RunSession> session_;  // outlives the stream that feeds it
  std::unique_ptr<RecordStream> stream_;
};

}  // namespace ostler
