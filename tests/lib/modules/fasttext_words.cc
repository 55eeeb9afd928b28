// How a text is cut into words.
#include <doctest/doctest.h>

#include "lib/modules/fasttext/words.h"

#include <string>
#include <vector>

namespace ostler::testing {
namespace {

std::string normalized(std::string_view text) {
  std::string line;
  append_words(line, text, true);
  return line;
}
std::string as_is(std::string_view text) {
  std::string line;
  append_words(line, text, false);
  return line;
}

TEST_CASE("normalized words are in lower case, and punctuation stands alone") {
  const struct {
    const char *text, *words;
  } cases[] = {
      {"", ""},
      {" \t\r\n\v\f ", ""},
      {"one", "one"},
      {"  one   two ", "one two"},
      {"Don't PANIC!", "don ' t panic !"},
      {"server-side C++ (3.5)", "server - side c + + ( 3 . 5 )"},
      {"snake_case x86_64", "snake_case x86_64"},
      {"ÄÖÜ ß Éclair Ÿ", "äöü ß éclair ÿ"},
      {"ŁÓDŹ Škoda ĲSSEL İ", "łódź škoda ĳssel i"},
      {"ΑΘΉΝΑ Ώ Ϋ", "αθήνα ώ ϋ"},
      {"МОСКВА Ёлка Ї Ґ", "москва ёлка ї ґ"},
      {"ԵՐԵՎԱՆ", "երեվան"},
      {"ĐẠI HỌC", "đại học"},
      {"«Ça va» … 5 €", "« ça va » … 5 €"},
      {"a–b “c”", "a – b “ c ”"},
      {"a\u00A0b\u3000c", "a b c"},
      {"日本語 text", "日 本 語 text"},
      {"カナ、です。", "カ ナ 、 で す 。"},
      {"한국어 텍스트", "한국어 텍스트"},
      {"good 👍👍", "good 👍 👍"},
      {"×÷ª²", "× ÷ ª²"},
  };
  for (const auto& item : cases) {
    CAPTURE(item.text);
    CHECK(normalized(item.text) == item.words);
    CHECK(normalized(item.words) == item.words);
  }
}

TEST_CASE("words that are not normalized stay as they are") {
  CHECK(as_is(" Don't  PANIC!\r\n\tÄ ") == "Don't PANIC! Ä");
  CHECK(as_is("") == "");
}

TEST_CASE("words that mean something to the library are no words") {
  CHECK(as_is("a </s> b </s>") == "a b");
  CHECK(normalized("a </s> b") == "a < / s > b");
  for (const auto& words : {normalized, as_is}) {
    CHECK(words("__label__x a __label__y b __label__") == "a b");
    CHECK(words("__label__x") == "");
    CHECK(words("a__label__x") == "a__label__x");
  }
  // In lower case it would be one, and so would a part of a word.
  CHECK(normalized("__LABEL__x a") == "a");
  CHECK(normalized("b.__label__x,a") == "b . , a");
}

TEST_CASE("labels are collected") {
  std::string line = "before:";
  std::vector<std::string_view> labels;
  append_words(line, "__label__C++ Some Text __label__b __label__ end", true, &labels);
  CHECK(line == "before:some text end");
  CHECK(labels == std::vector<std::string_view>{"C++", "b"});
}

TEST_CASE("bytes that are not UTF-8 are kept") {
  for (const std::string text : {"\xFF", "\xC3", "a\xE2\x82z", "\x80\x80", "\xF0\x9F\x91", "\xC0\xAF"})
    CHECK(normalized(text) == text);
}

}  // namespace
}  // namespace ostler::testing
