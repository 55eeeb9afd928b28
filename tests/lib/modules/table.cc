// The parts that table modules share: matrix, held-back rows, metrics, schema, and one library's words.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <set>

#include "lib/modules/table/holdout.h"
#include "lib/modules/table/metrics.h"
#include "tests/lib/modules/training.h"

namespace ostler::testing {
namespace {

// `counts` rows of each class; the one cell of a row is its number.
TrainingData data_of(const std::vector<std::size_t>& counts) {
  TrainingData data;
  data.cells = FloatMatrix(1);
  data.schema.features.push_back({"x", ColumnKind::number, {}});
  for (std::size_t k = 0; k < counts.size(); ++k) {
    data.schema.classes.push_back(std::to_string(k));
    for (std::size_t i = 0; i < counts[k]; ++i) {
      *data.cells.add_rows(1) = static_cast<float>(data.labels.size());
      data.weights.push_back(static_cast<double>(data.labels.size()));
      data.labels.push_back(static_cast<double>(k));
    }
  }
  return data;
}

TEST_CASE("a matrix grows by rows and loses columns") {
  FloatMatrix matrix(3);
  for (int i = 0; i < 5000; ++i) {
    float* row = matrix.add_rows(1);
    CHECK(std::isnan(row[0]));
    for (int j = 0; j < 3; ++j) row[j] = static_cast<float>(10 * i + j);
  }
  matrix.keep_columns({true, false, true});
  REQUIRE(matrix.columns() == 2);
  CHECK(matrix.rows() == 5000);
  CHECK(matrix.row(4999)[0] == 49990);
  CHECK(matrix.row(4999)[1] == 49992);
  matrix.swap_rows(0, 4999);
  CHECK(matrix.row(0)[1] == 49992);
  matrix.add_rows(9000)[0] = 7;
  CHECK(matrix.row(1)[1] == 12);
  CHECK(matrix.row(5000)[0] == 7);
  CHECK(std::isnan(matrix.row(13999)[1]));
  matrix.keep_columns({false, false});
  CHECK(matrix.columns() == 0);
}

TEST_CASE("held-back rows are a part of each class, and go to the end with what belongs to them") {
  TrainingData data = data_of({50, 20, 2, 1});
  const std::size_t front = hold_back(data, 0.2, 7);
  CHECK(front == 73 - 14);
  std::vector<std::size_t> held(4);
  std::set<float> seen;
  for (std::size_t row = 0; row < data.rows(); ++row) {
    const float number = *data.cells.row(row);
    seen.insert(number);
    CHECK(data.weights[row] == static_cast<double>(number));
    CHECK(data.labels[row] == (number < 50 ? 0 : number < 70 ? 1 : number < 72 ? 2 : 3));
    if (row >= front) ++held[static_cast<std::size_t>(data.labels[row])];
  }
  CHECK(seen.size() == 73);
  CHECK(held == std::vector<std::size_t>{10, 4, 0, 0});

  TrainingData again = data_of({50, 20, 2, 1}), other = data_of({50, 20, 2, 1});
  hold_back(again, 0.2, 7);
  hold_back(other, 0.2, 8);
  CHECK(again.weights == data.weights);
  CHECK(other.weights != data.weights);
}

TEST_CASE("something always stays to learn from") {
  TrainingData most = data_of({10, 2});
  CHECK(hold_back(most, 0.9, 0) == 2);
  TrainingData none = data_of({10, 2});
  CHECK(hold_back(none, 0, 0) == 12);
  TrainingData few = data_of({5, 4});
  CHECK(hold_back(few, 0.5, 0) == 9);
  TrainingData numbers = data_of({100});
  numbers.schema.classes.clear();
  numbers.schema.task = TableTask::regression;
  CHECK(hold_back(numbers, 0.25, 0) == 75);
}

TEST_CASE("metrics weigh the rows") {
  TrainingData data = data_of({1, 1, 1});
  data.weights = {1, 2, 5};
  const std::vector<float> scores = {0.5F, 0.25F, 0.25F, 0.1F, 0.8F, 0.1F, 0, 1, 0};
  const Value all = table_metrics(data, 0, 3, scores.data(), Probabilities::yes, "train_");
  CHECK(all.get_number("train_accuracy") == doctest::Approx(3.0 / 8));
  CHECK(all.get_number("train_log_loss") ==
        doctest::Approx(
            (std::log(2) - 2 * std::log(0.8) - 5 * std::log(std::numeric_limits<double>::epsilon())) / 8));
  const Value last = table_metrics(data, 1, 1, scores.data() + 3, Probabilities::no);
  CHECK(last.get_number("accuracy") == 1);
  CHECK(last.get_number("macro_f1") == 1);
  CHECK(last.size() == 2);
  CHECK(table_metrics(data, 3, 0, scores.data(), Probabilities::no).size() == 0);

  data.schema.task = TableTask::regression;
  data.labels = {1, 2, 3};
  const std::vector<float> numbers = {1, 4, 2};
  const Value errors = table_metrics(data, 0, 3, numbers.data(), Probabilities::no);
  CHECK(errors.get_number("rmse") == doctest::Approx(std::sqrt(13.0 / 8)));
  CHECK(errors.get_number("mae") == doctest::Approx(9.0 / 8));
  CHECK(errors.find("r2") != nullptr);
}

TEST_CASE("scores are measured as they are written, but for each round as they are") {
  TrainingData data = data_of({1});
  data.schema.task = TableTask::regression;
  data.labels = {0};
  data.weights.clear();
  const float score = 0.1F;
  CHECK(table_metrics(data, 0, 1, &score, Probabilities::no).get_number("mae") == 0.1);
  CHECK(round_metrics(data, 0, 1, &score).get_number("mae") == static_cast<double>(0.1F));
  TrainingData classes = data_of({1, 1, 1});
  const std::vector<float> scores = {0.5F, 0.25F, 0.25F, 0.1F, 0.8F, 0.1F, 0, 1, 0};
  CHECK(round_metrics(classes, 0, 3, scores.data()).find("auc") == nullptr);
  CHECK(table_metrics(classes, 0, 3, scores.data(), Probabilities::yes).find("auc") != nullptr);
}

TEST_CASE("a schema comes back as it was") {
  TableSchema schema;
  schema.label = "é \"quoted\"";
  schema.numeric_label = true;
  schema.classes = {"0", "1"};
  schema.features = {{"a,b", ColumnKind::text, {"", "x\ny"}}, {"n", ColumnKind::number, {}}};
  schema.weight = "w";
  schema.left_out = {"id"};
  save_table_schema(schema, absolute_path("."));
  const TableSchema read = load_table_schema(absolute_path("."));
  CHECK(to_value(read) == to_value(schema));
  CHECK(read.features[0].categories == schema.features[0].categories);
}

}  // namespace
}  // namespace ostler::testing
