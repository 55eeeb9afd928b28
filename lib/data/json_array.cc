#include "lib/data/json_array.h"

#include <optional>

#include "lib/base/error.h"

namespace ostler {

namespace {

constexpr std::size_t kBufferBytes = 64 << 10;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

class JsonArrayLines : public ByteSource {
 public:
  JsonArrayLines(std::unique_ptr<ByteSource> bytes, std::string name)
      : bytes_(std::move(bytes)), name_(std::move(name)), buffer_(kBufferBytes, '\0') {}

  std::size_t read(char* data, std::size_t size) override {
    std::size_t given = 0;
    if (fault_) throw Error(*fault_);
    while (given == 0) {
      if (at_ == filled_) {
        filled_ = bytes_->read(buffer_.data(), buffer_.size());
        at_ = 0;
        if (filled_ == 0) {
          check_end();
          return 0;
        }
      }
      try {
        while (at_ < filled_ && given < size)
          if (const char c = take(buffer_[at_++]); c != '\0') data[given++] = c;
      } catch (const Error& error) {
        if (given == 0) throw;
        fault_ = error;  // after what came before it
      }
    }
    return given;
  }

  bool ready() override { return at_ < filled_ || bytes_->ready(); }

 private:
  enum class Place { mark, before, element, after };

  Error wrong(const std::string& what) const { return invalid_argument(name_ + " " + what); }

  void check_end() const {
    if (place_ == Place::element) throw wrong("ends within its JSON array: it is cut off");
  }

  // What a byte becomes; NUL: nothing. A NUL of the source is one that no reader takes: 0x01 says the same.
  char take(char c) {
    if (c == '\0') return '\x01';
    switch (place_) {
      case Place::mark:  // a byte order mark is skipped, as everywhere
        if (c == '\xEF' || c == '\xBB' || c == '\xBF') return '\0';
        [[fallthrough]];
      case Place::before:
        place_ = c == '[' ? Place::element : Place::before;
        if (c != '[' && !is_blank(c))
          throw wrong("is no JSON array of objects (one object a line is --input-format jsonl)");
        return '\0';
      case Place::element:
        return in_array(c);
      case Place::after:
        if (!is_blank(c)) throw wrong("has something after its JSON array");
        return '\0';
    }
    return c;
  }

  char in_array(char c) {
    if (in_text_) {
      in_text_ = escaped_ || c != '"';
      escaped_ = !escaped_ && c == '\\';
      return c;
    }
    if (is_blank(c)) return ' ';
    if (depth_ == 0 && (c == ',' || c == ']')) return after_element(c);
    some_ = true;
    if (c == '"') in_text_ = true;
    if (c == '{' || c == '[') ++depth_;
    if ((c == '}' || c == ']') && depth_ > 0) --depth_;
    return c;
  }

  char after_element(char c) {
    if (!some_ && (c == ',' || any_))
      throw wrong("has no element before a \"" + std::string(1, c) + "\" of its JSON array");
    any_ = true;
    some_ = false;
    if (c == ']') place_ = Place::after;
    return '\n';
  }

  std::unique_ptr<ByteSource> bytes_;
  std::string name_, buffer_;
  std::size_t at_ = 0, filled_ = 0;
  Place place_ = Place::mark;
  int depth_ = 0;  // within the element
  bool in_text_ = false, escaped_ = false;
  std::optional<Error> fault_;
  bool some_ = false;  // of the element was there
  bool any_ = false;   // an element before it
};

}  // namespace

std::unique_ptr<ByteSource> json_array_lines(std::unique_ptr<ByteSource> bytes, const std::string& name) {
  return std::make_unique<JsonArrayLines>(std::move(bytes), name);
}

}  // namespace ostler
