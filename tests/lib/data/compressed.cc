#include "tests/lib/data/helpers.h"

using namespace ostler;
using namespace ostler::test;

using Rows = std::vector<std::string>;

namespace {

// "a,b\n1,x\n2,y\n" as the four programs write it.
const std::string kGzip(
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x4b\xd4\x49\xe2\x32\xd4\xa9\xe0\x32\xd2\xa9\xe4\x02\x00\xc2\x96"
    "\x7e\x9d"
    "\x0c\x00\x00\x00",
    32);
const std::string kBzip2(
    "\x42\x5a\x68\x39\x31\x41\x59\x26\x53\x59\xbc\xc7\x28\x45\x00\x00\x04\x59\x80\x00\x10\x00\x04\x30\x00\x30"
    "\x00\x00"
    "\x60\x20\x00\x31\x0c\x08\x23\x41\x9a\x8e\x04\x22\x17\x8b\xb9\x22\x9c\x28\x48\x5e\x63\x94\x22\x80",
    52);
const std::string kXz(
    "\xfd\x37\x7a\x58\x5a\x00\x00\x04\xe6\xd6\xb4\x46\x02\x00\x21\x01\x16\x00\x00\x00\x74\x2f\xe5\xa3\x01\x00"
    "\x0b\x61"
    "\x2c\x62\x0a\x31\x2c\x78\x0a\x32\x2c\x79\x0a\x00\x4c\xe0\xb7\x6e\x5d\x13\x21\x73\x00\x01\x24\x0c\xa6\x18"
    "\xd8\xd8"
    "\x1f\xb6\xf3\x7d\x01\x00\x00\x00\x00\x04\x59\x5a",
    68);
const std::string kZstd(
    "\x28\xb5\x2f\xfd\x04\x58\x61\x00\x00\x61\x2c\x62\x0a\x31\x2c\x78\x0a\x32\x2c\x79\x0a\x2e\x9f\x21\x46",
    25);
const std::string kEmptyGzip(
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00", 20);
const std::string kEmptyBzip2("\x42\x5a\x68\x39\x17\x72\x45\x38\x50\x90\x00\x00\x00\x00", 14);

const Rows kRows = {"2:<1><x>", "3:<2><y>"};

}  // namespace

TEST_CASE("compressed data is told by its first bytes, whatever its name") {
  for (const std::string& data : {kGzip, kBzip2, kXz, kZstd}) {
    CHECK(read_rows("x.csv", data) == kRows);
    CHECK(read_rows("x.csv.gz", data) == kRows);
    CHECK(read_rows("x.csv", data, {}, 3) == kRows);
  }
}

TEST_CASE("compressed data from a pipe") {
  for (const std::string& data : {kGzip, kBzip2, kXz, kZstd}) {
    Pipe pipe;
    pipe.write(data);
    pipe.writer.reset();
    ReadOptions options;
    options.format = "csv";
    CHECK(drain(*open_records({{"standard input", pipe.reader.get()}}, options)) == kRows);
  }
}

TEST_CASE("several compressed members") { CHECK(read_rows("x.txt.gz", kGzip + kGzip).size() == 6); }

TEST_CASE("truncated and damaged compressed data") {
  for (const std::string& data : {kGzip, kBzip2, kXz, kZstd})
    for (std::size_t size = 10; size < data.size() - 8; ++size) {
      CAPTURE(size);
      const Rows rows = read_rows("x.csv.gz", data.substr(0, size));
      REQUIRE(!rows.empty());
      CHECK(rows.back().substr(0, 28) == "! cannot decompress x.csv.gz");
    }
  std::string damaged = kXz;
  damaged[30] = 'Q';
  CHECK(read_rows("x.csv", damaged).back().substr(0, 25) == "! cannot decompress x.csv");
}

TEST_CASE("nothing, compressed") {
  for (const std::string& data : {kEmptyGzip, kEmptyBzip2})
    CHECK(read_rows("x.csv", data) == Rows{"! x.csv is empty; its first line must name the columns"});
}

TEST_CASE("what only begins like compressed data") {
  CHECK(read_rows("x.csv", "BZh9,b\n1,2\n") == Rows{"2:<1><2>"});
  CHECK(read_rows("x.csv", "BZh\n1\n") == Rows{"2:<1>"});
  CHECK(read_rows("x.csv", "B") == Rows{});
  CHECK(read_rows("x.csv", "(\n1\n") == Rows{"2:<1>"});
}
