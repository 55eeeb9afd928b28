// archive.so: compressed data through libarchive. See lib/data/formats.h.

#include <archive.h>
#include <archive_entry.h>

#include <cerrno>
#include <exception>
#include <memory>

#include "lib/base/error.h"
#include "lib/data/formats.h"

namespace ostler {

namespace {

class ArchiveBytes : public ByteSource {
 public:
  ArchiveBytes(std::unique_ptr<ByteSource> compressed, const std::string& name)
      : compressed_(std::move(compressed)), name_(name), archive_(archive_read_new(), archive_read_free) {
    if (!archive_) throw internal_error("cannot decompress " + name_ + ": out of memory");
    archive* const reader = archive_.get();
    archive_read_support_filter_gzip(reader);
    archive_read_support_filter_zstd(reader);
    archive_read_support_filter_xz(reader);
    archive_read_support_filter_bzip2(reader);
    archive_read_support_format_raw(reader);
    archive_read_support_format_empty(reader);
    archive_entry* entry = nullptr;
    int result = archive_read_open2(reader, this, nullptr, &ArchiveBytes::read_compressed, nullptr, nullptr);
    if (result == ARCHIVE_OK) result = archive_read_next_header(reader, &entry);
    if (result == ARCHIVE_EOF)
      ended_ = true;
    else if (result != ARCHIVE_OK || archive_filter_count(reader) < 2)  // the last one is "none"
      fail();
  }

  std::size_t read(char* data, std::size_t size) override {
    if (ended_) return 0;
    const la_ssize_t got = archive_read_data(archive_.get(), data, size);
    if (got < 0) fail();
    ended_ = got == 0;
    return static_cast<std::size_t>(got);
  }

  // The library may hold more than it gave, which only a read would tell.
  bool ready() override { return ended_ || compressed_->ready(); }

 private:
  static la_ssize_t read_compressed(archive* reader, void* self, const void** data) {
    auto& bytes = *static_cast<ArchiveBytes*>(self);
    try {
      *data = bytes.buffer_;
      return static_cast<la_ssize_t>(bytes.compressed_->read(bytes.buffer_, sizeof bytes.buffer_));
    } catch (...) {
      bytes.error_ = std::current_exception();  // not through the library's frames
      archive_set_error(reader, EIO, "the data cannot be read");
      return ARCHIVE_FATAL;
    }
  }

  [[noreturn]] void fail() {
    if (error_) std::rethrow_exception(error_);
    const char* reason = archive_error_string(archive_.get());
    throw invalid_argument("cannot decompress " + name_ + ": it is truncated or damaged" +
                           (reason == nullptr ? "" : " (" + std::string(reason) + ")"));
  }

  std::unique_ptr<ByteSource> compressed_;
  std::string name_;
  std::exception_ptr error_;
  bool ended_ = false;
  char buffer_[1 << 16];
  std::unique_ptr<archive, decltype(&archive_read_free)> archive_;
};

}  // namespace

extern "C" ByteSource* ostler_open_archive(std::unique_ptr<ByteSource> compressed, const std::string& name) {
  return new ArchiveBytes(std::move(compressed), name);
}
static_assert(std::is_same_v<decltype(ostler_open_archive), OpenArchive>);

}  // namespace ostler
