#pragma once

// A tree of values: what a JSON or YAML document holds. It is the one type in which configuration, job
// specifications, outcomes, events, metrics and a model's config.yml travel, so that the JSON and YAML
// libraries are compiled in one source each (json.cc, yaml.cc).
//
// A value read from a file remembers the file and the line, so that an error found later can name both.
// Objects keep the order of their keys, and a key occurs once. Values are plain data: copying copies the
// tree, and const access from several threads is safe.

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace ostler {

class Value {
 public:
  using Array = std::vector<Value>;
  using Member = std::pair<std::string, Value>;
  using Object = std::vector<Member>;
  enum class Kind { null, boolean, integer, number, string, array, object };

  // Where a value was written: "models/x/config.yml", line 3 (from 1; 0: unknown).
  struct Origin {
    std::shared_ptr<const std::string> file;
    int line = 0;
  };

  Value() = default;
  Value(std::nullptr_t) {}
  Value(bool value) : data_(value) {}
  Value(int value) : data_(static_cast<std::int64_t>(value)) {}
  Value(std::int64_t value) : data_(value) {}
  Value(std::uint64_t value) : data_(static_cast<std::int64_t>(value)) {}
  Value(double value) : data_(value) {}
  Value(const char* value) : data_(std::string(value)) {}
  Value(std::string value) : data_(std::move(value)) {}
  Value(std::string_view value) : data_(std::string(value)) {}
  Value(Array value) : data_(std::move(value)) {}
  Value(Object value) : data_(std::move(value)) {}
  static Value object(std::initializer_list<Member> members = {}) { return Value(Object(members)); }
  static Value array(std::initializer_list<Value> items = {}) { return Value(Array(items)); }

  Kind kind() const { return static_cast<Kind>(data_.index()); }
  bool is_null() const { return kind() == Kind::null; }
  bool is_boolean() const { return kind() == Kind::boolean; }
  bool is_integer() const { return kind() == Kind::integer; }
  bool is_number() const { return is_integer() || kind() == Kind::number; }  // integers are numbers
  bool is_string() const { return kind() == Kind::string; }
  bool is_array() const { return kind() == Kind::array; }
  bool is_object() const { return kind() == Kind::object; }
  // "null", "true or false", "an integer", "a number", "a string", "a list", "a map": for messages.
  std::string_view kind_name() const;

  // Typed access. Another kind is an Error (invalid_argument) that names `what` (or the key it was found
  // under) and the origin. A number with no fraction is accepted as an integer.
  bool as_boolean(std::string_view what = {}) const;
  std::int64_t as_integer(std::string_view what = {}) const;
  double as_number(std::string_view what = {}) const;
  const std::string& as_string(std::string_view what = {}) const;
  const Array& as_array(std::string_view what = {}) const;
  const Object& as_object(std::string_view what = {}) const;
  Array& as_array(std::string_view what = {});
  Object& as_object(std::string_view what = {});

  // Objects. `find` gives null when there is no such key (also on a value that is no object), `at` throws.
  // operator[] makes an object of a null and adds a missing key.
  const Value* find(std::string_view key) const;
  Value* find(std::string_view key);
  const Value& at(std::string_view key) const;
  Value& operator[](std::string_view key);
  void erase(std::string_view key);
  // The value under `key` as text, integer, ...; the fallback when the key is absent or null.
  std::string get_string(std::string_view key, std::string_view fallback = {}) const;
  std::int64_t get_integer(std::string_view key, std::int64_t fallback = 0) const;
  double get_number(std::string_view key, double fallback = 0) const;
  bool get_boolean(std::string_view key, bool fallback = false) const;

  void push_back(Value item);  // makes a list of a null
  std::size_t size() const;    // items or members; 0 for scalars

  const Origin& origin() const { return origin_; }
  void set_origin(Origin origin) { origin_ = std::move(origin); }
  // "file:line: " for the front of a message, empty when the origin is unknown.
  std::string where() const;

  // Equal kinds and contents; 1 and 1.0 are equal; the order of keys and the origin do not matter.
  friend bool operator==(const Value& left, const Value& right);

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object> data_;
  Origin origin_;
};

// JSON. `name` is the file's name for messages. Text after the document, duplicate keys and depth over 200
// are errors. parse_json throws Error (invalid_argument) with name, line and column.
Value parse_json(std::string_view text, const std::string& name);
// One line without blanks, or indented by two. NaN and infinities become null. Text that is not UTF-8 has its
// bad bytes replaced.
std::string to_json(const Value& value, bool indented = false);
// The shortest text that reads back as the same number, with a dot or exponent only where needed: "0.1", "3",
// "1e+30".
std::string number_to_text(double number);

// YAML 1.2 core schema: plain scalars null, true, false, integers, floats; the rest are strings. Anchors and
// aliases work; several documents, merge keys and duplicate keys are errors. An empty document is null.
// parse_yaml throws Error (invalid_argument) with name and line.
Value parse_yaml(std::string_view text, const std::string& name);
std::string to_yaml(const Value& value);

}  // namespace ostler
