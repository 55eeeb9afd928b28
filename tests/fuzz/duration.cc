// Durations and times. For any text: parse_duration gives nothing, or what the grammar says, between 0 and
// 100 years, found here by a second reading in whole numbers. A time that parse_time takes is written and
// read back as itself.

#include <algorithm>

#include "lib/base/clock.h"
#include "tests/fuzz/fuzz.h"

using namespace ostler;

namespace {

constexpr std::int64_t kLongest = 36525LL * 86400 * 1'000'000;

// Microseconds by the grammar of clock.h; nothing where it is not one, or too long. Digits beyond
// microseconds are cut.
std::optional<std::int64_t> microseconds(std::string_view text) {
  constexpr std::string_view kUnits = "wdhms";
  constexpr std::int64_t kUnit[] = {604'800'000'000, 86'400'000'000, 3'600'000'000, 60'000'000, 1'000'000};
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  bool too_long = false;
  std::size_t at = 0;
  for (std::size_t unit = 0; at < text.size(); ++unit) {
    std::int64_t whole = 0, fraction = 0, place = 1'000'000;
    bool digits = false, dot = false;
    for (; at < text.size() && ((text[at] >= '0' && text[at] <= '9') || text[at] == '.'); ++at) {
      if (text[at] == '.') {
        if (dot || !digits) return std::nullopt;
        dot = true;
      } else if (dot) {
        fraction += (text[at] - '0') * (place /= 10);
      } else {
        digits = true;
        whole = std::min<std::int64_t>(whole * 10 + (text[at] - '0'), kLongest);
      }
    }
    const bool bare = at == text.size();
    if (!digits || (bare && unit != 0)) return std::nullopt;
    const std::size_t found = bare ? 4 : kUnits.find(text[at]);
    if (found == std::string_view::npos || found < unit || (dot && found != 4)) return std::nullopt;
    too_long = too_long || whole > kLongest / kUnit[found];
    if (!too_long) total += whole * kUnit[found] + fraction;
    unit = found;
    if (!bare) ++at;
  }
  return too_long ? std::nullopt : std::optional(total);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const auto duration = parse_duration(text);
  const auto expected = microseconds(text);
  if (!expected || std::abs(*expected - kLongest) > 1)  // there the digits that are cut decide
    fuzz::promise(duration.has_value() == (expected && *expected < kLongest),
                  "a duration follows the grammar");
  if (duration) {
    fuzz::promise(expected && std::abs(duration->count() - *expected) <= 1,
                  "a duration is what its text says");
    fuzz::promise(!format_duration(*duration).empty(), "a duration can be shown");
  }
  if (const auto time = parse_time(text)) {
    const std::string written = format_time(*time);
    fuzz::promise(parse_time(written) == time, "a time is read back as it was written: " + written);
  }
  return 0;
}
