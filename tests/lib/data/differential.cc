// The CSV splitter against Python's csv module, and the JSON reader against its json module.

#include <random>

#include "lib/base/process.h"
#include "tests/lib/data/helpers.h"

using namespace ostler;
using namespace ostler::test;

namespace {

std::vector<std::string> rows_of(const std::string& path, std::size_t block_bytes) {
  std::vector<std::string> rows;
  const auto stream = open_records({{path}}, {}, block_bytes);
  RecordBatch batch;
  while (stream->next(batch))
    for (const std::string& row : show(batch)) rows.push_back(row);
  return rows;
}

// Text of the pieces that matter to a reader, in any order.
std::string jumble(std::mt19937& random, const std::vector<std::string>& pieces) {
  std::string text;
  for (std::size_t left = random() % 60; left > 0; --left) text += pieces[random() % pieces.size()];
  return text;
}

}  // namespace

TEST_CASE("csv and jsonl as Python reads them") {
  constexpr int kCases = 300;
  const std::string script = OSTLER_TEST_DATA "/../lib/data/csv_cases.py";
  SpawnRequest request;
  request.arguments = {"/usr/bin/env", "python3", script, std::to_string(kCases), "20240229"};
  request.standard_error = 2;
  const int status = wait_for(spawn(request));
  if (status == 127 << 8) {
    MESSAGE("skipped: there is no python3");
    return;
  }
  REQUIRE(status == 0);
  for (int i = 0; i < kCases; ++i) {
    CAPTURE(i);
    const std::string name = std::to_string(i);
    const auto expected = rows_of(name + ".jsonl", 1 << 20);
    CHECK(rows_of(name + ".csv", 1 << 20) == expected);
    for (std::size_t block : {1, 17, 64}) {
      CHECK(rows_of(name + ".csv", block) == expected);
      CHECK(rows_of(name + ".jsonl", block) == expected);
    }
  }
}

TEST_CASE("rubbish is read the same whatever the blocks") {
  const struct {
    std::string name, start;
    std::vector<std::string> pieces;
  } kinds[] = {
      {"x.csv",
       "a,b\n",
       {",", ",", "\"", "\n", "\n", "\r\n", "\r", "x", "1.5", "NA", "\xC3\xA4", "\xC3", "\0"s, "\"\""}},
      {"x.jsonl",
       "{\"a\": 1, \"b\": 2}\n",
       {"{\"a\": ", "{\"b\": ", "}\n", "}\n", ", \"b\": ", "1", "-0.5e3", "\"x\"", "\"\\u00e4\"", "null",
        "true", "[", "]", "\\", "\"", "\n", "\xC3\xA4", "\xC3", " "}},
      {"x.txt", "", {"x", "\n", "\r\n", "\r", "\xC3\xA4", "\xC3", "\0"s}},
  };
  std::mt19937 random(7);
  ReadOptions options;
  options.errors = ErrorMode::keep;
  options.batch_rows = 3;
  for (const auto& kind : kinds)
    for (int i = 0; i < 400; ++i) {
      const std::string text = kind.start + jumble(random, kind.pieces);
      CAPTURE(text);
      const auto expected = read_rows(kind.name, text, options);
      for (std::size_t block : {1, 3, 10}) CHECK(read_rows(kind.name, text, options, block) == expected);
    }
}
