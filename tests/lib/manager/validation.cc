#include "lib/manager/validation.h"

#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <set>

#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/base/temporary_directory.h"
#include "lib/data/records.h"

namespace ostler {

namespace {

struct Data {
  TemporaryDirectory directory;
  std::string write(const std::string& name, const std::string& text) {
    const std::string path = join_path(directory.path(), name);
    write_file(path, text, Sync::no, 0666);
    return path;
  }
};

JobSpec spec_of(double fraction, const std::string& input = "table") {
  JobSpec spec;
  spec.module.input = input;
  spec.validation_fraction = fraction;
  spec.parameters = Value::object({{"label", "y"}, {"seed", 7}});
  return spec;
}

std::vector<std::string> cells(const RowFiles& files, const std::string& column,
                               const std::string& format = {}) {
  ReadOptions options;
  options.format = format;
  options.columns = {{column, ColumnKind::text}};
  const auto stream = open_records(record_sources(files), options);
  std::vector<std::string> found;
  RecordBatch batch;
  while (stream->next(batch))
    for (const std::string_view cell : batch.columns[0].texts) found.emplace_back(cell);
  return found;
}

std::string table(int rows, const std::function<std::string(int)>& label) {
  std::string text = "id,y\n";
  for (int row = 0; row < rows; ++row) text += std::to_string(row) + "," + label(row) + "\n";
  return text;
}

std::map<std::string, int> counts(const std::vector<std::string>& items) {
  std::map<std::string, int> found;
  for (const std::string& item : items) ++found[item];
  return found;
}

}  // namespace

TEST_CASE("a fraction takes the same part of each class, and every row once") {
  Data data;
  const std::string path =
      data.write("a.csv", table(100, [](int row) { return row % 10 == 0 ? "rare" : "usual"; }));
  const DividedData divided = divide_data(spec_of(0.2), {path});
  CHECK(counts(cells(divided.validation, "y")) == std::map<std::string, int>{{"rare", 2}, {"usual", 18}});
  CHECK(counts(cells(divided.learned, "y")) == std::map<std::string, int>{{"rare", 8}, {"usual", 72}});
  std::set<std::string> ids;
  for (const RowFiles* part : {&divided.learned, &divided.validation})
    for (const std::string& id : cells(*part, "id")) CHECK(ids.insert(id).second);
  CHECK(ids.size() == 100);
}

TEST_CASE("the same data and seed divide alike, another seed otherwise") {
  Data data;
  const std::string path = data.write("a.csv", table(60, [](int row) { return row % 2 == 0 ? "a" : "b"; }));
  const auto first = cells(divide_data(spec_of(0.5), {path}).validation, "id");
  CHECK(cells(divide_data(spec_of(0.5), {path}).validation, "id") == first);
  JobSpec other = spec_of(0.5);
  other.parameters["seed"] = 8;
  CHECK(cells(divide_data(other, {path}).validation, "id") != first);
}

TEST_CASE("several files are divided as one") {
  Data data;
  const std::string one = data.write("1.csv", table(10, [](int) { return "a"; }));
  const std::string two = data.write("2.csv", table(30, [](int row) { return row < 10 ? "a" : "b"; }));
  const DividedData divided = divide_data(spec_of(0.5), {one, two});
  CHECK(counts(cells(divided.validation, "y")) == std::map<std::string, int>{{"a", 10}, {"b", 10}});
  CHECK(counts(cells(divided.learned, "y")) == std::map<std::string, int>{{"a", 10}, {"b", 10}});
}

TEST_CASE("a class of one row is learned from, a row without a label never measured on") {
  Data data;
  const std::string path = data.write("a.csv", table(41, [](int row) {
                                        return row == 0 ? "once" : row <= 20 ? "often" : "";
                                      }));
  const DividedData divided = divide_data(spec_of(0.5), {path});
  CHECK(counts(cells(divided.validation, "y")) == std::map<std::string, int>{{"often", 10}});
  CHECK(counts(cells(divided.learned, "y"))["once"] == 1);
}

TEST_CASE("numbers to estimate are drawn from as they are") {
  Data data;
  const std::string path =
      data.write("a.csv", table(100, [](int row) { return std::to_string(row) + ".5"; }));
  const DividedData divided = divide_data(spec_of(0.25), {path});
  CHECK(cells(divided.validation, "y").size() == 25);
  CHECK(cells(divided.learned, "y").size() == 75);
}

TEST_CASE("lines of text are divided by their first label") {
  Data data;
  std::string text;
  for (int row = 0; row < 40; ++row)
    text += std::string(row % 4 == 0 ? "__label__rare" : "__label__usual") + " words\n";
  const std::string path = data.write("a.txt", text);
  JobSpec spec = spec_of(0.2, "text");
  const DividedData divided = divide_data(spec, {path});
  const auto lines = counts(cells(divided.validation, "text"));
  CHECK(lines == std::map<std::string, int>{{"__label__rare words", 2}, {"__label__usual words", 6}});
}

TEST_CASE("a fraction that leaves nothing to measure on is refused") {
  Data data;
  const std::string path = data.write("a.csv", table(6, [](int row) { return row % 2 == 0 ? "a" : "b"; }));
  CHECK_THROWS_WITH_AS(divide_data(spec_of(0.1), {path}), doctest::Contains("none to measure on"), Error);
}

TEST_CASE("validation files are taken as they are") {
  JobSpec spec = spec_of(0);
  spec.validation = {{"/d/v.csv", 1, 2}};
  const DividedData divided = divide_data(spec, {"/d/a.csv"});
  CHECK(divided.learned.paths == std::vector<std::string>{"/d/a.csv"});
  CHECK(divided.validation.paths == std::vector<std::string>{"/d/v.csv"});
  CHECK(divided.validation.rows.empty());
}

}  // namespace ostler
