#pragma once

// Checksums against damage (not against forgery): XXH3, 128 bits, as 32 lower-case hex digits. Runs at memory
// speed.

#include <cstdint>
#include <string>
#include <string_view>

namespace ostler {

std::string checksum(std::string_view content);

struct FileChecksum {
  std::uint64_t size = 0;
  std::string xxh3;
};
// Reads the file once, in blocks. Throws Error where it cannot be read.
FileChecksum checksum_file(const std::string& path);

}  // namespace ostler
