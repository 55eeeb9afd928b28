#pragma once

// Zip archives, read and written through libarchive in a shared object that is opened when the first one is
// met (formats.h).
//
// Failures: Error; data_loss for what is no zip or is damaged, invalid_argument for what is read but not
// supported.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace ostler {

struct ZipEntry {
  enum class Type { file, directory, other };  // other: a link, a device
  std::string name;                            // as it is written, "/" between; not to be trusted
  Type type = Type::file;
  std::uint64_t size = 0;  // as announced; reading may give more
  bool executable = false;
  bool encrypted = false;
};

class ZipReader {
 public:
  virtual ~ZipReader() = default;
  // The next entry as the archive's directory lists it; false at the end.
  virtual bool next(ZipEntry& entry) = 0;
  // What the entry holds, at most `size` bytes; 0 at its end.
  virtual std::size_t read(char* data, std::size_t size) = 0;
};

// Reads from the start of `fd`, which can seek and stays the caller's. `name` is for messages.
std::unique_ptr<ZipReader> open_zip(int fd, const std::string& name);

struct ZipFile {
  std::string name;  // in the archive
  std::string path;  // on disk
};
// Writes an archive of the files, in their order, to `fd`.
void write_zip(int fd, const std::string& name, const std::vector<ZipFile>& files);

}  // namespace ostler
