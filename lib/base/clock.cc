#include "lib/base/clock.h"

#include <fmt/format.h>
#include <time.h>

#include <cmath>

#include "lib/base/error.h"
#include "lib/base/strings.h"

namespace ostler {

namespace {

Duration read_clock(clockid_t id) {
  timespec time{};
  ::clock_gettime(id, &time);
  return std::chrono::seconds(time.tv_sec) +
         std::chrono::duration_cast<Duration>(std::chrono::nanoseconds(time.tv_nsec));
}

class SystemClock : public Clock {
 public:
  Time now() const override { return Time(read_clock(CLOCK_REALTIME)); }
  Duration steady() const override { return read_clock(CLOCK_BOOTTIME); }
};

// Reads exactly `digits` digits at `at` and moves it on; -1 when they are not there.
int take_digits(std::string_view text, std::size_t& at, std::size_t digits) {
  if (at + digits > text.size()) return -1;
  int number = 0;
  for (std::size_t i = 0; i < digits; ++i, ++at) {
    if (text[at] < '0' || text[at] > '9') return -1;
    number = number * 10 + (text[at] - '0');
  }
  return number;
}

bool take(std::string_view text, std::size_t& at, std::string_view one_of) {
  if (at >= text.size() || one_of.find(text[at]) == std::string_view::npos) return false;
  ++at;
  return true;
}

}  // namespace

const Clock& Clock::system() {
  static const SystemClock clock;
  return clock;
}

std::string format_time(Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss<Duration> clock(time - day);
  // By hand: a list of jobs does this a thousand times.
  std::string text;
  text.reserve(28);
  const auto put = [&](long number, int digits, char after) {
    const std::size_t end = text.size() + static_cast<std::size_t>(digits);
    text.append(static_cast<std::size_t>(digits), '0');
    for (std::size_t at = end; number > 0 && digits-- > 0; number /= 10)
      text[--at] = static_cast<char>('0' + number % 10);
    text += after;
  };
  put(int(date.year()), 4, '-');
  put(unsigned(date.month()), 2, '-');
  put(unsigned(date.day()), 2, 'T');
  put(clock.hours().count(), 2, ':');
  put(clock.minutes().count(), 2, ':');
  const long fraction = clock.subseconds().count();
  put(clock.seconds().count(), 2, fraction != 0 ? '.' : 'Z');
  if (fraction != 0) put(fraction, 6, 'Z');
  return text;
}

std::optional<Time> parse_time(std::string_view text) {
  std::size_t at = 0;
  const int year = take_digits(text, at, 4);
  if (year < 0 || !take(text, at, "-")) return std::nullopt;
  const int month = take_digits(text, at, 2);
  if (month < 1 || !take(text, at, "-")) return std::nullopt;
  const int day = take_digits(text, at, 2);
  if (day < 1 || !take(text, at, "Tt ")) return std::nullopt;
  const int hour = take_digits(text, at, 2);
  if (hour < 0 || hour > 23 || !take(text, at, ":")) return std::nullopt;
  const int minute = take_digits(text, at, 2);
  if (minute < 0 || minute > 59 || !take(text, at, ":")) return std::nullopt;
  const int second = take_digits(text, at, 2);
  if (second < 0 || second > 60) return std::nullopt;
  std::int64_t micros = 0;
  if (take(text, at, ".")) {
    std::int64_t scale = 100'000;
    const std::size_t first = at;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, scale /= 10)
      micros += (text[at] - '0') * scale;
    if (at == first) return std::nullopt;
  }
  std::chrono::minutes offset(0);
  if (!take(text, at, "Zz")) {
    if (at >= text.size()) return std::nullopt;
    const int sign = text[at] == '-' ? -1 : 1;
    if (!take(text, at, "+-")) return std::nullopt;
    const int hours = take_digits(text, at, 2);
    if (hours < 0 || !take(text, at, ":")) return std::nullopt;
    const int minutes = take_digits(text, at, 2);
    if (minutes < 0) return std::nullopt;
    offset = std::chrono::minutes(sign * (hours * 60 + minutes));
  }
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (at != text.size() || !date.ok()) return std::nullopt;
  const Time time = Time(std::chrono::sys_days(date)) + std::chrono::hours(hour) +
                    std::chrono::minutes(minute) + std::chrono::seconds(second) + Duration(micros) - offset;
  // An offset or a leap second may lead out of the years that can be written.
  const std::chrono::year_month_day utc(std::chrono::floor<std::chrono::days>(time));
  if (utc.year() < std::chrono::year(0) || utc.year() > std::chrono::year(9999)) return std::nullopt;
  return time;
}

std::optional<Duration> parse_duration(std::string_view text) {
  constexpr double kLongest = 100.0 * 365.25 * 86400;
  constexpr std::string_view kUnits = "wdhms";
  constexpr double kSeconds[] = {604800, 86400, 3600, 60, 1};
  if (text.empty()) return std::nullopt;
  double total = 0;
  std::size_t next_unit = 0;
  while (!text.empty()) {
    const std::size_t length = std::min(text.find_first_not_of("0123456789."), text.size());
    const std::string_view digits = text.substr(0, length);
    const bool bare = length == text.size() && next_unit == 0;
    if (digits.empty() || digits.front() == '.' || (length == text.size() && !bare)) return std::nullopt;
    const std::size_t unit = bare ? 4 : kUnits.find(text[length]);
    if (unit == std::string_view::npos || unit < next_unit) return std::nullopt;
    if (unit != 4 && digits.find('.') != std::string_view::npos) return std::nullopt;
    const auto number = parse_number(digits);
    if (!number) return std::nullopt;
    total += *number * kSeconds[unit];
    next_unit = unit + 1;
    text.remove_prefix(bare ? length : length + 1);
  }
  if (!(total <= kLongest)) return std::nullopt;
  return Duration(std::llround(total * 1e6));
}

std::string format_duration(Duration duration) {
  const double total = seconds(duration);
  if (total < 0) return "-" + format_duration(-duration);
  if (total < 10) return fmt::format("{:.2g}s", total < 0.001 ? 0.0 : total);
  const auto whole = std::llround(total);
  if (whole < 60) return fmt::format("{}s", whole);
  if (whole < 3600) return fmt::format("{}m {}s", whole / 60, whole % 60);
  if (whole < 86400) return fmt::format("{}h {}m", whole / 3600, whole % 3600 / 60);
  return fmt::format("{}d {}h", whole / 86400, whole % 86400 / 3600);
}

Duration from_seconds(double seconds) {
  if (!(std::fabs(seconds) < 1e10)) throw invalid_argument(fmt::format("{} s is no length of time", seconds));
  return Duration(std::llround(seconds * 1e6));
}

}  // namespace ostler
