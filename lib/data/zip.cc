#include "lib/data/zip.h"

#include "lib/data/formats.h"

namespace ostler {

std::unique_ptr<ZipReader> open_zip(int fd, const std::string& name) {
  const auto open = reinterpret_cast<OpenZip*>(format_entry("zip", kOpenZipEntry));
  return std::unique_ptr<ZipReader>(open(fd, name));
}

void write_zip(int fd, const std::string& name, const std::vector<ZipFile>& files) {
  reinterpret_cast<WriteZip*>(format_entry("zip", kWriteZipEntry))(fd, name, files);
}

}  // namespace ostler
