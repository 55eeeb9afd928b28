#pragma once

// Time. A point in time is UTC in microseconds; a duration is microseconds too.
//
// Clock is the seam through which code that stores or compares times sees them, so that a test can move them.
// Lengths of time are measured with `steady`, which no setting of the clock moves and which goes on while the
// machine sleeps.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace ostler {

using Duration = std::chrono::microseconds;
using Time = std::chrono::sys_time<Duration>;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;         // CLOCK_REALTIME
  virtual Duration steady() const = 0;  // CLOCK_BOOTTIME
  static const Clock& system();
};

// "2026-11-22T09:30:00.123456Z"; the fraction is left out when it is zero.
std::string format_time(Time time);
// RFC 3339 with "Z" or an offset; in the years 0 to 9999.
std::optional<Time> parse_time(std::string_view text);

// caikit's grammar `XdXhXmXs` (each part at most once, in this order, only seconds may have a fraction), with
// weeks before days, and bare seconds: "1d12h3m0.2s", "2w", "90", "0.5". Nothing when it is not one,
// negative, or over 100 years.
std::optional<Duration> parse_duration(std::string_view text);
// "1d 2h", "3m 4s", "0.25s": the two largest parts, for people.
std::string format_duration(Duration duration);
inline double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }
// To the nearest microsecond. Error (invalid_argument) for what is not finite, or longer than 300 years.
Duration from_seconds(double seconds);

}  // namespace ostler
