#pragma once

// Values of the engine as cells of a statement.

#include <optional>
#include <type_traits>

#include "lib/base/clock.h"
#include "lib/base/value.h"
#include "lib/jobs/database.h"

namespace ostler {

inline Database::Cell cell(std::int64_t number) { return number; }
inline Database::Cell cell(Time time) { return static_cast<std::int64_t>(time.time_since_epoch().count()); }
template <typename Type>
Database::Cell cell(const std::optional<Type>& value) {
  if (!value) return nullptr;
  if constexpr (std::is_same_v<Type, Time>)
    return cell(*value);
  else
    return *value;
}
inline Database::Cell json_cell(const Value& value) {
  if (value.is_null()) return nullptr;
  return to_json(value);
}

}  // namespace ostler
