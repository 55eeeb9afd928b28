// The one source that compiles the YAML library.

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "lib/base/error.h"
#include "lib/base/strings.h"
#include "lib/base/value.h"

namespace ostler {

namespace {

using File = std::shared_ptr<const std::string>;

constexpr int kMaxDepth = 200;
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

class Converter {
 public:
  Converter(File file, std::size_t size)
      : file_(std::move(file)), nodes_left_(size + kMoreNodes), text_left_(size + kMoreText) {}

  Value convert(const YAML::Node& node, int depth) {
    const int line = node.Mark().line + 1;
    if (depth > kMaxDepth) fail(line, "nested more than " + std::to_string(kMaxDepth) + " deep");
    take(1, nodes_left_, line);
    Value value;
    if (node.IsScalar()) {
      take(node.Scalar().size(), text_left_, line);
      value = node.Tag() == "?" ? plain_scalar(node.Scalar()) : Value(node.Scalar());
    } else if (node.IsSequence()) {
      value = Value(Value::Array());
      for (const YAML::Node& item : node) value.push_back(convert(item, depth + 1));
    } else if (node.IsMap()) {
      value = Value(Value::Object());
      for (const auto& member : node) {
        if (!member.first.IsScalar())
          fail(member.first.Mark().line + 1, "a key must be a word, not a list or map");
        const std::string& key = member.first.Scalar();
        take(key.size(), text_left_, member.first.Mark().line + 1);
        if (value.find(key) != nullptr)
          fail(member.first.Mark().line + 1, "the key \"" + key + "\" occurs twice");
        value[key] = convert(member.second, depth + 1);
        // An error about a key names the key's line, which for a map or list is not that of its first member.
        value[key].set_origin({file_, member.first.Mark().line + 1});
      }
    }
    value.set_origin({file_, line});
    return value;
  }

  [[noreturn]] void fail(int line, const std::string& message) const {
    throw invalid_argument(*file_ + ":" + std::to_string(line) + ": " + message);
  }

 private:
  void take(std::size_t size, std::size_t& left, int line) const {
    if (size > left) fail(line, "aliases (*name) stand for more than is taken");
    left -= size;
  }

  File file_;
  std::size_t nodes_left_, text_left_;
};

void emit(YAML::Emitter& out, const Value& value) {
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
      // Text that would be read back as something else is quoted.
      if (!plain_scalar(value.as_string()).is_string()) out << YAML::DoubleQuoted;
      out << value.as_string();
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
        out << YAML::Key << key << YAML::Value;
        emit(out, member);
      }
      out << YAML::EndMap;
      break;
  }
}

}  // namespace

Value parse_yaml(std::string_view text, const std::string& name) {
  const File file = std::make_shared<const std::string>(name);
  if (const std::size_t bad = find_invalid_utf8(text); bad != std::string_view::npos) {
    const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(bad), '\n');
    throw invalid_argument(name + ":" + std::to_string(line) + ": this is not YAML: the text is not UTF-8");
  }
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(text));
    if (documents.empty()) {
      Value nothing;
      nothing.set_origin({file, 0});
      return nothing;
    }
    Converter converter(file, text.size());
    if (documents.size() > 1)
      converter.fail(documents[1].Mark().line + 1, "a second document begins here; one file holds one");
    return converter.convert(documents[0], 0);
  } catch (const YAML::Exception& error) {
    const int line = error.mark.is_null() ? 0 : error.mark.line + 1;
    throw invalid_argument(name + ":" + std::to_string(line) + ": this is not YAML: " + error.msg);
  }
}

std::string to_yaml(const Value& value) {
  YAML::Emitter out;
  emit(out, value);
  return std::string(out.c_str()) + "\n";
}

}  // namespace ostler
