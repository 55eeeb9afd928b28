#include <cmath>

#include "tests/lib/data/helpers.h"

using namespace ostler;
using namespace ostler::test;

namespace {

Column& texts(RecordBatch& batch, const std::string& name, const std::vector<const char*>& cells) {
  batch.rows = cells.size();
  Column& column = batch.add_texts(name);
  for (std::size_t i = 0; i < cells.size(); ++i)
    if (cells[i] != nullptr) column.texts[i] = cells[i];
  return column;
}

Column& numbers(RecordBatch& batch, const std::string& name, const std::vector<double>& cells,
                ColumnRole role) {
  batch.rows = cells.size();
  Column& column = batch.add_numbers(name);
  column.numbers = cells;
  column.role = role;
  return column;
}

std::string written(const std::string& format, const RecordBatch& batch) {
  const auto writer = make_writer(format, batch.columns);
  writer->write(batch);
  return writer->take();
}

RecordBatch predictions() {
  RecordBatch batch;
  texts(batch, "id", {"7", nullptr});
  texts(batch, "prediction", {"yes", "no"}).role = ColumnRole::prediction;
  numbers(batch, "yes", {0.75, NAN}, ColumnRole::probability);
  numbers(batch, "n o", {0.25, 1}, ColumnRole::probability);
  return batch;
}

}  // namespace

TEST_CASE("predictions in every format") {
  const RecordBatch batch = predictions();
  CHECK(written("csv", batch) == "id,prediction,probability_yes,probability_n o\n7,yes,0.75,0.25\n,no,,1\n");
  CHECK(written("tsv", batch) ==
        "id\tprediction\tprobability_yes\tprobability_n o\n7\tyes\t0.75\t0.25\n\tno\t\t1\n");
  CHECK(written("jsonl", batch) ==
        "{\"id\": \"7\", \"prediction\": \"yes\", \"probabilities\": {\"yes\": 0.75, \"n o\": 0.25}}\n"
        "{\"id\": null, \"prediction\": \"no\", \"probabilities\": {\"yes\": null, \"n o\": 1}}\n");
  CHECK(written("text", batch) == "yes\nno\n");
  CHECK(error_of([&] { make_writer("cvs", batch.columns); }) ==
        "no such data format: cvs; did you mean \"csv\"?");
}

TEST_CASE("numbers") {
  RecordBatch batch;
  numbers(batch, "n", {0.1, 3, 100000, -0.0, 1e15, 1e300, 1e-7, 1.0 / 3, -2.5, INFINITY, NAN},
          ColumnRole::prediction);
  CHECK(written("text", batch) ==
        "0.1\n3\n100000\n0\n1000000000000000\n1e+300\n1e-07\n0.3333333333333333\n-2.5\ninf\n\n");
  CHECK(written("csv", batch).substr(0, 4) == "n\n0.");
  CHECK(written("jsonl", batch).find("{\"n\": null}\n{\"n\": null}\n") != std::string::npos);
}

TEST_CASE("csv cells read back as they were") {
  RecordBatch batch;
  const std::vector<const char*> cells = {
      "plain", "a,b", "say \"hi\"",        "x\ny", "x\ry", "", nullptr, "NA", " x ", "\xEF\xBB\xBF",
      "\t",    "\"",  "gr\xC3\xBC\xC3\x9F"};
  texts(batch, "one", cells);
  texts(batch, "two", cells);
  for (const char* format : {"csv", "tsv", "jsonl"}) {
    CAPTURE(format);
    for (std::size_t columns : {1, 2}) {
      RecordBatch part = batch;
      part.columns.resize(columns);
      // Alone on its line a missing cell would be a blank line: it is written as an empty text.
      if (columns == 1 && format != std::string("jsonl")) part.columns[0].texts[6] = "";
      write_source("x", written(format, part));
      ReadOptions options;
      options.format = format;
      RecordBatch back;
      const auto stream = open_records({{"x"}}, options);
      REQUIRE(stream->next(back));
      CHECK(show(back) == show(part));
    }
  }
  CHECK(written("csv", batch).find("\n\"a,b\",\"a,b\"\n\"say \"\"hi\"\"\",") != std::string::npos);
}

TEST_CASE("jsonl escapes") {
  RecordBatch batch;
  texts(batch, "k\"\n", {"\"\\\n\r\t\b\x01\x1f\x7f\xC3\xBC"});
  CHECK(written("jsonl", batch) ==
        "{\"k\\\"\\n\": \"\\\"\\\\\\n\\r\\t\\u0008\\u0001\\u001f\x7f\xC3\xBC\"}\n");
}

TEST_CASE("text: one row, one line") {
  RecordBatch batch;
  texts(batch, "prediction", {"a\nb", nullptr, "c"}).role = ColumnRole::prediction;
  CHECK(written("text", batch) == "a b\n\nc\n");
}

TEST_CASE("names that clash") {
  const auto clash = [](const char* format, const char* kept) {
    RecordBatch batch;
    texts(batch, kept, {"x"});
    texts(batch, "prediction", {"yes"}).role = ColumnRole::prediction;
    numbers(batch, "yes", {1}, ColumnRole::probability);
    return error_of([&] { make_writer(format, batch.columns); });
  };
  CHECK(clash("csv", "prediction") ==
        "the output would have two columns named \"prediction\"; leave one of them out, or rename it in the "
        "data");
  CHECK(clash("csv", "probability_yes") != "");
  CHECK(clash("csv", "yes") == "");
  CHECK(clash("csv", "probabilities") == "");
  CHECK(clash("jsonl", "prediction") != "");
  CHECK(clash("jsonl", "probabilities") != "");
  CHECK(clash("jsonl", "yes") == "");
  CHECK(clash("jsonl", "probability_yes") == "");
}

TEST_CASE("without rows there is still a header") {
  const RecordBatch batch = predictions();
  const auto writer = make_writer("csv", batch.columns);
  CHECK(writer->take() == "id,prediction,probability_yes,probability_n o\n");
  CHECK(writer->take() == "");
  writer->write(batch);
  CHECK(writer->take() == "7,yes,0.75,0.25\n,no,,1\n");
  CHECK(make_writer("jsonl", batch.columns)->take() == "");
}

TEST_CASE("jsonl with bare numbers: a text that is a JSON number is one, any other is quoted") {
  RecordBatch batch;
  texts(batch, "x",
        {"1", "-0.5e+3", "0", "1E9", "007", "1.", ".5", "+1", "-", "1e", "0x1", "NaN", "", "1 ", nullptr});
  const auto writer = make_writer("jsonl", batch.columns, true);
  writer->write(batch);
  CHECK(writer->take() ==
        "{\"x\": 1}\n{\"x\": -0.5e+3}\n{\"x\": 0}\n{\"x\": 1E9}\n{\"x\": \"007\"}\n{\"x\": \"1.\"}\n"
        "{\"x\": \".5\"}\n{\"x\": \"+1\"}\n{\"x\": \"-\"}\n{\"x\": \"1e\"}\n{\"x\": \"0x1\"}\n{\"x\": "
        "\"NaN\"}\n"
        "{\"x\": \"\"}\n{\"x\": \"1 \"}\n{\"x\": null}\n");
}
