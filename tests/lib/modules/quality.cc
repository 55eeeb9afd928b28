// How well the modules predict what they were not trained on, with the parameters that they have by default.
#include <doctest/doctest.h>

#include <cmath>

#include "tests/lib/modules/training.h"

namespace ostler::testing {
namespace {

struct Case {
  const char *module, *data, *label;
  double least;
};

TEST_CASE("the modules predict the shipped data sets as well as they must") {
  const Case cases[] = {
      {"xgboost", "penguins", "species", 0.956},     {"linear", "penguins", "species", 0.985},
      {"xgboost", "iris", "target", 0.933},          {"linear", "iris", "target", 0.933},
      {"xgboost", "breast_cancer", "target", 0.947}, {"linear", "breast_cancer", "target", 0.973},
  };
  for (const Case& item : cases) {
    CAPTURE(item.module);
    CAPTURE(item.data);
    const std::string name = item.data;
    const auto module =
        train(item.module, data_file(name + ".train.csv"), Value::object({{"label", item.label}}));
    CHECK(accuracy(*module, data_file(name + ".test.csv"), item.label) >= item.least);
    const Value metrics = module->metrics();
    CHECK(metrics.get_number("accuracy") > 0.85);
    CHECK(metrics.get_number("train_accuracy") > 0.93);
    CHECK(metrics.get_number("log_loss") > 0);
    CHECK(metrics.find("rmse") == nullptr);
  }
}

// The root of the mean square of what is wrong, on the same plane's other rows.
double plane_rmse(const Module& module, const std::string& path) {
  const RecordBatch rows = read_rows(module, path, {"y"});
  const RecordBatch output = module.run(rows, {});
  double sum = 0;
  for (std::size_t row = 0; row < rows.rows; ++row) {
    const double difference =
        output.columns[0].numbers[row] - parse_number(rows.find("y")->texts[row]).value_or(0);
    sum += difference * difference;
  }
  return std::sqrt(sum / static_cast<double>(rows.rows));
}

TEST_CASE("regression does not depend on the unit of the label") {
  // The plane's own deviation is about 2.1, its noise's 0.06.
  for (const double scale : {1e-3, 1.0, 1e6}) {
    CAPTURE(scale);
    const std::string path = write_data(plane(1000, false, scale));
    const auto linear = train("linear", path, Value::object({{"label", "y"}}));
    CHECK(plane_rmse(*linear, path) < 0.07 * scale);
    CHECK(linear->metrics().get_number("rmse") < 0.07 * scale);
    const auto trees = train("xgboost", path, Value::object({{"label", "y"}}));
    CHECK(plane_rmse(*trees, path) < 0.2 * scale);
    CHECK(trees->metrics().get_number("rmse") < 0.3 * scale);
    CHECK(trees->metrics().get_number("rmse") > 0);
  }
}

TEST_CASE("labels too small for xgboost are no trouble to linear, and xgboost says so") {
  const double scale = 1e-9;
  const std::string path = write_data(plane(1000, false, scale));
  CHECK(plane_rmse(*train("linear", path, Value::object({{"label", "y"}})), path) < 0.07 * scale);
  Recorder recorder;
  train("xgboost", path, Value::object({{"label", "y"}}), &recorder);
  CHECK(contains(recorder.line_with("varies by"), "give it in a smaller unit"));
}

TEST_CASE("every solver of linear learns a plane") {
  const std::string classes = write_data(plane(500, true), "classes.csv");
  const std::string numbers = write_data(plane(500, false), "numbers.csv");
  for (const char* solver : {"logistic", "logistic_l1", "svm"}) {
    CAPTURE(solver);
    const auto module = train("linear", classes, Value::object({{"label", "y"}, {"solver", solver}}));
    CHECK(accuracy(*module, classes, "y") > 0.97);
  }
  CHECK(plane_rmse(*train("linear", numbers, Value::object({{"label", "y"}, {"solver", "svr"}})), numbers) <
        0.07);
}

TEST_CASE("weights count as rows do") {
  // Two copies of every third row, and the same as a weight of 2.
  std::string twice = "x1,x2,y\n", weighted = "x1,x2,w,y\n";
  for (int i = 0; i < 300; ++i) {
    const double a = i * 37 % 100 / 50.0 - 1, b = i * 53 % 90 / 45.0 - 1;
    const char* label = a + b + (i % 5 - 2) * 0.4 > 0 ? "p" : "n";
    for (int copy = 0; copy < (i % 3 == 0 ? 2 : 1); ++copy) twice += fmt::format("{},{},{}\n", a, b, label);
    weighted += fmt::format("{},{},{},{}\n", a, b, i % 3 == 0 ? 2 : 1, label);
  }
  const std::string twice_path = write_data(twice, "twice.csv"),
                    weighted_path = write_data(weighted, "weighted.csv");
  for (const char* name : {"linear", "xgboost"}) {
    CAPTURE(name);
    Value parameters = Value::object({{"label", "y"}, {"holdout", 0}});
    if (std::string(name) == "xgboost") {
      parameters["subsample"] = 1;
      parameters["colsample_bytree"] = 1;
      parameters["rounds"] = 20;
    }
    const auto plain = train(name, twice_path, parameters);
    parameters["weight"] = "w";
    const auto with_weights = train(name, weighted_path, parameters);
    RunOptions options;
    options.probabilities = true;
    const RecordBatch rows = read_rows(*plain, weighted_path);
    const RecordBatch left = plain->run(rows, options), right = with_weights->run(rows, options);
    double largest = 0;
    for (std::size_t row = 0; row < rows.rows; ++row)
      largest = std::max(largest, std::abs(left.columns[1].numbers[row] - right.columns[1].numbers[row]));
    CHECK(largest < 0.02);
    // And weights change something.
    const auto unweighted =
        train(name, weighted_path, Value::object({{"label", "y"}, {"holdout", 0}, {"ignore", "w"}}));
    const RecordBatch other = unweighted->run(rows, options);
    double difference = 0;
    for (std::size_t row = 0; row < rows.rows; ++row)
      difference =
          std::max(difference, std::abs(left.columns[1].numbers[row] - other.columns[1].numbers[row]));
    CHECK(difference > 0.001);
  }
}

}  // namespace
}  // namespace ostler::testing
