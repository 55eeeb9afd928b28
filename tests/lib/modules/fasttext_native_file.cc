// Model files of fastText that are damaged: each must be refused in words before the library sees it, for it
// would end the process or hang.
#include <doctest/doctest.h>

#include "lib/modules/fasttext/native_file.h"

#include <cstring>

#include "tests/lib/modules/training.h"

namespace ostler::testing {
namespace {

// A small model file, part by part.
struct File {
  std::string bytes;

  template <typename Number>
  File& add(Number number) {
    bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
    return *this;
  }
  File& word(const char* text, std::int64_t count, std::int8_t type) {
    bytes.append(text, std::strlen(text) + 1);
    return add(count).add(type);
  }
};

struct Parts {
  std::int32_t magic = 793712314, version = 12, dim = 2, word_ngrams = 2, loss = 3, model = 3, bucket = 4,
               minn = 0, maxn = 0, size = 4, words = 2, labels = 2;
  std::int64_t pruned = -1, count = 5, rows = 6, columns = 2;
  std::int8_t quantized = 0, type = 1;
  const char* label = "__label__b";

  std::string bytes() const {
    File file;
    file.add(magic).add(version);
    file.add(dim).add(5).add(10).add(1).add(5).add(word_ngrams).add(loss).add(model);
    file.add(bucket).add(minn).add(maxn).add(100).add(1e-4);
    file.add(size).add(words).add(labels).add(std::int64_t{20}).add(pruned);
    file.word("</s>", 10, 0).word("a", 3, 0).word("__label__a", count, 1).word(label, 5, type);
    file.add(quantized).add(rows).add(columns);
    for (int i = 0; i < 12; ++i) file.add(0.5F);
    file.add(std::int8_t{0}).add(std::int64_t{2}).add(std::int64_t{2});
    for (int i = 0; i < 4; ++i) file.add(0.5F);
    return file.bytes;
  }
};

std::string refusal(const std::string& bytes) {
  const std::string path = write_data(bytes, "model.bin");
  StatusCode code = StatusCode::ok;
  const std::string message = message_of([&] { check_native_file(path); }, &code);
  if (!message.empty()) CHECK(code == StatusCode::data_loss);
  if (!message.empty()) CHECK(contains(message, path));
  return message;
}

TEST_CASE("a sound file is taken") { CHECK(refusal(Parts().bytes()) == ""); }

TEST_CASE("a file that is cut anywhere, or goes on, is refused") {
  const std::string good = Parts().bytes();
  for (std::size_t size = 0; size < good.size(); ++size) {
    CAPTURE(size);
    CHECK(refusal(good.substr(0, size)) != "");
  }
  CHECK(contains(refusal(good + "x"), "after its end"));
}

TEST_CASE("what would end the library is refused") {
  const auto check = [](const char* says, const auto& spoil) {
    Parts parts;
    spoil(parts);
    CAPTURE(says);
    CHECK(contains(refusal(parts.bytes()), says));
  };
  check("begin like one", [](Parts& p) { p.magic = 1; });
  check("version", [](Parts& p) { p.version = 11; });
  check("sizes", [](Parts& p) { p.dim = 0; });
  check("sizes", [](Parts& p) { p.dim = -2; });
  check("sizes", [](Parts& p) { p.bucket = -1; });
  check("sizes", [](Parts& p) { p.word_ngrams = 0; });
  check("sizes", [](Parts& p) { p.minn = 3; });
  check("buckets", [](Parts& p) { p.bucket = 0; });
  check("buckets", [](Parts& p) { p.word_ngrams = 1, p.maxn = 3, p.bucket = 0; });
  check("loss", [](Parts& p) { p.loss = 9; });
  check("classifier", [](Parts& p) { p.model = 2; });
  check("dictionary", [](Parts& p) { p.words = 3; });
  check("dictionary", [](Parts& p) { p.size = 2147483647; });
  check("dictionary", [](Parts& p) { p.words = -1, p.labels = 5; });
  check("dictionary", [](Parts& p) { p.count = -1; });
  check("dictionary", [](Parts& p) { p.count = 2000000000000000; });
  check("dictionary", [](Parts& p) { p.type = 0; });
  check("dictionary", [](Parts& p) { p.label = "b"; });
  check("dictionary", [](Parts& p) { p.label = ""; });
  check("quantized", [](Parts& p) { p.pruned = 3; });
  check("quantized", [](Parts& p) { p.quantized = 1; });
  check("matrix", [](Parts& p) { p.rows = 7; });
  check("matrix", [](Parts& p) { p.columns = 3; });
  check("matrix", [](Parts& p) { p.rows = -1; });
  check("cut", [](Parts& p) { p.dim = 2000000000, p.columns = 2000000000; });
}

}  // namespace
}  // namespace ostler::testing
