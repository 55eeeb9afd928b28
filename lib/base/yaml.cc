// The one source that compiles the YAML library.

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <optional>
#include <sstream>
#include <unordered_map>

#include "lib/base/error.h"
#include "lib/base/strings.h"
#include "lib/base/value.h"

namespace ostler {

namespace {

using File = std::shared_ptr<const std::string>;

constexpr std::size_t kMaxDepth = 200;
// Through aliases a tree may be larger than its text, by so many values and so much text: this bounds the
// "billion laughs".
constexpr std::size_t kMoreNodes = 50'000;
constexpr std::size_t kMoreText = 16 << 20;

bool one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  for (std::string_view word : words)
    if (text == word) return true;
  return false;
}

// Resolves a plain scalar as the YAML 1.2 core schema does.
Value plain_scalar(const std::string& text) {
  if (one_of(text, {"", "~", "null", "Null", "NULL"})) return {};
  if (one_of(text, {"true", "True", "TRUE"})) return true;
  if (one_of(text, {"false", "False", "FALSE"})) return false;
  if (one_of(text, {".nan", ".NaN", ".NAN"})) return std::nan("");
  if (one_of(text, {".inf", ".Inf", ".INF", "+.inf"})) return HUGE_VAL;
  if (one_of(text, {"-.inf", "-.Inf", "-.INF"})) return -HUGE_VAL;
  const char* first = text.data() + (text[0] == '+' ? 1 : 0);
  const char* last = text.data() + text.size();
  std::int64_t integer = 0;
  if (auto [end, error] = std::from_chars(first, last, integer); error == std::errc() && end == last)
    return integer;
  if (text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'o')) {
    auto [end, error] = std::from_chars(first + 2, last, integer, text[1] == 'x' ? 16 : 8);
    if (error == std::errc() && end == last) return integer;
  }
  double number = 0;
  const bool digit =
      first != last && (std::isdigit(static_cast<unsigned char>(*first)) || *first == '.' || *first == '-');
  if (digit)
    if (auto [end, error] = std::from_chars(first, last, number);
        error == std::errc() && end == last && std::isfinite(number))
      return number;
  return text;
}

// The parser takes the escapes \_ and \N for the single bytes A0 and 85, which are no UTF-8.
std::string in_utf8(std::string text) {
  for (std::size_t at = 0; (at = find_invalid_utf8(text)) != std::string::npos;) {
    if (text[at] != '\xA0' && text[at] != '\x85') break;
    text.insert(at, "\xC2");
  }
  return text;
}

// Builds a Value from the parser's events; YAML::LoadAll does not end at what the parser cannot get past,
// such as a comma before a list.
class Builder : public YAML::EventHandler {
 public:
  Builder(File file, std::size_t size)
      : file_(std::move(file)), nodes_left_(size + kMoreNodes), text_left_(size + kMoreText) {}

  Value result;

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (some_) fail(mark.line + 1, "a second document begins here, or what is no YAML; one file holds one");
    some_ = true;
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { add({}, mark.line + 1, anchor); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto named = anchors_.find(anchor);
    if (named == anchors_.end()) fail(mark.line + 1, "an alias stands within what it names");
    add(named->second, mark.line + 1, YAML::NullAnchor);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    add(tag == "?" && !is_key_next() ? plain_scalar(text) : Value(in_utf8(text)), mark.line + 1, anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Value(Value::Array()), mark.line + 1, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Value(Value::Object()), mark.line + 1, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  // A list or map that is not closed yet, and of a map the key whose value comes next.
  struct Open {
    Value value;
    YAML::anchor_t anchor;
    std::optional<std::string> key;
    int key_line = 0;
  };

  bool is_key_next() const {
    return !stack_.empty() && stack_.back().value.is_object() && !stack_.back().key;
  }

  // `value` is complete; that of an alias knows where it was written.
  void add(Value value, int line, YAML::anchor_t anchor) {
    spend(value, stack_.size(), line);
    if (!value.origin().file) value.set_origin({file_, line});
    place(std::move(value), line, anchor);
  }

  void open(Value value, int line, YAML::anchor_t anchor) {
    if (is_key_next()) fail(line, "a key must be a word, not a list or map");
    spend(value, stack_.size(), line);
    value.set_origin({file_, line});
    stack_.push_back({std::move(value), anchor, std::nullopt});
  }

  void close() {
    Open closed = std::move(stack_.back());
    stack_.pop_back();
    place(std::move(closed.value), 0, closed.anchor);
  }

  void place(Value value, int line, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) {
      spend(value, stack_.size(), value.origin().line);
      anchors_[anchor] = value;
    }
    if (stack_.empty()) {
      result = std::move(value);
      return;
    }
    Open& outer = stack_.back();
    if (outer.value.is_array()) {
      outer.value.push_back(std::move(value));
    } else if (outer.key) {
      // An error about a key names the key's line, which for a map or list is not that of its first member.
      value.set_origin({file_, outer.key_line});
      outer.value[*outer.key] = std::move(value);
      outer.key.reset();
    } else {
      if (!value.is_string()) fail(line, "a key must be a word, not a list or map");
      if (outer.value.find(value.as_string()) != nullptr)
        fail(line, "the key \"" + value.as_string() + "\" occurs twice");
      outer.key = value.as_string();
      outer.key_line = line;
    }
  }

  // What aliases add is bounded, and what is kept for them.
  void spend(const Value& value, std::size_t depth, int line) {
    if (depth > kMaxDepth) fail(line, "nested more than " + std::to_string(kMaxDepth) + " deep");
    take(1, nodes_left_, line);
    if (value.is_string()) take(value.as_string().size(), text_left_, line);
    if (value.is_array())
      for (const Value& item : value.as_array()) spend(item, depth + 1, line);
    if (value.is_object())
      for (const auto& [key, member] : value.as_object()) {
        take(key.size(), text_left_, line);
        spend(member, depth + 1, line);
      }
  }
  void take(std::size_t size, std::size_t& left, int line) const {
    if (size > left) fail(line, "aliases (&name, *name) stand for more than is taken");
    left -= size;
  }

  [[noreturn]] void fail(int line, const std::string& message) const {
    throw invalid_argument(*file_ + ":" + std::to_string(line) + ": " + message);
  }

  File file_;
  bool some_ = false;
  std::vector<Open> stack_;
  std::unordered_map<YAML::anchor_t, Value> anchors_;
  std::size_t nodes_left_, text_left_;
};

// The first code point from there on that is no character (U+FFFE, U+FFFF and the like): its place and its
// number.
std::pair<std::size_t, std::uint32_t> find_noncharacter(std::string_view text, std::size_t from) {
  for (std::size_t at = from; at < text.size(); ++at) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
    const std::size_t size = byte(0) == 0xEF ? 3 : byte(0) >= 0xF0 ? 4 : 1;
    if (size == 1 || at + size > text.size()) continue;
    std::uint32_t code = byte(0) & (size == 3 ? 0xF : 0x7);
    for (std::size_t i = 1; i < size; ++i) code = code << 6 | (byte(i) & 0x3F);
    if ((code & 0xFFFE) == 0xFFFE || (code >= 0xFDD0 && code <= 0xFDEF)) return {at, code};
  }
  return {std::string_view::npos, 0};
}

bool any_text(const Value& value, const std::function<bool(const std::string&)>& holds) {
  if (value.is_string()) return holds(value.as_string());
  if (value.is_array())
    return std::any_of(value.as_array().begin(), value.as_array().end(),
                       [&](const Value& item) { return any_text(item, holds); });
  return value.is_object() &&
         std::any_of(value.as_object().begin(), value.as_object().end(), [&](const auto& member) {
           return holds(member.first) || any_text(member.second, holds);
         });
}

// The library writes U+FFFD for what is no character. Such a code point goes through it as a mark, which no
// text has, and six digits; an escape is put in their place afterwards.
class Emitter : public YAML::Emitter {
 public:
  explicit Emitter(const Value& value) {
    const auto has_noncharacter = [](const std::string& text) {
      return find_noncharacter(text, 0).first != std::string::npos;
    };
    const auto has_mark = [&](const std::string& text) { return text.find(mark_) != std::string::npos; };
    if (any_text(value, has_noncharacter))
      for (mark_ = "<>"; any_text(value, has_mark);) mark_.insert(1, 1, '_');
  }

  // Text that would be read back as something else is quoted; the library leaves some control characters
  // bare.
  void add(const std::string& text, bool quoted) {
    for (const char c : text) quoted = quoted || static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    std::string marked;
    std::size_t from = 0;
    if (!mark_.empty())
      for (auto found = find_noncharacter(text, 0); found.first != std::string::npos;
           found = find_noncharacter(text, from)) {
        marked += text.substr(from, found.first - from) + mark_ + fmt::format("{:06X}", found.second);
        from = found.first + (found.second > 0xFFFF ? 4 : 3);
      }
    if (quoted || from > 0) *this << YAML::DoubleQuoted;
    *this << marked + text.substr(from);
  }

  std::string text() const {
    std::string all(c_str());
    if (!mark_.empty())
      for (std::size_t at = 0; (at = all.find(mark_, at)) != std::string::npos;)
        all.replace(at, mark_.size(), "\\U00");
    return all + "\n";
  }

 private:
  std::string mark_;
};

void emit(Emitter& out, const Value& value) {
  switch (value.kind()) {
    case Value::Kind::null:
      out << YAML::Null;
      break;
    case Value::Kind::boolean:
      out << value.as_boolean();
      break;
    case Value::Kind::integer:
      out << static_cast<long long>(value.as_integer());
      break;
    case Value::Kind::number: {
      const double number = value.as_number();
      if (std::isnan(number)) {
        out << ".nan";
      } else if (std::isinf(number)) {
        out << (number > 0 ? ".inf" : "-.inf");
      } else {
        // A whole number keeps a dot, so that it comes back as a number and not as an integer.
        std::string text = number_to_text(number);
        if (text.find_first_of(".e") == std::string::npos) text += ".0";
        out << text;
      }
      break;
    }
    case Value::Kind::string:
      out.add(value.as_string(), !plain_scalar(value.as_string()).is_string());
      break;
    case Value::Kind::array:
      if (value.size() == 0) out << YAML::Flow;
      out << YAML::BeginSeq;
      for (const Value& item : value.as_array()) emit(out, item);
      out << YAML::EndSeq;
      break;
    case Value::Kind::object:
      if (value.size() == 0) out << YAML::Flow;
      out << YAML::BeginMap;
      for (const auto& [key, member] : value.as_object()) {
        // Readers look no further than 1024 characters for the colon that makes a key; a byte takes four at
        // most.
        if (key.size() > 250) out << YAML::LongKey;
        out << YAML::Key;
        out.add(key, false);
        out << YAML::Value;
        emit(out, member);
      }
      out << YAML::EndMap;
      break;
  }
}

}  // namespace

Value parse_yaml(std::string_view text, const std::string& name) {
  const File file = std::make_shared<const std::string>(name);
  // With a NUL byte the library would take it for UTF-16 or UTF-32.
  if (const std::size_t bad = std::min(find_invalid_utf8(text), text.find('\0'));
      bad != std::string_view::npos) {
    const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(bad), '\n');
    throw invalid_argument(name + ":" + std::to_string(line) + ": this is not YAML: the text is not UTF-8");
  }
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    Builder builder(file, text.size());
    builder.result.set_origin({file, 0});
    while (parser.HandleNextDocument(builder)) continue;
    return std::move(builder.result);
  } catch (const YAML::Exception& error) {
    const int line = error.mark.is_null() ? 0 : error.mark.line + 1;
    throw invalid_argument(name + ":" + std::to_string(line) + ": this is not YAML: " + error.msg);
  }
}

std::string to_yaml(const Value& value) {
  Emitter out(value);
  emit(out, value);
  return out.text();
}

}  // namespace ostler
