// The one source that compiles the JSON library: it is costly to compile (see value.h).

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "lib/base/error.h"
#include "lib/base/value.h"

namespace ostler {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::size_t kMaxDepth = 200;

// Builds a Value from the parser's events; stops at the first thing that we do not take.
class ValueBuilder : public nlohmann::json_sax<json> {
 public:
  Value result;
  std::string error;
  std::size_t error_position = 0;

  bool null() override { return put(Value()); }
  bool boolean(bool value) override { return put(Value(value)); }
  bool number_integer(number_integer_t value) override { return put(Value(std::int64_t{value})); }
  bool number_unsigned(number_unsigned_t value) override {
    if (value > static_cast<number_unsigned_t>(INT64_MAX)) return put(Value(static_cast<double>(value)));
    return put(Value(static_cast<std::int64_t>(value)));
  }
  bool number_float(number_float_t value, const string_t&) override { return put(Value(value)); }
  bool string(string_t& value) override { return put(Value(std::move(value))); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(Value(Value::Object())); }
  bool key(string_t& value) override {
    if (stack_.back()->find(value) != nullptr) {
      error = "the key \"" + value + "\" occurs twice";
      return false;
    }
    key_ = std::move(value);
    return true;
  }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(Value(Value::Array())); }
  bool end_array() override { return close(); }
  bool parse_error(std::size_t position, const std::string& token,
                   const nlohmann::detail::exception&) override {
    error = "unexpected \"" + token + "\"";
    error_position = position;
    return false;
  }

 private:
  bool put(Value value) {
    place(std::move(value));
    return true;
  }
  Value* place(Value value) {
    if (stack_.empty()) {
      result = std::move(value);
      return &result;
    }
    if (stack_.back()->is_array()) {
      stack_.back()->push_back(std::move(value));
      return &stack_.back()->as_array().back();
    }
    Value::Object& members = stack_.back()->as_object();
    members.emplace_back(std::move(key_), std::move(value));
    return &members.back().second;
  }
  bool open(Value value) {
    if (stack_.size() >= kMaxDepth) {
      error = "nested more than " + std::to_string(kMaxDepth) + " deep";
      return false;
    }
    stack_.push_back(place(std::move(value)));
    return true;
  }
  bool close() {
    stack_.pop_back();
    return true;
  }

  // Points into `result`; stays valid, since a container's members grow only while it is the last of the
  // stack.
  std::vector<Value*> stack_;
  std::string key_;
};

ordered_json convert(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::null:
      return nullptr;
    case Value::Kind::boolean:
      return value.as_boolean();
    case Value::Kind::integer:
      return value.as_integer();
    case Value::Kind::number:
      if (!std::isfinite(value.as_number())) return nullptr;
      return value.as_number();
    case Value::Kind::string:
      return value.as_string();
    case Value::Kind::array: {
      ordered_json items = ordered_json::array();
      for (const Value& item : value.as_array()) items.push_back(convert(item));
      return items;
    }
    case Value::Kind::object: {
      ordered_json members = ordered_json::object();
      for (const auto& [key, member] : value.as_object()) members[key] = convert(member);
      return members;
    }
  }
  return nullptr;
}

}  // namespace

Value parse_json(std::string_view text, const std::string& name) {
  ValueBuilder builder;
  if (!json::sax_parse(text.begin(), text.end(), &builder)) {
    const std::size_t end = std::min(builder.error_position, text.size());
    const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(end), '\n');
    std::string place = name;
    if (builder.error_position > 0) place += ":" + std::to_string(line);
    throw invalid_argument(place + ": this is not JSON: " + builder.error);
  }
  return std::move(builder.result);
}

std::string to_json(const Value& value, bool indented) {
  return convert(value).dump(indented ? 2 : -1, ' ', false, ordered_json::error_handler_t::replace);
}

std::string number_to_text(double number) {
  char buffer[64];
  const double size = std::fabs(number);
  const bool plain = number == 0 || (size >= 1e-5 && size < 1e21);
  const auto format = plain ? std::chars_format::fixed : std::chars_format::scientific;
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, number, format).ptr;
  return {buffer, end};
}

}  // namespace ostler
