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
// `column`: what its one column is called.
std::unique_ptr<RowReader> open_text(std::unique_ptr<ByteSource> bytes, const std::string& name,
                                     const std::string& column, std::size_t block_bytes);

}  // namespace ostler
