#pragma once

// What the fuzz targets share. A target is one source, <target>.cc, with LLVMFuzzerTestOneInput; its comment
// says what is promised for any bytes. tests/fuzz/run has libFuzzer look for bytes that break the promise;
// the corpora are replayed by replay.cc in the ordinary test build.

#include <stdlib.h>
#include <unistd.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/base/strings.h"
#include "lib/base/value.h"

namespace ostler::fuzz {

// A broken promise ends the program, with the reproducer kept by libFuzzer.
inline void promise(bool kept, const std::string& what) {
  if (kept) return;
  std::fprintf(stderr, "broken promise: %s\n", what.c_str());
  std::abort();
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// What `function` gives, or nothing when it throws an Error, whose message must be one that can be shown. Any
// other exception goes through and ends the program.
template <typename Function>
auto attempt(Function function) -> std::optional<decltype(function())> {
  try {
    return function();
  } catch (const Error& error) {
    promise(error.what()[0] != '\0', "an Error says what is wrong");
    promise(error.code() != StatusCode::internal,
            std::string("no bytes are ostler's own fault: ") + error.what());
    return std::nullopt;
  }
}

// As ==, but NaN is the same as NaN, and the order of keys counts.
inline bool same(const Value& left, const Value& right) {
  if (left.kind() != right.kind() || left.size() != right.size()) return false;
  if (left.is_array()) {
    for (std::size_t i = 0; i < left.size(); ++i)
      if (!same(left.as_array()[i], right.as_array()[i])) return false;
    return true;
  }
  if (left.is_object()) {
    for (std::size_t i = 0; i < left.size(); ++i) {
      const Value::Member &one = left.as_object()[i], &other = right.as_object()[i];
      if (one.first != other.first || !same(one.second, other.second)) return false;
    }
    return true;
  }
  if (left.is_number() && std::isnan(left.as_number())) return std::isnan(right.as_number());
  return left == right;
}

// A directory for one process, removed at its end.
class Directory {
 public:
  Directory() : path_(std::filesystem::temp_directory_path() / "ostler-fuzz-XXXXXX") {
    promise(::mkdtemp(path_.data()) != nullptr, "there is room for a directory");
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace ostler::fuzz
