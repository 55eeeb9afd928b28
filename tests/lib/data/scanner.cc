#include "lib/data/row_scanner.h"

#include "tests/lib/data/helpers.h"

using namespace ostler;
using namespace ostler::test;

namespace {

RowScanner::Options csv_options(std::size_t block_bytes) {
  RowScanner::Options options;
  options.quotes = true;
  options.block_bytes = block_bytes;
  return options;
}

std::vector<std::string> scan(RowScanner& scanner) {
  std::vector<std::string> rows;
  while (scanner.next(true) == RowScanner::State::row)
    rows.push_back(std::to_string(scanner.line()) + ":" + std::string(scanner.text()) +
                   (scanner.has_problem() ? " ! " + scanner.problem() : ""));
  return rows;
}

}  // namespace

TEST_CASE("rows do not depend on how bytes come") {
  const std::string text =
      "\xEF\xBB\xBFname,text\r\n"
      "1,plain\n"
      "2,\"a \"\"quoted\"\" one\"\n"
      "3,\"over\r\nthree\n\"\"lines\"\"\"\r\n"
      "\n"
      "4,in\"side\n"
      "5,\xC3\xA4\xE2\x82\xAC\xF0\x9F\x90\xB4\n"
      "6,bad \xE9 byte\n"
      "7,\"bad \xE9\n byte\"\n"
      "8,fine\n"
      "9,\xC3\n"
      "\"10\",\"\"\n"
      "\",\"\"\",\"\n\"\n"
      "last";
  const std::vector<std::string> expected = [&] {
    RowScanner scanner(std::make_unique<MemoryBytes>(text, text.size()), "x", csv_options(1 << 20));
    return scan(scanner);
  }();
  REQUIRE(expected.size() == 14);
  CHECK(expected[3] == "4:3,\"over\r\nthree\n\"\"lines\"\"\"");
  CHECK(expected[5] == "8:4,in\"side");
  CHECK(expected[6] == "9:5,\xC3\xA4\xE2\x82\xAC\xF0\x9F\x90\xB4");
  CHECK(expected[7].find(" ! byte 0xE9 at position 7 ") != std::string::npos);
  CHECK(expected[8].substr(0, 7) == "11:7,\"b");
  CHECK(expected[9] == "13:8,fine");
  CHECK(expected[13] == "18:last");
  for (std::size_t block = 1; block < text.size() + 2; ++block)
    for (std::size_t chunk : {1, 2, 3, 7, 1000}) {
      CAPTURE(block);
      CAPTURE(chunk);
      RowScanner scanner(std::make_unique<MemoryBytes>(text, chunk), "x", csv_options(block));
      CHECK(scan(scanner) == expected);
    }
}

TEST_CASE("views stay while their block is held") {
  std::string text;
  for (int i = 0; i < 2000; ++i) text += "row " + std::to_string(i) + "\n";
  RowScanner scanner(std::make_unique<MemoryBytes>(text, 100), "x", csv_options(64));
  std::vector<std::shared_ptr<const char[]>> blocks;
  std::vector<std::string_view> rows;
  while (scanner.next(true) == RowScanner::State::row) {
    rows.push_back(scanner.text());
    if (blocks.empty() || blocks.back() != scanner.block()) blocks.push_back(scanner.block());
  }
  REQUIRE(rows.size() == 2000);
  CHECK(blocks.size() > 200);
  for (std::size_t i = 0; i < rows.size(); ++i) CHECK(rows[i] == "row " + std::to_string(i));
}

TEST_CASE("a block that nobody holds is used again") {
  std::string text;
  for (int i = 0; i < 2000; ++i) text += "row " + std::to_string(i) + "\n";
  RowScanner scanner(std::make_unique<MemoryBytes>(text, 100), "x", csv_options(64));
  REQUIRE(scanner.next(true) == RowScanner::State::row);
  const void* first = scanner.block().get();
  while (scanner.next(true) == RowScanner::State::row) CHECK(scanner.block().get() == first);
}

TEST_CASE("a row has a longest length") {
  RowScanner::Options options = csv_options(64);
  options.longest_row = 3 << 20;
  RowScanner scanner(std::make_unique<MemoryBytes>("a\nb,\"" + std::string(5 << 20, 'x'), 1 << 16), "x.csv",
                     options);
  REQUIRE(scanner.next(true) == RowScanner::State::row);
  CHECK(error_of([&] { scanner.next(true); }) ==
        "x.csv:2: a row of more than 3 MiB; is a quote never closed?");
}
