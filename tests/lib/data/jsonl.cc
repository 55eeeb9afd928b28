#include "tests/lib/data/helpers.h"

using namespace ostler;
using namespace ostler::test;

using Rows = std::vector<std::string>;

TEST_CASE("jsonl: as text") {
  const struct {
    std::string text;
    Rows rows;
  } cases[] = {
      {"{\"a\": 1, \"b\": \"x\"}\n", {"1:<1><x>"}},
      {"{\"a\":1,\"b\":\"x\"}", {"1:<1><x>"}},
      {"\xEF\xBB\xBF{\"a\": 1}\r\n\r\n{\"a\": 2}\r\n", {"1:<1>", "3:<2>"}},
      {"\n  \n{\"a\": 1}\n \n", {"3:<1>"}},
      {"{\"a\": 1.50, \"b\": -1E5}\n", {"1:<1.50><-1E5>"}},
      {"{\"a\": 123456789012345678901234567890 , \"b\":\t0.1 }\n",
       {"1:<123456789012345678901234567890><0.1>"}},
      {"{\"a\": true, \"b\": false}\n{\"a\": null, \"b\": \"\"}\n", {"1:<true><false>", "2:-<>"}},
      {"{\"a\": \"NA\", \"b\": \" x \"}\n", {"1:<NA>< x >"}},
      {"{\"a\": \"q\\\"\\\\\\n\\u00fc\\ud83d\\udc34\", \"b\": \"\\/\"}\n",
       {"1:<q\"\\\n\xC3\xBC\xF0\x9F\x90\xB4></>"}},
      {"{\"a\": \"gr\xC3\xBC\xC3\x9F\", \"b\": \", \"}\n", {"1:<gr\xC3\xBC\xC3\x9F><, >"}},
      {"{\"a\": 1, \"b\": 2}\n{\"b\": 3}\n{\"c\": {\"x\": [1]}, \"b\": 5, \"a\": 4}\n{}\n",
       {"1:<1><2>", "2:-<3>", "3:<4><5>", "4:--"}},
      {"{\"a\\u0062\": 1, \"c\": 2}\n{\"c\": 3, \"ab\": 4}\n", {"1:<1><2>", "2:<4><3>"}},
      // Not readable.
      {"", {"! x.jsonl is empty; it must have an object a line"}},
      {"\n\n", {"! x.jsonl is empty; it must have an object a line"}},
      {"{}\n", {"! x.jsonl:1: there are no columns"}},
      {"{\"a\": 1, \"a\": 2}\n", {"! x.jsonl:1: the column \"a\" is there twice"}},
      {"{\"\": 1}\n", {"! x.jsonl:1: column 1 has no name"}},
      {"{\"a\": 1}\n\n{\"a\": 1, \"a\": 2}\n", {"! x.jsonl:3: the key \"a\" is there twice"}},
      {"[1]\n", {"! x.jsonl:1: this line is not a JSON object"}},
      {"1\n", {"! x.jsonl:1: this line is not a JSON object"}},
      {"{\"a\": 1}\n\"x\"\n", {"! x.jsonl:2: this line is not a JSON object"}},
      {"{\"a\": 1}\n{\"a\": [1]}\n", {"! x.jsonl:2: \"a\" is a list, which cannot be a cell"}},
      {"{\"a\": 1}\n{\"a\": {}}\n", {"! x.jsonl:2: \"a\" is an object, which cannot be a cell"}},
      {"{\"a\": 1}\n{\"a\": \"x\\u0000\"}\n", {"! x.jsonl:2: there is a NUL byte in \"a\""}},
      {"{\"a\": 1}\n{\"a\": \"\xE9\"}\n",
       {"! x.jsonl:2: this line is not UTF-8; convert the data with iconv"}},
      {"{\"a\": 1}\n{\"a\": 2} {\"a\": 3}\n",
       {"! x.jsonl:2: there is something after the object on this line"}},
      {"{\"a\": 1}\n{\"a\": 2}}\n", {"! x.jsonl:2: there is something after the object on this line"}},
  };
  for (const auto& test : cases) {
    CAPTURE(test.text);
    CHECK(read_rows("x.jsonl", test.text) == test.rows);
    for (std::size_t block : {1, 2, 7, 16}) CHECK(read_rows("x.jsonl", test.text, {}, block) == test.rows);
  }
}

TEST_CASE("[DAT-2] json: one array, its objects as lines") {
  const struct {
    std::string text;
    Rows rows;
  } cases[] = {
      {"[{\"a\": 1, \"b\": \"x\"}, {\"a\": 2}]", {"1:<1><x>", "2:<2>-"}},
      {"\xEF\xBB\xBF \r\n[\n{\n\"a\":\n1}\n,\r\n{\"a\": 2\t}\n]\n \n", {"1:<1>", "2:<2>"}},
      {"[{\"a\": \"],[{}\\\"\\\\\"}, {\"a\": \"}\"}]", {"1:<],[{}\"\\>", "2:<}>"}},
      // Not readable.
      {"[]", {"! x.json is empty; it must have an object a line"}},
      {"{\"a\": 1}", {"! x.json is no JSON array of objects (one object a line is --input-format jsonl)"}},
      {"[{\"a\": 1}, 2]", {"! x.json:2: this line is not a JSON object"}},
      {"[{\"a\": 1} {\"a\": 2}]", {"! x.json:1: there is something after the object on this line"}},
      {"[{\"a\": 1}", {"! x.json ends within its JSON array: it is cut off"}},
      {"[{\"a\": 1}]]", {"! x.json has something after its JSON array"}},
      {"[{\"a\": 1},]", {"! x.json has no element before a \"]\" of its JSON array"}},
      {"[,{\"a\": 1}]", {"! x.json has no element before a \",\" of its JSON array"}},
  };
  for (const auto& test : cases) {
    CAPTURE(test.text);
    for (std::size_t block : {1, 7, 4096}) CHECK(read_rows("x.json", test.text, {}, block) == test.rows);
  }
}

TEST_CASE("jsonl: broken lines") {
  for (const std::string line : {"{\"a\": 1",
                                 "{\"a\" 1}",
                                 "{\"a\": }",
                                 "{\"a\": 01}",
                                 "{\"a\": 1.}",
                                 "{\"a\": 1.2.3}",
                                 "{\"a\": nul}",
                                 "{\"a\": truth}",
                                 "{\"a\": \"x}",
                                 "{\"a\": \"\\x\"}",
                                 "{a: 1}",
                                 "{\"a\": 1,}",
                                 "{\"a\": \"x\ty\"}",
                                 "{\"a\": 'x'}",
                                 "{\"a\": -}",
                                 "nonsense",
                                 "{\"a\": \"\\ud800\"}",
                                 "{\"a\": nullx}",
                                 "{\"a\": 1} x",
                                 "{\"a\": NaN}"}) {
    CAPTURE(line);
    const Rows rows = read_rows("x.jsonl", "{\"a\": 0}\n" + line + "\n{\"a\": 5}\n");
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].substr(0, 13) == "! x.jsonl:2: ");
    CHECK(rows[0].find("_ERROR") == std::string::npos);
    ReadOptions options;
    options.errors = ErrorMode::keep;
    const Rows kept = read_rows("x.jsonl", "{\"a\": 0}\n" + line + "\n{\"a\": 5}\n", options);
    REQUIRE(kept.size() == 4);
    CHECK(kept[0] == "1:<0>");
    CHECK(kept[1] == "2:-");
    CHECK(kept[2] == "3:<5>");
  }
}

TEST_CASE("jsonl: number columns") {
  const struct {
    std::string value, shown;
  } cases[] = {
      {"1", "<1>"},
      {"-1.5e3", "<-1500>"},
      {"\"12\"", "<12>"},
      {"\" 12 \"", "<12>"},
      {"\"\\u0031\"", "<1>"},
      {"null", "-"},
      {"\"\"", "-"},
      {"\"NA\"", "-"},
      {"\"NaN\"", "-"},
      {"1e-400", "<0>"},
      {"18446744073709551616", "<18446744073709551616>"},
      {"\"x\"", "\"x\" is not a number"},
      {"true", "\"true\" is not a number"},
  };
  ReadOptions options;
  options.columns = {{"n", ColumnKind::number}};
  for (const auto& test : cases) {
    CAPTURE(test.value);
    const Rows rows = read_rows("x.jsonl", "{\"n\": " + test.value + "}\n", options);
    CHECK(rows == Rows{test.shown.find("not") == std::string::npos
                           ? "1:" + test.shown
                           : "! x.jsonl:1: column \"n\": " + test.shown});
  }
  CHECK(read_rows("x.jsonl", "{\"n\": [1]}\n", options) ==
        Rows{"! x.jsonl:1: \"n\" is a list, which cannot be a cell"});
}

TEST_CASE("jsonl: a number may be wanted and kept as text") {
  ReadOptions options;
  options.columns = {{"n", ColumnKind::number}};
  options.keep = {"n", "s"};
  CHECK(read_rows("x.jsonl", "{\"s\": \"\\n\", \"n\": 1.50}\n{\"n\": \"x\\ty\"}\n{\"s\": 1}\n", options)
            .front() == "! x.jsonl:2: column \"n\": \"x\ty\" is not a number");
  CHECK(read_rows("x.jsonl", "{\"s\": \"\\n\", \"n\": 1.50}\n{\"n\": \"2\"}\n{\"s\": 1}\n", options) ==
        Rows{"1:<1.5><1.50><\n>", "2:<2><2>-", "3:--<1>"});
}
