#include "lib/modules/fasttext/native_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/modules/fasttext/words.h"

namespace ostler {

namespace {

constexpr std::int32_t kMagic = 793712314, kVersion = 12;
constexpr std::int32_t kSupervised = 3;
constexpr std::int64_t kMostCount = 1'000'000'000'000;

class FileReader {
 public:
  explicit FileReader(const std::string& path) : path_(path) {
    const UniqueFd file = open_file(path, O_RDONLY);
    const auto status = file_status(path);
    size_ = status ? status->size : 0;
    if (size_ == 0) fail("it is empty");
    data_ = static_cast<const char*>(::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0));
    if (data_ == MAP_FAILED) throw system_error(errno, "cannot map " + path);
  }
  ~FileReader() { ::munmap(const_cast<char*>(data_), size_); }
  FileReader(const FileReader&) = delete;
  FileReader& operator=(const FileReader&) = delete;

  template <typename Number>
  Number number() {
    Number value;
    std::memcpy(&value, take(sizeof value), sizeof value);
    return value;
  }
  std::string_view text() {
    const std::string_view left(data_ + at_, size_ - at_);
    const std::size_t length = left.find('\0');
    if (length == std::string_view::npos) fail("it is cut");
    at_ += length + 1;
    return left.substr(0, length);
  }
  const char* take(std::uint64_t bytes) {
    if (bytes > size_ - at_) fail("it is cut");
    const char* place = data_ + at_;
    at_ += bytes;
    return place;
  }
  bool at_end() const { return at_ == size_; }

  [[noreturn]] void fail(const std::string& what) const {
    throw Error(StatusCode::data_loss,
                fmt::format("{} is no model of fastText that can be used: {}", path_, what));
  }
  void require(bool holds, const char* what) const {
    if (!holds) fail(what);
  }

 private:
  std::string path_;
  const char* data_ = nullptr;
  std::uint64_t size_ = 0, at_ = 0;
};

struct Header {
  std::int32_t dim, word_ngrams, loss, model, bucket, minn, maxn;
};

Header read_header(FileReader& file) {
  file.require(file.number<std::int32_t>() == kMagic, "it does not begin like one");
  file.require(file.number<std::int32_t>() == kVersion, "it is of another version");
  Header header{};
  header.dim = file.number<std::int32_t>();
  file.take(4 * sizeof(std::int32_t));  // ws, epoch, minCount, neg
  header.word_ngrams = file.number<std::int32_t>();
  header.loss = file.number<std::int32_t>();
  header.model = file.number<std::int32_t>();
  header.bucket = file.number<std::int32_t>();
  header.minn = file.number<std::int32_t>();
  header.maxn = file.number<std::int32_t>();
  file.take(sizeof(std::int32_t) + sizeof(double));  // lrUpdateRate, t
  file.require(header.model == kSupervised, "it is no classifier");
  file.require(header.loss >= 1 && header.loss <= 4, "its loss is none");
  file.require(header.dim > 0 && header.bucket >= 0 && header.word_ngrams > 0 && header.word_ngrams < 1000 &&
                   header.minn >= 0 && header.maxn >= header.minn && header.maxn < 1000,
               "its sizes are none");
  file.require(header.bucket > 0 || (header.word_ngrams == 1 && header.maxn == 0), "it has no buckets");
  return header;
}

// Gives the number of words and of labels.
std::pair<std::int32_t, std::int32_t> read_dictionary(FileReader& file) {
  const auto size = file.number<std::int32_t>(), words = file.number<std::int32_t>(),
             labels = file.number<std::int32_t>();
  file.take(sizeof(std::int64_t));  // tokens
  const auto pruned = file.number<std::int64_t>();
  file.require(words > 0 && labels > 0 && static_cast<std::int64_t>(words) + labels == size,
               "its dictionary has other words than it says");
  for (std::int32_t i = 0; i < size; ++i) {
    const std::string_view word = file.text();
    const auto count = file.number<std::int64_t>();
    const auto type = file.number<std::int8_t>();
    file.require(!word.empty() && count >= 0 && count < kMostCount && type == (i < words ? 0 : 1) &&
                     (i < words || word.substr(0, kLabelPrefix.size()) == kLabelPrefix),
                 "its dictionary is altered");
  }
  file.require(pruned == -1, "it is quantized");
  return {words, labels};
}

void read_matrix(FileReader& file, std::int64_t rows, std::int64_t columns) {
  file.require(file.number<std::int8_t>() == 0, "it is quantized");
  file.require(file.number<std::int64_t>() == rows && file.number<std::int64_t>() == columns,
               "its matrix has another size than its header says");
  // Both are below 2^32: the product fits.
  const auto cells = static_cast<std::uint64_t>(rows) * static_cast<std::uint64_t>(columns);
  if (cells > UINT64_MAX / sizeof(float)) file.fail("its matrix is too large");
  file.take(cells * sizeof(float));
}

}  // namespace

void check_native_file(const std::string& path) {
  FileReader file(path);
  const Header header = read_header(file);
  const auto [words, labels] = read_dictionary(file);
  read_matrix(file, static_cast<std::int64_t>(words) + header.bucket, header.dim);
  read_matrix(file, labels, header.dim);
  file.require(file.at_end(), "there is something after its end");
}

}  // namespace ostler
