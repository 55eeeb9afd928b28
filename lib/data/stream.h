#pragma once

// Internal to lib/data: open_records with its seams.

#include <memory>
#include <vector>

#include "lib/data/records.h"

namespace ostler {

// As open_records; tests read with tiny blocks.
std::unique_ptr<RecordStream> open_records(const std::vector<RecordSource>& sources,
                                           const ReadOptions& options, std::size_t block_bytes);

// A stream whose next() another thread can end while it waits for a slow writer: it throws Error (cancelled).
class Interruptible {
 public:
  virtual ~Interruptible() = default;
  virtual void interrupt() = 0;
};

}  // namespace ostler
