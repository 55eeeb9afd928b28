#include "lib/base/value.h"

#include <doctest/doctest.h>

#include <cmath>

#include "lib/base/error.h"
#include "tests/support/message_of.h"

using namespace ostler;

TEST_CASE("value: kinds, access and their messages") {
  Value value = Value::object({{"a", 1}, {"b", 2.5}, {"c", "text"}, {"d", Value::array({true, nullptr})}});
  CHECK(value.at("a").as_integer() == 1);
  CHECK(value.at("a").as_number() == 1.0);
  CHECK(value.at("b").as_number() == 2.5);
  CHECK(value.get_string("c") == "text");
  CHECK(value.get_string("absent", "fallback") == "fallback");
  CHECK(value.at("d").as_array()[1].is_null());
  CHECK(Value(3.0).as_integer() == 3);
  CHECK(message_of([&] { value.at("b").as_integer("b"); }) == "b must be an integer, not a number");
  CHECK(message_of([&] { value.at("c").as_number("c"); }) == "c must be a number, not the text \"text\"");
  CHECK(message_of([&] { value.at("e"); }) == "the key \"e\" is missing");
  value["e"]["f"] = 1;
  CHECK(to_json(value) == R"({"a":1,"b":2.5,"c":"text","d":[true,null],"e":{"f":1}})");
  value.erase("a");
  CHECK(value.find("a") == nullptr);
}

TEST_CASE("value: equality looks at contents") {
  CHECK(Value(1) == Value(1.0));
  CHECK_FALSE(Value(1) == Value("1"));
  CHECK(parse_json(R"({"a":1,"b":[1,2]})", "x") == parse_json(R"({"b":[1,2],"a":1})", "y"));
  CHECK_FALSE(parse_json(R"({"a":1})", "x") == parse_json(R"({"a":1,"b":2})", "y"));
}

TEST_CASE("json: reading and writing") {
  const Value value =
      parse_json(R"({"i": -3, "n": 1e3, "big": 18446744073709551615, "u": "\u00e9", "e": {}, "l": []})", "x");
  CHECK(value.at("i").is_integer());
  CHECK(value.at("n").as_number() == 1000.0);
  CHECK(value.at("big").as_number() == doctest::Approx(1.8446744073709552e19));
  CHECK(value.at("u").as_string() == "\xc3\xa9");
  CHECK(to_json(Value(std::nan(""))) == "null");
  CHECK(to_json(Value("\xff")) == "\"\xef\xbf\xbd\"");
  CHECK(number_to_text(100000.0) == "100000");
  CHECK(number_to_text(0.1) == "0.1");
  CHECK(number_to_text(1e30) == "1e+30");
  CHECK(number_to_text(-2.5e-9) == "-2.5e-09");
  CHECK(to_json(value.at("e")) == "{}");
  CHECK(to_json(value.at("l")) == "[]");
}

TEST_CASE("json: what is refused, with its place") {
  for (const char* text : {"", "{", "[1,]", "{\"a\":1} x", "nul", "{\"a\" 1}", "'a'", "[1e999]"})
    CHECK_THROWS_AS(parse_json(text, "x"), Error);
  CHECK(message_of([] { parse_json("{\"a\": 1,\n\"a\": 2}", "x.json"); }).find("occurs twice") !=
        std::string::npos);
  CHECK(message_of([] { parse_json("{\n\n oops", "x.json"); }).find("x.json:3: this is not JSON") == 0);
  CHECK_THROWS_AS(parse_json(std::string(300, '['), "x"), Error);
}

TEST_CASE("yaml: the core schema") {
  const Value value = parse_yaml(
      "n: null\nt: ~\nb: true\ni: 12\nh: 0x10\nf: 1.5\ne: 1e3\ns: yes\nq: '12'\nv: 1.2.3\nl: [1, a]\nm: {x: "
      "1}\nd: -0.5\n"
      "inf: .inf\ndate: 2024-01-01\nminus: '-'\n",
      "x.yml");
  CHECK(value.at("n").is_null());
  CHECK(value.at("t").is_null());
  CHECK(value.at("b").as_boolean());
  CHECK(value.at("i").as_integer() == 12);
  CHECK(value.at("h").as_integer() == 16);
  CHECK(value.at("f").as_number() == 1.5);
  CHECK(value.at("e").as_number() == 1000.0);
  CHECK(value.at("s").as_string() == "yes");
  CHECK(value.at("q").as_string() == "12");
  CHECK(value.at("v").as_string() == "1.2.3");
  CHECK(value.at("l").as_array()[1].as_string() == "a");
  CHECK(value.at("d").as_number() == -0.5);
  CHECK(std::isinf(value.at("inf").as_number()));
  CHECK(value.at("date").is_string());
  CHECK(value.at("m").at("x").where() == "x.yml:12: ");
  CHECK(parse_yaml("", "x").is_null());
  CHECK(parse_yaml("&a [1]", "x").is_array());
  CHECK(parse_yaml(R"("\_é\N")", "x").as_string() == "\u00A0é\u0085");
}

TEST_CASE("yaml: what is refused, with file and line") {
  CHECK(message_of([] { parse_yaml("a: 1\nb: [1,\n", "x.yml"); }).find("x.yml:") == 0);
  CHECK(message_of([] { parse_yaml("a: 1\na: 2\n", "x.yml"); }) == "x.yml:2: the key \"a\" occurs twice");
  CHECK(message_of([] { parse_yaml("a: 1\n---\nb: 2\n", "x.yml"); }).find("a second document") !=
        std::string::npos);
  CHECK(message_of([] { parse_yaml("? [a]\n: 1\n", "x.yml"); }).find("a key must be a word") !=
        std::string::npos);
  // Each line holds nine of the one before: a billion values from ten lines.
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int k = 0; k < 8; ++k) bomb += "," + before;
    bomb += "]\n";
  }
  CHECK(message_of([&] { parse_yaml(bomb, "x.yml"); }).find("more than") != std::string::npos);
}

TEST_CASE("yaml: what is written reads back the same") {
  const Value value = Value::object({{"text", "yes"},
                                     {"number as text", "12"},
                                     {"null as text", "null"},
                                     {"empty", ""},
                                     {"lines", "a\nb\n"},
                                     {"colon", "a: b"},
                                     {"hash", "# no comment"},
                                     {"whole", 2.0},
                                     {"small", 1e-300},
                                     {"nothing", nullptr},
                                     {"list", Value::array({1, "x", Value::object({{"y", false}})})},
                                     {"none", Value::array()},
                                     {"map", Value::object()}});
  const Value back = parse_yaml(to_yaml(value), "x");
  CHECK(back == value);
  CHECK(back.at("whole").kind() == Value::Kind::number);
}

TEST_CASE("yaml: code points that are no characters are read back") {
  for (const char* of : {"\uffff", "\ufffe", "\U0001fffe", "\U0010ffff", "\ufdd0", "\ufdef", "\ufdcf",
                         "\ufdf0", "\ufffd", "\U0010fffd"})
    for (const char* beside : {"", "a", "<", "_>", "<>", "<_>00FFFF", "\n", "\xef\xbb\xbf"}) {
      const std::string text = std::string(beside) + of + of + beside;
      CAPTURE(of);
      CAPTURE(beside);
      const Value value =
          Value::object({{text, text}, {"list", Value::array({text, "<>00FFFF", "<__>", "\\x"})}, {"n", 1}});
      CHECK(parse_yaml(to_yaml(value), "x") == value);
    }
}

TEST_CASE("yaml: a key of any length is read back") {
  for (const std::size_t length : {249, 250, 251, 256, 1023, 1024, 1025, 5000})
    for (const char* of : {"k", "\x1d", "\u00e9", "\U0001f600", " ", ":", "\n", "\"", "~"}) {
      std::string key;
      while (key.size() < length) key += of;
      CAPTURE(length);
      CAPTURE(of);
      const Value map = Value::object({{"before", 1}, {key, 2}, {"after", Value::array({3})}});
      const Value inner = Value::object({{key, map}, {"list", Value::array({map, 4})}});
      const Value value = Value::object({{key, inner}, {key + "1", Value::array({map})}, {"last", Value()}});
      CHECK(parse_yaml(to_yaml(value), "x") == value);
    }
}
