#include <fcntl.h>

#include "tests/lib/data/helpers.h"

using namespace ostler;
using namespace ostler::test;

using Rows = std::vector<std::string>;

namespace {

ReadOptions format(const std::string& name) {
  ReadOptions options;
  options.format = name;
  return options;
}

std::string open_error(const std::string& path, const ReadOptions& options = {},
                       StatusCode code = StatusCode::invalid_argument) {
  return error_of([&] { open_records({{path}}, options); }, code);
}

}  // namespace

TEST_CASE("formats") {
  CHECK(format_of("x.csv") == "csv");
  CHECK(format_of("dir.csv/x") == "");
  CHECK(format_of("/a/b/X.CSV.GZ") == "csv");
  CHECK(format_of("x.tsv.zst") == "tsv");
  CHECK(format_of("x.ndjson.xz") == "jsonl");
  CHECK(format_of("x.jsonl.bz2") == "jsonl");
  CHECK(format_of("x.txt") == "text");
  CHECK(format_of("x.ft") == "text");
  CHECK(format_of("x.json.gz") == "json");
  CHECK(format_of("csv") == "");
  CHECK(format_of("") == "");
  for (const char* name : {"csv", "tsv", "jsonl", "text"}) CHECK_NOTHROW(check_format(name));
  CHECK(error_of([] { check_format("cvs"); }) == "no such data format: cvs; did you mean \"csv\"?");
  CHECK(error_of([] { check_format("parquet"); }) ==
        "no such data format: parquet; known: csv, tsv, jsonl, json, text");
  CHECK(error_of([] { check_format(""); }) != "");
}

TEST_CASE("the format: asked for, by name, fallback") {
  write_source("x.csv", "a,b\n1,2\n");
  write_source("nameless", "a,b\n1,2\n");
  CHECK(drain(*open_records({{"x.csv"}}, format("text"))) == Rows{"1:<a,b>", "2:<1,2>"});
  ReadOptions fallback;
  fallback.fallback_format = "text";
  CHECK(drain(*open_records({{"x.csv"}}, fallback)) == Rows{"2:<1><2>"});
  CHECK(drain(*open_records({{"nameless"}}, fallback)) == Rows{"1:<a,b>", "2:<1,2>"});
  CHECK(open_error("nameless") ==
        "the name of nameless does not tell its format; say which one: csv, tsv, jsonl, json, text");
  CHECK(open_error("x.csv", format("cvs")) == "no such data format: cvs; did you mean \"csv\"?");
}

TEST_CASE("what cannot be opened") {
  CHECK(open_error("absent.csv", {}, StatusCode::invalid_argument) == "no such file: absent.csv");
  make_directories("dir.csv");
  CHECK(open_error("dir.csv") == "dir.csv is a directory; name the data files in it");
  const UniqueFd directory = open_file("dir.csv", O_RDONLY);
  CHECK(error_of([&] {
          open_records({{"it", directory.get()}}, format("csv"));
        }) == "it is a directory; name the data files in it");
  CHECK(error_of([] { open_records({}, {}); }) == "there is no data to read");
  if (::geteuid() != 0) {
    write_file("closed.csv", "a\n1\n", Sync::no, 0);
    CHECK(open_error("closed.csv", {}, StatusCode::permission_denied) ==
          "cannot open closed.csv: Permission denied");
  }
  // A later source is looked at before the first is read.
  write_source("x.csv", "a\n1\n");
  CHECK(error_of(
            [] {
              open_records({{"x.csv"}, {"absent.csv"}}, {});
            },
            StatusCode::invalid_argument) == "no such file: absent.csv");
}

TEST_CASE("column names") {
  write_source("x.csv", "a,\"b c\"\n1,2\n");
  CHECK(read_column_names({"x.csv"}, "") == Rows{"a", "b c"});
  CHECK(read_column_names({"x.csv"}, "text") == Rows{"text"});
  write_source("x.jsonl", "{\"a\": 1, \"b\": [2]}\n");
  CHECK(read_column_names({"x.jsonl"}, "") == Rows{"a", "b"});
  CHECK(error_of([] { read_column_names({"absent.csv"}, ""); }, StatusCode::unknown) != "");
}

TEST_CASE("wanted and kept columns") {
  const std::string text = "id,x,y,note\n007,1,2.50,hello\n008,3,,\n";
  ReadOptions options;
  options.columns = {{"y", ColumnKind::number}, {"x", ColumnKind::number}};
  CHECK(read_rows("x.csv", text, options) == Rows{"2:<2.5><1>", "3:-<3>"});
  options.keep = {"y", "id"};
  CHECK(read_rows("x.csv", text, options) == Rows{"2:<2.5><1><2.50><007>", "3:-<3>-<008>"});
  options.keep_all = true;
  CHECK(read_rows("x.csv", text, options) == Rows{"2:<2.5><1><007><1><2.50><hello>", "3:-<3><008><3>--"});
  options = {};
  options.columns = {{"note", ColumnKind::text}};
  options.keep = {"note"};
  CHECK(read_rows("x.csv", text, options) == Rows{"2:<hello><hello>", "3:--"});
  options = {};
  options.keep = {"id"};
  CHECK(read_rows("x.csv", text, options) == Rows{"2:<007><1><2.50><hello><007>", "3:<008><3>--<008>"});

  write_source("x.csv", text);
  options = {};
  options.columns = {{"x", ColumnKind::number}};
  options.keep = {"x"};
  const auto stream = open_records({{"x.csv"}}, options);
  REQUIRE(stream->columns().size() == 2);
  CHECK(stream->columns()[0].kind == ColumnKind::number);
  CHECK(stream->columns()[1].kind == ColumnKind::text);
  CHECK(stream->columns()[1].name == "x");
  CHECK(stream->source_columns() == Rows{"id", "x", "y", "note"});

  options.columns = {{"notes", ColumnKind::text}};
  CHECK(open_error("x.csv", options) == "x.csv has no column \"notes\"; did you mean \"note\"?");
  options.columns = {{"species", ColumnKind::text}};
  CHECK(open_error("x.csv", options) == "x.csv has no column \"species\"; it has: id, x, y, note");
  options.columns = {{"x", ColumnKind::number}};
  options.keep = {"idd"};
  CHECK(open_error("x.csv", options) == "x.csv has no column \"idd\"; did you mean \"id\"?");
}

TEST_CASE("bad rows may be kept") {
  ReadOptions options;
  options.errors = ErrorMode::keep;
  options.columns = {{"x", ColumnKind::number}, {"s", ColumnKind::text}};
  options.keep = {"id", "s"};
  const std::string text =
      "id,x,s\n1,1,a\n2,bad,b\n3\n4,4,d\n5,5,\xFF\n6,NA,\"f\"g\n\"7\",7,g\n8,8,\"h\n9,9,i\n";
  CHECK(read_rows("x.csv", text, options) ==
        Rows{"2:<1><a><1><a>", "3:--<2><b>", "4:----", "5:<4><d><4><d>", "6:----", "7:----", "8:<7><g><7><g>",
             "9:----", "? 1 x.csv:3: column \"x\": \"bad\" is not a number",
             "? 2 x.csv:4: 1 cell, but the header has 3",
             "? 4 x.csv:6: byte 0xFF at position 5 of this row is not UTF-8; convert the data with iconv",
             "? 5 x.csv:7: cell 3 has text after its closing quote",
             "? 7 x.csv:9: a quote is opened in this row and never closed"});
  // One message a row: the first; a row of the wrong length keeps nothing.
  CHECK(read_rows("x.csv", "id,x,s\n1,bad,a,b\n", options) ==
        Rows{"2:----", "? 0 x.csv:2: column \"x\": \"bad\" is not a number"});
}

TEST_CASE("batches") {
  std::string text = "a\n";
  for (int i = 0; i < 2500; ++i) text += std::to_string(i) + "\n";
  write_source("x.csv", text);
  for (std::size_t size : {0, 1, 7, 1000, 5000}) {
    ReadOptions options;
    options.columns = {{"a", ColumnKind::number}};
    options.batch_rows = size;
    const auto stream = open_records({{"x.csv"}}, options);
    RecordBatch batch;
    std::size_t rows = 0;
    while (stream->next(batch)) {
      CHECK(batch.rows == std::min(std::max<std::size_t>(size, 1), 2500 - rows));
      CHECK(batch.source == "x.csv");
      for (std::size_t i = 0; i < batch.rows; ++i)
        CHECK(batch.columns[0].numbers[i] == static_cast<double>(rows + i));
      rows += batch.rows;
    }
    CHECK(rows == 2500);
    CHECK(batch.rows == 0);
    CHECK(!stream->next(batch));
  }
}

TEST_CASE("a batch may be of any shape before, and outlives its stream") {
  write_source("x.csv", "a,b\nsome text that is long,\"and \"\"quoted\"\"\"\n");
  RecordBatch batch;
  batch.rows = 3;
  batch.add_numbers("old");
  batch.row_errors.push_back({1, "old"});
  {
    const auto stream = open_records({{"x.csv"}}, {}, 16);
    REQUIRE(stream->next(batch));
  }
  CHECK(show(batch) == Rows{"<some text that is long><and \"quoted\">"});
  CHECK(batch.row_errors.empty());
}

TEST_CASE("several sources") {
  write_source("a.csv", "x,y\n1,2\n");
  write_source("b.csv", "y,x\n4,3\n");
  write_source("none.csv", "x,y\n");
  write_source("c.jsonl", "{\"y\": 6}\n{\"x\": 7}\n");
  CHECK(drain(*open_records({{"a.csv"}, {"none.csv"}, {"b.csv"}, {"c.jsonl"}}, {})) ==
        Rows{"2:<1><2>", "2:<3><4>", "1:-<6>", "2:<7>-"});

  write_source("more.csv", "x,y,z\n5,6,7\n");
  write_source("fewer.csv", "x\n5\n");
  write_source("other.jsonl", "{\"z\": 6}\n");
  const auto second = [](const std::string& path, const ReadOptions& options = {}) {
    return drain(*open_records({{"a.csv"}, {path}}, options)).back();
  };
  CHECK(second("more.csv") == "! more.csv has a column \"z\", which a.csv has not");
  CHECK(second("fewer.csv") == "! fewer.csv has no column \"y\"; did you mean \"x\"?");
  CHECK(second("other.jsonl") == "! other.jsonl:1: none of the keys is a column of the data before");
  ReadOptions one;
  one.columns = {{"x", ColumnKind::number}};
  CHECK(second("more.csv", one) == "2:<5>");
  CHECK(second("fewer.csv", one) == "2:<5>");
}

TEST_CASE("after an error there is nothing") {
  write_source("x.csv", "a\n1\n2,3\n");
  ReadOptions options;
  options.batch_rows = 1;
  const auto stream = open_records({{"x.csv"}}, options);
  RecordBatch batch;
  CHECK(stream->next(batch));
  CHECK(error_of([&] { stream->next(batch); }) == "x.csv:3: 2 cells, but the header has 1");
  CHECK(!stream->next(batch));
}

TEST_CASE("from a pipe rows come out while others go in") {
  const struct {
    std::string format, start, row, part, rest;
  } cases[] = {{"csv", "a,b\n1,\"x\ny\"\n", "<1><x\ny>", "3,\"4\n", "5\"\n"},
               {"jsonl", "{\"a\": 1, \"b\": \"x\"}\n", "<1><x>", "{\"a\": 3, \"b\": \"4", "\\n5\"}\n"},
               {"text", "one\n", "<one>", "tw", "o\n"}};
  for (const auto& test : cases) {
    Pipe pipe;
    pipe.write(test.start);
    const auto stream = open_records({{"standard input", pipe.reader.get()}}, format(test.format));
    RecordBatch batch;
    REQUIRE(stream->next(batch));
    CHECK(show(batch) == Rows{test.row});
    const std::string last = test.format == "text" ? "<two>" : "<3><4\n5>";
    pipe.write((test.format == "csv" ? "1,\"x\ny\"\n" : test.start) + test.part);
    REQUIRE(stream->next(batch));
    CHECK(show(batch) == Rows{test.row});
    pipe.write(test.rest);
    REQUIRE(stream->next(batch));
    CHECK(show(batch) == Rows{last});
    pipe.writer.reset();
    CHECK(!stream->next(batch));
  }
}

TEST_CASE("a pipe that does not wait") {
  Pipe pipe;
  REQUIRE(::fcntl(pipe.reader.get(), F_SETFL, O_NONBLOCK) == 0);
  pipe.write("a\n1\n");
  const auto stream = read_ahead(open_records({{"standard input", pipe.reader.get()}}, format("csv")), 2);
  RecordBatch batch;
  REQUIRE(stream->next(batch));
  pipe.write("2\n");
  pipe.writer.reset();
  REQUIRE(stream->next(batch));
  CHECK(show(batch) == Rows{"<2>"});
  CHECK(!stream->next(batch));
}

TEST_CASE("read ahead") {
  std::string text = "a,b\n";
  for (int i = 0; i < 5000; ++i) text += std::to_string(i) + ",t" + std::to_string(i) + "\n";
  write_source("x.csv", text);
  ReadOptions options;
  options.batch_rows = 100;
  for (std::size_t depth : {0, 1, 3, 100}) {
    const auto expected = drain(*open_records({{"x.csv"}}, options, 512));
    const auto stream = read_ahead(open_records({{"x.csv"}}, options, 512), depth);
    CHECK(stream->columns().size() == 2);
    CHECK(drain(*stream) == expected);
    RecordBatch batch;
    CHECK(!stream->next(batch));
  }
  // An error comes in its place.
  write_source("bad.csv", text + "1\n");
  auto stream = read_ahead(open_records({{"bad.csv"}}, options), 2);
  const Rows rows = drain(*stream);
  CHECK(rows.size() == 5001);
  CHECK(rows.back() == "! bad.csv:5002: 1 cell, but the header has 2");
  RecordBatch batch;
  CHECK(!stream->next(batch));
  // Left early: with batches unread, with one read.
  read_ahead(open_records({{"x.csv"}}, options), 2);
  stream = read_ahead(open_records({{"x.csv"}}, options), 2);
  REQUIRE(stream->next(batch));
  stream.reset();
  CHECK(show_row(batch, 99) == "<99><t99>");
}

TEST_CASE("read ahead of a silent pipe can be left") {
  Pipe pipe;
  pipe.write("a\n1\n");
  auto stream = read_ahead(open_records({{"standard input", pipe.reader.get()}}, format("csv")), 2);
  RecordBatch batch;
  REQUIRE(stream->next(batch));
  stream.reset();
  CHECK(show(batch) == Rows{"<1>"});
}
