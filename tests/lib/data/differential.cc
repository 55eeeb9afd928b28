// The CSV splitter against Python's csv module, and the JSON reader against its json module.

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
