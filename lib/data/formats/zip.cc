// zip.so: zip archives through libarchive. See lib/data/formats.h.

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <locale.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <memory>

#include "lib/base/error.h"
#include "lib/data/formats.h"

namespace ostler {

namespace {

// The library converts names to the thread's locale, and gives none where that cannot hold them. While it
// works for us, that is UTF-8, as names in zip files and on Linux are.
class Utf8Scope {
 public:
  Utf8Scope() {
    static const locale_t utf8 = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    if (utf8 != nullptr) before_ = ::uselocale(utf8);
  }
  ~Utf8Scope() {
    if (before_ != nullptr) ::uselocale(before_);
  }
  Utf8Scope(const Utf8Scope&) = delete;
  Utf8Scope& operator=(const Utf8Scope&) = delete;

 private:
  locale_t before_ = nullptr;
};

constexpr std::size_t kBlock = 1 << 16;

class LibarchiveZip : public ZipReader {
 public:
  LibarchiveZip(int fd, const std::string& name)
      : name_(name), archive_(archive_read_new(), archive_read_free) {
    if (!archive_) throw internal_error("cannot read " + name_ + ": out of memory");
    const Utf8Scope utf8;
    // By the archive's own directory at its end: what streams is told less (links), and other things.
    archive_read_support_format_zip_seekable(archive_.get());
    if (::lseek(fd, 0, SEEK_SET) != 0) throw system_error(errno, "cannot read " + name_);
    if (archive_read_open_fd(archive_.get(), fd, kBlock) != ARCHIVE_OK)
      throw Error(StatusCode::data_loss, name_ + " is no zip archive, or it is truncated or damaged");
  }

  bool next(ZipEntry& entry) override {
    const Utf8Scope utf8;
    archive_entry* found = nullptr;
    const int result = archive_read_next_header(archive_.get(), &found);
    if (result == ARCHIVE_EOF) return false;
    if (result != ARCHIVE_OK && result != ARCHIVE_WARN) damaged();
    const char* name = archive_entry_pathname(found);
    if (name == nullptr) throw invalid_argument(name_ + " has an entry whose name is not UTF-8");
    entry.name = name;
    entry.type = archive_entry_filetype(found) == AE_IFREG   ? ZipEntry::Type::file
                 : archive_entry_filetype(found) == AE_IFDIR ? ZipEntry::Type::directory
                                                             : ZipEntry::Type::other;
    entry.size = static_cast<std::uint64_t>(archive_entry_size(found));
    entry.executable = (archive_entry_perm(found) & S_IXUSR) != 0;
    entry.encrypted = archive_entry_is_encrypted(found) != 0;
    return true;
  }

  std::size_t read(char* data, std::size_t size) override {
    const la_ssize_t got = archive_read_data(archive_.get(), data, size);
    if (got < 0) damaged();
    return static_cast<std::size_t>(got);
  }

 private:
  [[noreturn]] void damaged() {
    const char* reason = archive_error_string(archive_.get());
    throw Error(StatusCode::data_loss, name_ + " is truncated or damaged" +
                                           (reason == nullptr ? "" : " (" + std::string(reason) + ")"));
  }

  std::string name_;
  std::unique_ptr<archive, decltype(&archive_read_free)> archive_;
};

class ZipOutput {
 public:
  ZipOutput(int fd, const std::string& name)
      : fd_(fd), name_(name), archive_(archive_write_new(), archive_write_free) {
    if (!archive_) fail();
    check(archive_write_set_format_zip(archive_.get()));
    check(archive_write_set_options(archive_.get(), "zip:hdrcharset=UTF-8"));
    check(archive_write_set_bytes_in_last_block(archive_.get(), 1));  // no padding
    check(archive_write_open(archive_.get(), this, nullptr, write, nullptr));
  }

  void add(const ZipFile& file) {
    const UniqueFd source = open_file(file.path, O_RDONLY | O_NOFOLLOW);
    struct stat status {};
    if (::fstat(source.get(), &status) != 0) throw system_error(errno, "cannot read " + file.path);
    const std::unique_ptr<archive_entry, decltype(&archive_entry_free)> entry(archive_entry_new(),
                                                                              archive_entry_free);
    archive_entry_set_pathname(entry.get(), file.name.c_str());
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), (status.st_mode & S_IXUSR) != 0 ? 0755 : 0644);
    archive_entry_set_mtime(entry.get(), status.st_mtim.tv_sec, 0);
    archive_entry_set_size(entry.get(), status.st_size);
    check(archive_write_header(archive_.get(), entry.get()));
    char block[kBlock];
    off_t left = status.st_size;
    while (left > 0) {
      const ssize_t got = ::read(source.get(), block, sizeof block);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw system_error(errno, "cannot read " + file.path);
      if (got == 0) throw Error(StatusCode::data_loss, file.path + " became shorter while it was read");
      const std::size_t size = static_cast<std::size_t>(std::min<off_t>(got, left));
      if (archive_write_data(archive_.get(), block, size) < 0 || error_) fail();
      left -= static_cast<off_t>(size);
    }
  }

  void finish() { check(archive_write_close(archive_.get())); }

 private:
  // What cannot be written is kept in error_ and not told to libarchive: it would leave out the end of the
  // entry, and with it the memory of its compression.
  static la_ssize_t write(archive*, void* output, const void* bytes, std::size_t size) {
    auto& self = *static_cast<ZipOutput*>(output);
    try {
      if (!self.error_) write_all(self.fd_, {static_cast<const char*>(bytes), size}, self.name_);
    } catch (const Error&) {
      self.error_ = std::current_exception();
    }
    return static_cast<la_ssize_t>(size);
  }

  void check(int result) {
    if (result != ARCHIVE_OK || error_) fail();
  }
  [[noreturn]] void fail() {
    if (error_) std::rethrow_exception(error_);
    const int number = archive_ ? archive_errno(archive_.get()) : ENOMEM;
    throw system_error(number > 0 ? number : EIO, "cannot write " + name_);
  }

  const int fd_;
  const std::string name_;
  std::exception_ptr error_;
  std::unique_ptr<archive, decltype(&archive_write_free)> archive_;  // its end writes
};

}  // namespace

extern "C" ZipReader* ostler_open_zip(int fd, const std::string& name) { return new LibarchiveZip(fd, name); }
static_assert(std::is_same_v<decltype(ostler_open_zip), OpenZip>);

extern "C" void ostler_write_zip(int fd, const std::string& name, const std::vector<ZipFile>& files) {
  const Utf8Scope utf8;
  ZipOutput output(fd, name);
  for (const ZipFile& file : files) output.add(file);
  output.finish();
}
static_assert(std::is_same_v<decltype(ostler_write_zip), WriteZip>);

}  // namespace ostler
