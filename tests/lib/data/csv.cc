#include "tests/lib/data/helpers.h"

using namespace ostler;
using namespace ostler::test;

using Rows = std::vector<std::string>;

TEST_CASE("csv: what is in a cell") {
  const struct {
    std::string text;
    Rows rows;
  } cases[] = {
      {"a,b\n1,2\n", {"2:<1><2>"}},
      {"a,b\n1,2", {"2:<1><2>"}},
      {"a,b\r\n1,2\r\n", {"2:<1><2>"}},
      {"a,b\r\n1,2\r", {"2:<1><2>"}},
      {"\xEF\xBB\xBF"
       "a,b\n1,2\n",
       {"2:<1><2>"}},
      {"a\n1\n", {"2:<1>"}},
      {"a,b\n", {}},
      {"a,b", {}},
      {"\n\r\na,b\n\n1,2\n\r\n\n3,4\n\n", {"5:<1><2>", "8:<3><4>"}},
      {"a,b\n,\n", {"2:--"}},
      {"a,b\nNA,\"NA\"\n", {"2:-<NA>"}},
      {"a,b\n\"\", \n", {"2:<>< >"}},
      {"a,b\nNaN,na\n", {"2:<NaN><na>"}},
      {"a,b\n 1 ,\tx\n", {"2:< 1 ><\tx>"}},
      {"a,b\n\"1\",\"x,y\"\n", {"2:<1><x,y>"}},
      {"a,b\n\"say \"\"hi\"\"\",\"\"\"\"\n", {"2:<say \"hi\"><\">"}},
      {"a,b\n\"\"\"\"\"\",\"\"\n", {"2:<\"\"><>"}},
      {"a,b\n\"x\ny\",1\n2,3\n", {"2:<x\ny><1>", "4:<2><3>"}},
      {"a,b\r\n\"x\r\ny\",1\r\n2,3\r\n", {"2:<x\r\ny><1>", "4:<2><3>"}},
      {"a,b\n1,\"x\n\n\n\"\n2,3", {"2:<1><x\n\n\n>", "6:<2><3>"}},
      {"a,b\n1,\"x\"", {"2:<1><x>"}},
      {"a,b\nx\"y,5\" tall\n", {"2:<x\"y><5\" tall>"}},
      {"a,b\nx\"y,\"z\"\n1,2\n", {"2:<x\"y><z>", "3:<1><2>"}},
      {"\"a,1\",\"b\"\"2\"\n1,2\n", {"2:<1><2>"}},
      {"\"a\nb\",c\n1,2\n", {"3:<1><2>"}},
      {"a,b\na\rb,c\n", {"2:<a\rb><c>"}},
      {"a,b\ngr\xC3\xBC\xC3\x9F,\xF0\x9F\x90\xB4\n", {"2:<gr\xC3\xBC\xC3\x9F><\xF0\x9F\x90\xB4>"}},
      {"a,b\n\xEF\xBB\xBF,2\n", {"2:<\xEF\xBB\xBF><2>"}},
      // What is wrong with the file.
      {"", {"! x.csv is empty; its first line must name the columns"}},
      {"\n\r\n", {"! x.csv is empty; its first line must name the columns"}},
      {"\xEF\xBB\xBF", {"! x.csv is empty; its first line must name the columns"}},
      {"a,a\n1,2\n", {"! x.csv:1: the column \"a\" is there twice"}},
      {"a,,b\n", {"! x.csv:1: column 2 has no name"}},
      {"a,b,\n", {"! x.csv:1: column 3 has no name"}},
      {"\na,\"\"\n", {"! x.csv:2: column 2 has no name"}},
      {"a,\"b\"c\n", {"! x.csv:1: cell 2 has text after its closing quote"}},
      {"a,\"b\n1,2\n", {"! x.csv:1: a quote is opened in this row and never closed"}},
      {"a,b\xFF\n",
       {"! x.csv:1: byte 0xFF at position 4 of this row is not UTF-8; convert the data with iconv"}},
      // What is wrong with a row. Rows before it in its batch are lost with it.
      {"a,b\n1,2\n3\n", {"! x.csv:3: 1 cell, but the header has 2"}},
      {"a,b\n1,2\n3,4,5\n", {"! x.csv:3: 3 cells, but the header has 2"}},
      {"a,b\n1,2,\n", {"! x.csv:2: 3 cells, but the header has 2"}},
      {"a,b\n\"1\"\n", {"! x.csv:2: 1 cell, but the header has 2"}},
      {"a,b\n\"1\",\"2\",\"3\"\n", {"! x.csv:2: 3 cells, but the header has 2"}},
      {"a,b\n\"1\"2,3\n", {"! x.csv:2: cell 1 has text after its closing quote"}},
      {"a,b\n1,\"2\" \n", {"! x.csv:2: cell 2 has text after its closing quote"}},
      {"a,b\n\"x\n\n\",1\n\"1,2\n3,4\n", {"! x.csv:5: a quote is opened in this row and never closed"}},
      {"a,b\n1,2\n3,\xE9t\n",
       {"! x.csv:3: byte 0xE9 at position 3 of this row is not UTF-8; convert the data with iconv"}},
      {"a,b\n1,\"x\ny\"\nq,\xC3\n",
       {"! x.csv:4: byte 0xC3 at position 3 of this row is not UTF-8; convert the data with iconv"}},
      {"a,b\n1,x\0y\n"s, {"! x.csv:2: there is a NUL byte in this row"}},
  };
  for (const auto& test : cases) {
    CAPTURE(test.text);
    CHECK(read_rows("x.csv", test.text) == test.rows);
    // The same through blocks that no row fits in.
    for (std::size_t block : {1, 2, 3, 5, 8, 13}) {
      CAPTURE(block);
      CHECK(read_rows("x.csv", test.text, {}, block) == test.rows);
    }
  }
}

TEST_CASE("csv: number columns") {
  const struct {
    std::string cell, shown;
  } cases[] = {
      {"1", "<1>"},
      {"-1.5e3", "<-1500>"},
      {".5", "<0.5>"},
      {"5.", "<5>"},
      {"+2", "<2>"},
      {" 3", "<3>"},
      {"3 ", "<3>"},
      {"\t4\t", "<4>"},
      {"\"5\"", "<5>"},
      {"\" 6 \"", "<6>"},
      {"0x10", "!"},
      {"1e400", "!"},
      {"1e-400", "<0>"},
      {"0.1", "<0.1>"},
      {"123456789012345678901234567890", "<1.2345678901234568e+29>"},
      {"4.9406564584124654e-324", "<5e-324>"},
      {"1.7976931348623157e308", "<1.7976931348623157e+308>"},
      {"inf", "<inf>"},
      {"", "-"},
      {" ", "-"},
      {"NA", "-"},
      {" NA", "-"},
      {"NaN", "-"},
      {"nan", "-"},
      {"\"\"", "-"},
      {"\"NA\"", "-"},
      {"abc", "!"},
      {"1,5", "!ragged"},
      {"\"1,5\"", "!"},
      {"1 2", "!"},
      {"1e", "!"},
      {"--1", "!"},
      {"N/A", "!"},
      {"\"1\"\"\"", "!"},
  };
  ReadOptions options;
  options.columns = {{"n", ColumnKind::number}};
  for (const auto& test : cases)
    for (const bool last : {false, true}) {
      CAPTURE(test.cell);
      const std::string text = last ? "t,n\nx," + test.cell + "\n" : "n,t\n" + test.cell + ",x\n";
      const Rows rows = read_rows("x.csv", text, options);
      REQUIRE(rows.size() == 1);
      if (test.shown == "!ragged")
        CHECK(rows[0] == "! x.csv:2: 3 cells, but the header has 2");
      else if (test.shown == "!")
        CHECK(rows[0].substr(0, 24) == "! x.csv:2: column \"n\": \"");
      else
        CHECK(rows[0] == "2:" + test.shown);
    }
  CHECK(read_rows("x.csv", "n\nabc\n", options) == Rows{"! x.csv:2: column \"n\": \"abc\" is not a number"});
}

TEST_CASE("csv: a long cell is not quoted whole in a message") {
  ReadOptions options;
  options.columns = {{"n", ColumnKind::number}};
  std::string text;
  for (int i = 0; i < 100; ++i) text += "\xC3\xBC";
  CHECK(read_rows("x.csv", "n\nx" + text + "\n", options) ==
        Rows{"! x.csv:2: column \"n\": \"x" + text.substr(0, 58) + "...\" is not a number"});
}

TEST_CASE("tsv") {
  CHECK(read_rows("x.tsv", "a\tb\n1,5\t\"x\ty\"\n\t\n") == Rows{"2:<1,5><x\ty>", "3:--"});
  CHECK(read_rows("x.tsv", "a\tb\n1\n") == Rows{"! x.tsv:2: 1 cell, but the header has 2"});
}

TEST_CASE("text") {
  CHECK(read_rows("x.txt", "one\n\n three, \"x\r\nNA") ==
        Rows{"1:<one>", "2:<>", "3:< three, \"x>", "4:<NA>"});
  CHECK(read_rows("x.txt", "\n") == Rows{"1:<>"});
  // Its column is the one that is wanted.
  ReadOptions options;
  options.columns = {{"summary", ColumnKind::text}};
  CHECK(read_rows("x.txt", "one\n", options) == Rows{"1:<one>"});
  options.columns.push_back({"text", ColumnKind::text});
  CHECK(read_rows("x.txt", "one\n", options) == Rows{"! x.txt has no column \"summary\"; it has: text"});
  CHECK(read_rows("x.txt",
                  "\xEF\xBB\xBF"
                  "a\n") == Rows{"1:<a>"});
  CHECK(read_rows("x.txt", "") == Rows{"! x.txt is empty"});
  CHECK(read_rows("x.txt", "a\nb\xC0\n") ==
        Rows{"! x.txt:2: byte 0xC0 at position 2 of this row is not UTF-8; convert the data with iconv"});
  CHECK(read_rows("x.txt", "a\0\n"s) == Rows{"! x.txt:1: there is a NUL byte in this row"});
}
