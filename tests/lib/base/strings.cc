#include "lib/base/strings.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace ostler;

TEST_CASE("strings: numbers take the whole text") {
  CHECK(parse_number("1.5") == 1.5);
  CHECK(parse_number("+2") == 2.0);
  CHECK(parse_number("-1e-3") == -0.001);
  CHECK(parse_number("1e-999") == 0.0);
  CHECK_FALSE(parse_number(""));
  CHECK_FALSE(parse_number("+"));
  CHECK_FALSE(parse_number("1.5x"));
  CHECK_FALSE(parse_number(" 1"));
  CHECK_FALSE(parse_number("1,5"));
  CHECK_FALSE(parse_number("1e999"));
  CHECK(parse_integer("-12") == -12);
  CHECK_FALSE(parse_integer("99999999999999999999"));
}

TEST_CASE("strings: a float counts as the number that its shortest text names") {
  CHECK(shortest(0.1F) == 0.1);
  CHECK(shortest(-16777216.0F) == -16777216.0);
  CHECK(shortest(1e-45F) == 1e-45);
  CHECK(shortest(3.4028235e38F) == 3.4028235e38);
  CHECK(static_cast<float>(shortest(0.33333334F)) == 0.33333334F);
  CHECK(std::isnan(shortest(std::nanf(""))));
  CHECK(std::isinf(shortest(std::numeric_limits<float>::infinity())));
}

TEST_CASE("strings: the nearest name") {
  CHECK(nearest("xgbost", {"linear", "xgboost"}) == "xgboost");
  CHECK(nearest("xgobost", {"linear", "xgboost"}) == "xgboost");
  CHECK(nearest("lablel", {"label", "lambda"}) == "label");
  CHECK_FALSE(nearest("zebra", {"linear", "xgboost"}));
  // What begins with it comes first, where that is one.
  CHECK(nearest("tr", {"dispatch", "train"}) == "train");
  CHECK(nearest("stat", {"start", "status"}) == "status");
  CHECK(nearest("--par", {"--bar", "--params", "--param"}) == "--param");
  CHECK_FALSE(nearest("--t", {"--tag", "--timeout"}));
  CHECK_FALSE(nearest("re", {"report", "result"}));
  CHECK_FALSE(nearest("-", {"--help"}));
  CHECK(did_you_mean("tarin", {"train"}) == "; did you mean \"train\"?");
  CHECK(did_you_mean("qqqqq", {"train"}).empty());
  CHECK(by_nearness("LOCL", {"SLURM", "MULTI", "LOCAL"})[0] == "LOCAL");
}

TEST_CASE("strings: UTF-8") {
  for (const char* good : {"", "plain", "h\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x90\xb4", "12345678\xc3\xa9"})
    CHECK(find_invalid_utf8(good) == std::string_view::npos);
  CHECK(find_invalid_utf8("ab\xff") == 2);
  CHECK(find_invalid_utf8("\xc0\x80") == 0);          // overlong
  CHECK(find_invalid_utf8("\xed\xa0\x80") == 0);      // surrogate
  CHECK(find_invalid_utf8("\xf4\x90\x80\x80") == 0);  // beyond the last code point
  CHECK(find_invalid_utf8("x\xe2\x82") == 1);         // cut
  CHECK(find_invalid_utf8("12345678\xc3") == 8);
}

TEST_CASE("strings: ids and names") {
  const std::string uuid = make_uuid4();
  CHECK(is_uuid(uuid));
  CHECK(uuid[14] == '4');
  CHECK(uuid != make_uuid4());
  CHECK_FALSE(is_uuid("3F2A9C1B-0000-4000-8000-000000000000"));
  CHECK_FALSE(is_uuid(uuid + "0"));
  CHECK(is_path_component("penguins"));
  for (const char* bad : {"", ".", "..", "a/b", "/a"}) CHECK_FALSE(is_path_component(bad));
  CHECK_FALSE(is_path_component(std::string(256, 'a')));
}

TEST_CASE("strings: quoting for a shell") {
  CHECK(shell_quote("models/a-b_1.csv") == "models/a-b_1.csv");
  CHECK(shell_quote("a b") == "'a b'");
  CHECK(shell_quote("it's") == "'it'\\''s'");
  CHECK(shell_quote("") == "''");
}
