#pragma once

// The shared objects in formats/: what would cost every command's start if it were linked, opened when it is
// needed and never closed. They come with ostler, are built with it, and find its symbols in the program that
// opens them.
//
//   archive.so   ostler_open_archive: OpenArchive, gzip, zstd, xz and bzip2 through libarchive
//   jsonl.so     ostler_open_jsonl: OpenJsonl, JSON Lines through simdjson
//   zip.so       ostler_open_zip: OpenZip, ostler_write_zip: WriteZip, zip archives through libarchive
//
// The objects that they give belong to the caller. Failures are Errors; the libraries' own stop in there.

#include <memory>
#include <string>
#include <vector>

#include "lib/data/bytes.h"
#include "lib/data/rows.h"
#include "lib/data/zip.h"

namespace ostler {

// What `compressed` holds, decompressed.
using OpenArchive = ByteSource*(std::unique_ptr<ByteSource> compressed, const std::string& name);
inline constexpr char kArchiveEntry[] = "ostler_open_archive";

// Reads the first object. With `names` (a later source of a stream) those are its columns, whatever that
// object has.
using OpenJsonl = RowReader*(std::unique_ptr<ByteSource> bytes, const std::string& name,
                             std::size_t block_bytes, const std::vector<std::string>& names);
inline constexpr char kJsonlEntry[] = "ostler_open_jsonl";

using OpenZip = ZipReader*(int fd, const std::string& name);
inline constexpr char kOpenZipEntry[] = "ostler_open_zip";
using WriteZip = void(int fd, const std::string& name, const std::vector<ZipFile>& files);
inline constexpr char kWriteZipEntry[] = "ostler_write_zip";

// Opens <formats_directory>/<format>.so and gives its entry point.
void* format_entry(const std::string& format, const char* entry);

}  // namespace ostler
