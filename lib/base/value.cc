#include "lib/base/value.h"

#include <cmath>

#include "lib/base/error.h"

namespace ostler {

namespace {

[[noreturn]] void wrong_kind(const Value& value, std::string_view what, std::string_view wanted) {
  std::string message = value.where();
  message += what.empty() ? std::string("the value") : std::string(what);
  message += " must be " + std::string(wanted) + ", not " + std::string(value.kind_name());
  if (value.is_string()) message += " \"" + value.as_string() + "\"";
  throw invalid_argument(message);
}

}  // namespace

std::string_view Value::kind_name() const {
  switch (kind()) {
    case Kind::null:
      return "null";
    case Kind::boolean:
      return "true or false";
    case Kind::integer:
      return "an integer";
    case Kind::number:
      return "a number";
    case Kind::string:
      return "the text";
    case Kind::array:
      return "a list";
    case Kind::object:
      return "a map";
  }
  return "";
}

bool Value::as_boolean(std::string_view what) const {
  if (const auto* held = std::get_if<bool>(&data_)) return *held;
  wrong_kind(*this, what, "true or false");
}

std::int64_t Value::as_integer(std::string_view what) const {
  if (const auto* held = std::get_if<std::int64_t>(&data_)) return *held;
  if (const auto* held = std::get_if<double>(&data_))
    if (std::floor(*held) == *held && std::fabs(*held) < 9.0e15) return static_cast<std::int64_t>(*held);
  wrong_kind(*this, what, "an integer");
}

double Value::as_number(std::string_view what) const {
  if (const auto* held = std::get_if<double>(&data_)) return *held;
  if (const auto* held = std::get_if<std::int64_t>(&data_)) return static_cast<double>(*held);
  wrong_kind(*this, what, "a number");
}

const std::string& Value::as_string(std::string_view what) const {
  if (const auto* held = std::get_if<std::string>(&data_)) return *held;
  wrong_kind(*this, what, "text");
}

const Value::Array& Value::as_array(std::string_view what) const {
  if (const auto* held = std::get_if<Array>(&data_)) return *held;
  wrong_kind(*this, what, "a list");
}

const Value::Object& Value::as_object(std::string_view what) const {
  if (const auto* held = std::get_if<Object>(&data_)) return *held;
  wrong_kind(*this, what, "a map");
}

Value::Array& Value::as_array(std::string_view what) {
  return const_cast<Array&>(std::as_const(*this).as_array(what));
}

Value::Object& Value::as_object(std::string_view what) {
  return const_cast<Object&>(std::as_const(*this).as_object(what));
}

const Value* Value::find(std::string_view key) const {
  if (const auto* members = std::get_if<Object>(&data_))
    for (const Member& member : *members)
      if (member.first == key) return &member.second;
  return nullptr;
}

Value* Value::find(std::string_view key) { return const_cast<Value*>(std::as_const(*this).find(key)); }

const Value& Value::at(std::string_view key) const {
  if (const Value* found = find(key)) return *found;
  throw invalid_argument(where() + "the key \"" + std::string(key) + "\" is missing");
}

Value& Value::operator[](std::string_view key) {
  if (is_null()) data_ = Object();
  if (Value* found = find(key)) return *found;
  Object& members = as_object();
  members.emplace_back(std::string(key), Value());
  return members.back().second;
}

void Value::erase(std::string_view key) {
  if (auto* members = std::get_if<Object>(&data_))
    std::erase_if(*members, [&](const Member& member) { return member.first == key; });
}

std::string Value::get_string(std::string_view key, std::string_view fallback) const {
  const Value* found = find(key);
  return found == nullptr || found->is_null() ? std::string(fallback) : found->as_string(key);
}

std::int64_t Value::get_integer(std::string_view key, std::int64_t fallback) const {
  const Value* found = find(key);
  return found == nullptr || found->is_null() ? fallback : found->as_integer(key);
}

double Value::get_number(std::string_view key, double fallback) const {
  const Value* found = find(key);
  return found == nullptr || found->is_null() ? fallback : found->as_number(key);
}

bool Value::get_boolean(std::string_view key, bool fallback) const {
  const Value* found = find(key);
  return found == nullptr || found->is_null() ? fallback : found->as_boolean(key);
}

void Value::push_back(Value item) {
  if (is_null()) data_ = Array();
  as_array().push_back(std::move(item));
}

std::size_t Value::size() const {
  if (const auto* items = std::get_if<Array>(&data_)) return items->size();
  if (const auto* members = std::get_if<Object>(&data_)) return members->size();
  return 0;
}

std::string Value::where() const {
  if (!origin_.file) return {};
  if (origin_.line <= 0) return *origin_.file + ": ";
  return *origin_.file + ":" + std::to_string(origin_.line) + ": ";
}

bool operator==(const Value& left, const Value& right) {
  if (left.is_number() && right.is_number()) {
    if (left.is_integer() && right.is_integer()) return left.as_integer() == right.as_integer();
    return left.as_number() == right.as_number();
  }
  if (left.kind() != right.kind()) return false;
  if (!left.is_object()) return left.data_ == right.data_;
  if (left.size() != right.size()) return false;
  for (const auto& [key, value] : left.as_object()) {
    const Value* other = right.find(key);
    if (other == nullptr || !(*other == value)) return false;
  }
  return true;
}

}  // namespace ostler
