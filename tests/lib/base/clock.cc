#include "lib/base/clock.h"

#include <doctest/doctest.h>

using namespace ostler;
using namespace std::chrono_literals;

TEST_CASE("clock: durations in caikit's grammar, with weeks and bare seconds") {
  CHECK(parse_duration("1d12h3m0.2s") == Duration(36h + 3min + 200ms));
  CHECK(parse_duration("0.01s") == Duration(10ms));
  CHECK(parse_duration("2w") == Duration(14 * 24h));
  CHECK(parse_duration("1w1d") == Duration(8 * 24h));
  CHECK(parse_duration("90") == Duration(90s));
  CHECK(parse_duration("0.5") == Duration(500ms));
  CHECK(parse_duration("0") == Duration(0));
  for (const char* bad : {"", "s", "-1", "1s1m", "1.5h", "1h1h", "1x", "1h 2m", ".5", "1d2", "nan", "1e3",
                          "36525d1s", "99999999999999999999d", "1..5s"})
    CHECK_MESSAGE(!parse_duration(bad), bad);
}

TEST_CASE("clock: times are RFC 3339 in UTC") {
  const auto time = parse_time("2026-11-22T09:30:00.25Z");
  REQUIRE(time);
  CHECK(format_time(*time) == "2026-11-22T09:30:00.250000Z");
  CHECK(parse_time("2026-11-22T10:30:00+01:00") == parse_time("2026-11-22T09:30:00Z"));
  CHECK(parse_time("1969-12-31T23:59:59Z") == Time(-1s));
  CHECK(format_time(Time(-1s)) == "1969-12-31T23:59:59Z");
  for (const char* bad :
       {"", "2026-11-22", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-22T25:00:00Z",
        "2026-11-22T09:30:00", "2026-11-22T09:30:00Zx", "2026-11-22T09:30:00.Z"})
    CHECK_MESSAGE(!parse_time(bad), bad);
}

TEST_CASE("clock: durations for people") {
  CHECK(format_duration(250ms) == "0.25s");
  CHECK(format_duration(12s) == "12s");
  CHECK(format_duration(184s) == "3m 4s");
  CHECK(format_duration(26h) == "1d 2h");
}
