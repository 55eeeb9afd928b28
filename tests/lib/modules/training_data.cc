// What is read for a training, what is refused, and what is said about it.
#include "lib/modules/table/training_data.h"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>

#include "tests/lib/modules/training.h"

namespace ostler::testing {
namespace {

TrainingData read(const std::string& text, Value parameters, Recorder& recorder) {
  const TrainRequest request = request_for("linear", write_data(text), std::move(parameters));
  return read_training_data(request, table_parameters(request.parameters), recorder);
}

TrainingData read(const std::string& text, Value parameters = Value::object({{"label", "y"}})) {
  Recorder recorder;
  return read(text, std::move(parameters), recorder);
}

// The Error of reading `text`, which must be the user's.
std::string refusal(const std::string& text, Value parameters = Value::object({{"label", "y"}})) {
  StatusCode code = StatusCode::ok;
  const std::string message = message_of([&] { read(text, parameters); }, &code);
  CHECK(code == StatusCode::invalid_argument);
  return message;
}

// "y" of `count` rows, the texts of `labels` in turn.
std::string rows_of(const std::vector<std::string>& labels, int count) {
  std::string text = "x,y\n";
  for (int i = 0; i < count; ++i)
    text += fmt::format("{},{}\n", i, labels[static_cast<std::size_t>(i) % labels.size()]);
  return text;
}

TEST_CASE("columns are numbers until a cell is none") {
  const TrainingData data = read("a,b,c,y\n1,x,,p\n2.5,,4,q\nNA,w,5,p\n");
  REQUIRE(data.schema.features.size() == 3);
  CHECK(data.schema.features[0].kind == ColumnKind::number);
  CHECK(data.schema.features[1].kind == ColumnKind::text);
  CHECK(data.schema.features[1].categories == std::vector<std::string>{"w", "x"});
  CHECK(data.rows() == 3);
  CHECK(data.cells.row(0)[0] == 1);
  CHECK(data.cells.row(0)[1] == 1);
  CHECK(std::isnan(data.cells.row(0)[2]));
  CHECK(data.cells.row(1)[0] == 2.5F);
  CHECK(std::isnan(data.cells.row(1)[1]));
  CHECK(std::isnan(data.cells.row(2)[0]));
  CHECK(data.cells.row(2)[1] == 0);
  CHECK(data.labels == std::vector<double>{0, 1, 0});
  CHECK(data.schema.classes == std::vector<std::string>{"p", "q"});
}

TEST_CASE("a column that shows itself as text late is read anew, as text from its first cell") {
  std::string text = "a,b,y\n";
  for (int i = 0; i < 5000; ++i) text += fmt::format("{},{},{}\n", i % 7, i, i % 2);
  text += "seven,0,1\n";
  const TrainingData data = read(text);
  CHECK(data.rows() == 5001);
  CHECK(data.schema.features[0].categories.size() == 8);
  CHECK(data.schema.features[0].categories[7] == "seven");
  CHECK(data.cells.row(9)[0] == 2);
  CHECK(data.cells.row(4999)[1] == 4999);
}

TEST_CASE("the task is told from the label") {
  CHECK(read(rows_of({"a", "b"}, 10)).schema.task == TableTask::classification);
  CHECK(read(rows_of({"0", "1"}, 10)).schema.task == TableTask::classification);
  CHECK(read(rows_of({"0.5", "1"}, 10)).schema.task == TableTask::regression);
  // As many values as half of the rows: something to estimate.
  CHECK(read(rows_of({"1", "2", "3", "4", "5"}, 10)).schema.task == TableTask::regression);
  std::vector<std::string> many;
  for (int i = 0; i < 21; ++i) many.push_back(std::to_string(i));
  CHECK(read(rows_of(many, 210)).schema.task == TableTask::regression);
  many.pop_back();
  CHECK(read(rows_of(many, 210)).schema.task == TableTask::classification);

  Recorder recorder;
  const Value as_number = Value::object({{"label", "y"}, {"task", "regression"}});
  CHECK(read(rows_of({"0", "1"}, 10), as_number, recorder).schema.task == TableTask::regression);
  CHECK(recorder.line_with("told from the data").empty());
  read(rows_of({"0", "1"}, 10), Value::object({{"label", "y"}}), recorder);
  CHECK(contains(recorder.line_with("2 classes (0, 1)"), "task=regression says otherwise"));
}

TEST_CASE("numeric labels are one class however they are written") {
  const TrainingData data = read(rows_of({"1", "1.0", "0", "-0.0", "100000", "1e5"}, 24));
  CHECK(data.schema.classes == std::vector<std::string>{"0", "1", "100000"});
  CHECK(data.schema.numeric_label);
  CHECK(data.labels[0] == 1);
  CHECK(data.labels[1] == 1);
  CHECK(data.labels[3] == 0);
  // Not so once one of them is text.
  CHECK(read(rows_of({"1", "1.0", "x"}, 24)).schema.classes == std::vector<std::string>{"1", "1.0", "x"});
}

TEST_CASE("rows without a label are left out and counted") {
  Recorder recorder;
  const TrainingData data = read("x,y\n1,a\n2,\n3,NA\n4,b\n", Value::object({{"label", "y"}}), recorder);
  CHECK(data.rows() == 2);
  CHECK(data.cells.row(1)[0] == 4);
  CHECK(contains(recorder.line_with("left out"), "2 rows are left out"));
}

TEST_CASE("columns that say nothing are left out of the model") {
  std::string text = "empty,id,town,group,y\n";
  for (int i = 0; i < 100; ++i)
    text += fmt::format(",row-{},{},g{},{}\n", i, i % 4 == 0 ? "" : "t", i % 30, i % 2);
  Recorder recorder;
  const TrainingData data = read(text, Value::object({{"label", "y"}}), recorder);
  REQUIRE(data.schema.features.size() == 2);
  CHECK(data.schema.features[0].name == "town");
  CHECK(data.schema.features[1].name == "group");
  CHECK(data.schema.features[1].categories.size() == 30);
  CHECK(data.cells.columns() == 2);
  CHECK(data.cells.row(1)[0] == 0);
  CHECK(std::isnan(data.cells.row(4)[0]));
  CHECK(data.cells.row(99)[1] ==
        static_cast<float>(std::lower_bound(data.schema.features[1].categories.begin(),
                                            data.schema.features[1].categories.end(), "g9") -
                           data.schema.features[1].categories.begin()));
  CHECK(data.schema.left_out == std::vector<std::string>{"empty", "id"});
  CHECK(contains(recorder.line_with("\"empty\""), "all its cells are missing"));
  CHECK(contains(recorder.line_with("\"id\""), "categorical=id"));
  CHECK(contains(recorder.line_with("\"id\""), "ignore=id"));

  const TrainingData forced = read(text, Value::object({{"label", "y"}, {"categorical", "id"}}));
  CHECK(forced.schema.features.size() == 3);
  CHECK(forced.schema.features[0].categories.size() == 100);
}

TEST_CASE("a number column that counts the rows is noted, and stays") {
  const auto note = [](const std::function<std::string(int)>& cell, const RowChoice& rows = {}) {
    std::string text = "n,x,y\n";
    for (int i = 0; i < 60; ++i) text += fmt::format("{},{},{}\n", cell(i), i * 7 % 13, i % 2);
    TrainRequest request = request_for("linear", write_data(text), Value::object({{"label", "y"}}));
    request.data.rows = {rows};
    Recorder recorder;
    const TrainingData data = read_training_data(request, table_parameters(request.parameters), recorder);
    CHECK(data.schema.features.size() == 2);
    return recorder.line_with("counts the rows");
  };
  const std::string line = note([](int i) { return std::to_string(1000 + i); });
  CHECK(contains(line, "\"n\" counts the rows (1000 to 1059)"));
  CHECK(contains(line, "ignore=n"));
  // Also where some of the rows are chosen.
  auto marks = std::make_shared<std::vector<bool>>();
  for (int i = 0; i < 60; ++i) marks->push_back(i % 3 == 0);
  CHECK(note([](int i) { return std::to_string(i); }, {marks, false}) != "");
  CHECK(note([](int i) { return std::to_string(2 * i); }, {marks, false}) == "");
  CHECK(note([](int i) { return std::to_string(i / 2); }) == "");
  CHECK(note([](int i) { return std::to_string(i + 0.5); }) == "");
  CHECK(note([](int i) { return i == 30 ? "" : std::to_string(i); }) == "");
  CHECK(note([](int i) { return std::to_string(60 - i); }) == "");
}

TEST_CASE("more than a thousand texts are no categories") {
  std::string text = "many,x,y\n";
  for (int i = 0; i < 9000; ++i) text += fmt::format("k{},{},{}\n", i % 1500, i, i % 2);
  Recorder recorder;
  CHECK(read(text, Value::object({{"label", "y"}}), recorder).schema.features.size() == 1);
  CHECK(contains(recorder.line_with("\"many\""), "more than 1000 different texts"));
  const TrainingData forced = read(text, Value::object({{"label", "y"}, {"categorical", "many"}}));
  CHECK(forced.schema.features[0].categories.size() == 1500);
}

TEST_CASE("parameters choose the columns") {
  const std::string text = "a,b,c,w,y\n1,2,3,1,p\n4,5,6,2.5,q\n";
  const TrainingData some =
      read(text, Value::object({{"label", "y"}, {"features", "c,a"}, {"weight", "w"}, {"categorical", "a"}}));
  REQUIRE(some.schema.features.size() == 2);
  CHECK(some.schema.features[0].name == "a");
  CHECK(some.schema.features[0].categories == std::vector<std::string>{"1", "4"});
  CHECK(some.weights == std::vector<double>{1, 2.5});
  CHECK(some.schema.left_out == std::vector<std::string>{"b"});
  const TrainingData ignored = read(text, Value::object({{"label", "y"}, {"ignore", "a,w"}}));
  CHECK(ignored.schema.features.size() == 2);
  CHECK(ignored.weights.empty());
}

TEST_CASE("columns that do not fit are refused") {
  const std::string text = "a,bill_length,w,y\n1,2,1,p\n4,5,2,q\n";
  const auto with = [&](const char* name, const char* value) {
    Value parameters = Value::object({{"label", "y"}});
    parameters[name] = value;
    return refusal(text, parameters);
  };
  CHECK(contains(with("label", "z"), "no column \"z\""));
  CHECK(contains(with("ignore", "bill_lenght"), "did you mean \"bill_length\"?"));
  CHECK(contains(with("features", "nothing"), "its columns are a, bill_length, w, y"));
  CHECK(contains(with("features", "a,y"), "both label and features"));
  CHECK(contains(with("ignore", "y"), "both label and ignore"));
  CHECK(contains(with("weight", "y"), "both label and weight"));
  CHECK(contains(with("weight", "v"), "no column \"v\""));
  CHECK(contains(with("categorical", "y"), "both label and categorical"));
  CHECK(contains(with("ignore", "a,bill_length,w"), "no column left"));
  CHECK(contains(refusal(text, Value::object({{"label", "y"}, {"features", "a"}, {"ignore", "a"}})), "both"));
  CHECK(contains(refusal(text, Value::object({{"label", "y"}, {"ignore", "a"}, {"categorical", "a"}})),
                 "not one of those to learn from"));
  CHECK(contains(refusal(text, Value::object({{"label", "y"}, {"weight", "w"}, {"features", "w"}})),
                 "both weight"));
}

TEST_CASE("data that cannot be learned from is refused") {
  CHECK(contains(refusal("x,y\n"), "no rows"));
  CHECK(contains(refusal("x,y\n1,\n2,\n"), "missing in every row"));
  CHECK(contains(refusal("x,y\n,a\n,b\n"), "no column left"));
  CHECK(contains(refusal("x,y\n1,a\n2,a\n"), "needs at least two classes"));
  CHECK(contains(refusal("x,y\n1,3\n2,3.0\n"), "task=regression"));
  std::string ids = "x,y\n";
  for (int i = 0; i < 30; ++i) ids += fmt::format("{},name-{}\n", i, i);
  CHECK(contains(refusal(ids), "30 different values in 30 rows, too many"));
  // What made a label of numbers a text is named.
  std::string spoiled = "x,y\n";
  for (int i = 0; i < 30; ++i) spoiled += fmt::format("{},{}\n", i, i == 11 ? "?" : std::to_string(i * 3));
  CHECK(contains(refusal(spoiled), "data.csv:13: column \"y\": \"?\" is not a number"));
  CHECK_FALSE(message_of([] { train("linear", "/nowhere/x.csv", Value::object({{"label", "y"}})); }).empty());
}

TEST_CASE("cells that are no numbers where numbers are needed are named") {
  const Value number = Value::object({{"label", "y"}, {"task", "regression"}});
  CHECK(contains(refusal("x,y\n1,2\n2,old\n", number), "data.csv:3: column \"y\": \"old\" is not a number"));
  CHECK(contains(refusal("x,y\n1,2.5\n2,inf\n"), "data.csv:3: column \"y\": \"inf\" cannot be learned"));
  CHECK(contains(refusal("x,y\n1,nan\n2,2.5\n"), "data.csv:2: column \"y\": \"nan\" cannot be learned"));
  CHECK(contains(refusal("x,y\n1,a\n-inf,b\n"), "data.csv:3: column \"x\": \"-inf\" cannot be learned"));
  CHECK(contains(refusal("x,y\n1,a\n1e39,b\n"), "data.csv:3: column \"x\": \"1e39\" cannot be learned"));
  // Texts that happen to be numbers' names are texts among texts.
  CHECK(read("x,y\n1,nan\n2,other\ninf,nan\nz,nan\n").schema.classes ==
        std::vector<std::string>{"nan", "other"});
}

TEST_CASE("weights must be numbers of 0 or more") {
  const Value weighted = Value::object({{"label", "y"}, {"weight", "w"}});
  CHECK(contains(refusal("x,w,y\n1,1,a\n2,heavy,b\n", weighted),
                 "data.csv:3: column \"w\": \"heavy\" is not a number"));
  CHECK(contains(refusal("x,w,y\n1,1,a\n2,-1,b\n", weighted), "0 or more"));
  CHECK(contains(refusal("x,w,y\n1,1,a\n2,inf,b\n", weighted), "finite"));
  CHECK(contains(refusal("x,w,y\n1,1,a\n2,,b\n", weighted), "is missing"));
  CHECK(contains(refusal("x,w,y\n1,0,a\n2,0,b\n", weighted), "0 in every row"));
  // A row without a label needs no weight.
  CHECK(read("x,w,y\n1,1,a\n2,,\n3,0,b\n", weighted).weights == std::vector<double>{1, 0});
}

TEST_CASE("several files are one table") {
  Recorder recorder;
  TrainRequest request =
      request_for("linear", write_data("a,y\n1,p\n2,q\n", "one.csv"), Value::object({{"label", "y"}}));
  request.data.paths.push_back(write_data("y,a\np,3\n", "two.csv"));
  const TrainingData data = read_training_data(request, table_parameters(request.parameters), recorder);
  CHECK(data.rows() == 3);
  CHECK(data.cells.row(2)[0] == 3);
  CHECK(data.labels[2] == 0);
}

}  // namespace
}  // namespace ostler::testing
