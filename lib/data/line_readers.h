#pragma once

// Internal to lib/data: the formats that need no library.

#include <memory>
#include <string>

#include "lib/data/bytes.h"
#include "lib/data/rows.h"

namespace ostler {

// Reads the header.
std::unique_ptr<RowReader> open_csv(std::unique_ptr<ByteSource> bytes, const std::string& name,
                                    char separator, std::size_t block_bytes);
std::unique_ptr<RowReader> open_text(std::unique_ptr<ByteSource> bytes, const std::string& name,
                                     std::size_t block_bytes);

}  // namespace ostler
