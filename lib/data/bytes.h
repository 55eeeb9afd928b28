#pragma once

// Internal to lib/data: bytes of one source, as they come, decompressed.

#include <cstddef>
#include <memory>
#include <string>

#include "lib/base/files.h"
#include "lib/data/records.h"

namespace ostler {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Waits for at least one byte and gives at most `size`; 0 only at the end.
  virtual std::size_t read(char* data, std::size_t size) = 0;
  // True when read() would not wait for a slow writer.
  virtual bool ready() = 0;
};

// Ends reads that wait for a writer, from another thread: they throw Error (cancelled), now and later.
class Interrupt {
 public:
  Interrupt();
  void raise();
  int fd() const { return event_.get(); }

 private:
  UniqueFd event_;
};

// Opens the source and looks at its first bytes: what is compressed comes out decompressed. A directory is an
// Error.
std::unique_ptr<ByteSource> open_bytes(const RecordSource& source, std::shared_ptr<Interrupt> interrupt);

}  // namespace ostler
