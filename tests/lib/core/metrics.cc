#include "lib/core/metrics.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

// The figures are those of scikit-learn 1.2.1 (Debian 1.2.1+dfsg-1) with numpy 1.24, to all digits that it
// printed. With y the truth, p the predictions, P the probabilities and w the weights as below:
//
//   accuracy_score(y, p, sample_weight=w)
//   f1_score(y, p, average="macro", zero_division=0, sample_weight=w)
//   log_loss(y, P, labels=classes, sample_weight=w)
//   roc_auc_score(y == second, P[:, 1], sample_weight=w)                                 of two classes
//   roc_auc_score(y, P, multi_class="ovr", average="macro", labels=classes, sample_weight=w)       of more
//   mean_squared_error(t, q, squared=False, sample_weight=w), mean_absolute_error(...), r2_score(...)
//
// Where it refuses what ostler measures, the comment at the case says how the figure was had.

using namespace ostler;

namespace {

using Rows = std::vector<std::vector<double>>;

const Rows kBinary = {{0.1, 0.9}, {0.2, 0.8}, {0.3, 0.7}, {0.4, 0.6}, {0.45, 0.55},
                      {0.5, 0.5}, {0.6, 0.4}, {0.7, 0.3}, {0.7, 0.3}, {0.9, 0.1}};
const Rows kThree = {{0.7, 0.2, 0.1}, {0.4, 0.5, 0.1}, {0.6, 0.3, 0.1}, {0.2, 0.6, 0.2},   {0.1, 0.2, 0.7},
                     {0.3, 0.4, 0.3}, {0.1, 0.1, 0.8}, {0.2, 0.3, 0.5}, {0.5, 0.25, 0.25}, {0, 0, 1}};
const std::vector<int> kBinaryTruth = {1, 1, 0, 1, 1, 0, 1, 0, 1, 0};
const std::vector<int> kThreeTruth = {0, 0, 0, 1, 1, 1, 2, 2, 2, 2};
const std::vector<double> kWeights = {1, 2, 0.5, 3, 0, 1.25, 4, 0.75, 1, 2};

// The prediction is the class of the largest probability, the first of equal ones.
Value measure(const std::vector<int>& truth, const Rows& probabilities,
              const std::vector<double>& weights = {}, std::vector<std::string> classes = {}) {
  if (classes.empty())
    for (std::size_t k = 0; k < probabilities[0].size(); ++k) classes.push_back(std::to_string(k));
  ClassificationMetrics metrics(classes, {.probabilities = true});
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const auto& row = probabilities[i];
    const auto predicted = static_cast<std::size_t>(std::max_element(row.begin(), row.end()) - row.begin());
    metrics.add(metrics.class_of(std::to_string(truth[i])), predicted, row.data(),
                weights.empty() ? 1 : weights[i]);
  }
  return metrics.metrics();
}

Value measure(const std::vector<double>& truth, const std::vector<double>& predicted,
              const std::vector<double>& weights = {}) {
  RegressionMetrics metrics;
  for (std::size_t i = 0; i < truth.size(); ++i)
    metrics.add(truth[i], predicted[i], weights.empty() ? 1 : weights[i]);
  return metrics.metrics();
}

// The same names in the same order, and each number to 1e-12.
void check(const Value& metrics, const std::vector<std::pair<std::string, double>>& wanted) {
  CAPTURE(to_json(metrics));
  REQUIRE(metrics.size() == wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const auto& [name, value] = metrics.as_object()[i];
    CHECK(name == wanted[i].first);
    CHECK(std::abs(value.as_number() - wanted[i].second) <=
          1e-12 * std::max(1.0, std::abs(wanted[i].second)));
  }
}

}  // namespace

TEST_CASE("metrics of two classes, with ties among the probabilities") {
  check(measure(kBinaryTruth, kBinary), {{"accuracy", 0.7},
                                         {"macro_f1", 0.6969696969696968},
                                         {"log_loss", 0.5916585672176178},
                                         {"auc", 0.7291666666666667}});
  check(measure(kBinaryTruth, kBinary, kWeights), {{"accuracy", 0.6451612903225806},
                                                   {"macro_f1", 0.639153439153439},
                                                   {"log_loss", 0.5741876024864112},
                                                   {"auc", 0.7853535353535354}});
}

TEST_CASE("metrics of three classes") {
  check(measure(kThreeTruth, kThree), {{"accuracy", 0.7},
                                       {"macro_f1", 0.6944444444444443},
                                       {"log_loss", 0.712293066064717},
                                       {"auc", 0.8551587301587302}});
  check(measure(kThreeTruth, kThree, kWeights), {{"accuracy", 0.8064516129032258},
                                                 {"macro_f1", 0.7468527640941435},
                                                 {"log_loss", 0.5110476424198318},
                                                 {"auc", 0.9597605720516903}});
}

TEST_CASE("a class that the truth lacks counts for macro_f1 where it is predicted, and not for auc") {
  // auc: the mean of roc_auc_score(y == k, P[:, k]) for k of 0 and 2; with all three scikit-learn refuses.
  check(measure({0, 0, 0, 2, 2, 0, 2, 2, 2, 2}, kThree), {{"accuracy", 0.6},
                                                          {"macro_f1", 0.45714285714285713},
                                                          {"log_loss", 0.7256462053271694},
                                                          {"auc", 0.9166666666666667}});
}

TEST_CASE("a label that the model does not know") {
  // log_loss with a column of zeros for it; auc: the mean of roc_auc_score(y == k, P[:, k]) for k of 0, 1, 2.
  check(measure({0, 0, 3, 1, 1, 1, 2, 2, 3, 2}, kThree), {{"accuracy", 0.6},
                                                          {"macro_f1", 0.4809523809523809},
                                                          {"log_loss", 7.731311745399561},
                                                          {"auc", 0.8551587301587302}});
  // Of two classes: it is not the second one. auc: roc_auc_score(y == 1, P[:, 1]).
  check(measure({1, 1, 0, 1, 2, 0, 1, 0, 1, 2}, kBinary),
        {{"accuracy", 0.5}, {"macro_f1", 0.3666666666666667}, {"log_loss", 7.730069493399705}, {"auc", 0.7}});
}

TEST_CASE("each unknown label is a class of its own") {
  ClassificationMetrics metrics({"a", "b"}, {});
  CHECK(metrics.class_of("b") == 1);
  CHECK(metrics.class_of("x") == 2);
  CHECK(metrics.class_of("y") == 3);
  CHECK(metrics.class_of("x") == 2);
  CHECK(metrics.knows(1));
  CHECK(!metrics.knows(2));
  metrics.add(0, 0, nullptr);
  metrics.add(2, 0, nullptr);
  metrics.add(3, 0, nullptr);
  // f1_score(["a", "x", "y"], ["a", "a", "a"], ...): 0.5 of a, 0 of x and y; b is in neither.
  check(metrics.metrics(), {{"accuracy", 1.0 / 3}, {"macro_f1", 0.16666666666666666}});
}

TEST_CASE("probabilities that are all the same say nothing") {
  ClassificationMetrics metrics({"0", "1"}, {.probabilities = true});
  const double half[] = {0.5, 0.5};
  for (const int truth : kBinaryTruth) metrics.add(static_cast<std::size_t>(truth), 1, half);
  check(
      metrics.metrics(),
      {{"accuracy", 0.6}, {"macro_f1", 0.37499999999999994}, {"log_loss", 0.6931471805599453}, {"auc", 0.5}});
}

TEST_CASE("one class only: no auc") {
  check(measure(std::vector<int>(10, 1), kBinary),
        {{"accuracy", 0.5}, {"macro_f1", 0.3333333333333333}, {"log_loss", 0.8113810249512398}});
  const Value three = measure(std::vector<int>(10, 2), kThree);
  CHECK(three.find("auc") == nullptr);
  CHECK(three.find("log_loss") != nullptr);
}

TEST_CASE("probabilities that do not sum to 1 are made to for log_loss, and taken as they are for auc") {
  const Rows odd = {{0.7, 0.2, 0.3}, {0.4, 0.5, 0.3}, {0.6, 0.3, 0.3}, {0.2, 0.6, 0.9},   {0.1, 0.2, 0.7},
                    {0.3, 0.4, 0.3}, {0.1, 0.1, 1.0}, {0.2, 0.3, 0.5}, {0.5, 0.25, 0.25}, {0, 0, 0.5}};
  // auc: the mean of roc_auc_score(y == k, P[:, k]).
  check(measure(kThreeTruth, odd), {{"accuracy", 0.6},
                                    {"macro_f1", 0.5777777777777777},
                                    {"log_loss", 0.815970158757095},
                                    {"auc", 0.757936507936508}});
}

TEST_CASE("certainty that is wrong costs what the epsilon of a double does") {
  check(measure({0, 1, 1, 0}, {{1, 0}, {0, 1}, {1, 0}, {0, 1}}),
        {{"accuracy", 0.5}, {"macro_f1", 0.5}, {"log_loss", 18.021826694558577}, {"auc", 0.5}});
}

TEST_CASE("a row of weight 0 counts for nothing, but that its class is there") {
  // auc: the mean of roc_auc_score(y == k, P[:, k]) for k of 0 and 1: without its weight, 2 is not there.
  check(measure(kThreeTruth, kThree, {1, 1, 1, 1, 1, 1, 0, 0, 0, 0}), {{"accuracy", 0.6666666666666666},
                                                                       {"macro_f1", 0.48888888888888893},
                                                                       {"log_loss", 0.8033909279421874},
                                                                       {"auc", 0.8055555555555556}});
  CHECK(measure(kThreeTruth, kThree, std::vector<double>(10, 0)).size() == 0);
  CHECK(measure(std::vector<double>{1, 2}, {1, 2}, {0, 0}).size() == 0);
}

TEST_CASE("without rows there are no metrics") {
  CHECK(ClassificationMetrics({"a", "b"}, {.probabilities = true}).metrics() == Value::object());
  CHECK(RegressionMetrics().metrics() == Value::object());
  CHECK(RegressionMetrics().error_histogram() ==
        Value::object({{"edges", Value::array()}, {"counts", Value::array()}}));
}

TEST_CASE("what was not asked for is not measured") {
  ClassificationMetrics without({"0", "1"}, {.probabilities = true, .auc = false});
  for (std::size_t i = 0; i < kBinary.size(); ++i)
    without.add(static_cast<std::size_t>(kBinaryTruth[i]), kBinary[i][1] > 0.5, kBinary[i].data());
  check(without.metrics(),
        {{"accuracy", 0.7}, {"macro_f1", 0.6969696969696968}, {"log_loss", 0.5916585672176178}});
}

TEST_CASE("a probability that is NaN leaves no log_loss and no auc") {
  Rows rows = kThree;
  for (double& probability : rows[4]) probability = std::nan("");
  const Value metrics = measure(kThreeTruth, rows);
  CHECK(metrics.size() == 2);
  CHECK(metrics.find("accuracy") != nullptr);
}

TEST_CASE("a confusion matrix has the truth in rows, unknown labels last, weights summed") {
  ClassificationMetrics metrics({"a", "b"}, {});
  metrics.add(metrics.class_of("a"), 0, nullptr, 2);
  metrics.add(metrics.class_of("a"), 1, nullptr, 0.5);
  metrics.add(metrics.class_of("a"), 1, nullptr, 0.25);
  metrics.add(metrics.class_of("x"), 0, nullptr);
  CHECK(metrics.confusion() == parse_json(R"({"classes": ["a", "b", "x"],
                                             "counts": [[2, 0.75, 0], [0, 0, 0], [1, 0, 0]]})",
                                          "wanted"));
}

TEST_CASE("metrics of numbers") {
  const std::vector<double> truth = {3.5, -1.25, 0, 7, 1000.5, 2, 2.75, -8},
                            predicted = {3, -1, 0.5, 8.25, 990, 2, 3, -7.5};
  check(measure(truth, predicted),
        {{"rmse", 3.753123699000607}, {"mae", 1.71875}, {"r2", 0.9998711418812578}});
  check(measure(truth, predicted, {1, 2, 0.5, 3, 0.25, 1.25, 4, 0}),
        {{"rmse", 1.6583123951777}, {"mae", 0.71875}, {"r2", 0.9998645593844065}});
  check(measure(std::vector<double>{1, 2, 3}, {3, 2, 1}),
        {{"rmse", 1.632993161855452}, {"mae", 1.3333333333333333}, {"r2", -3}});
}

TEST_CASE("a truth that varies little beside its size") {
  check(measure(std::vector<double>{1e9 + 1, 1e9 + 2, 1e9 + 3, 1e9 + 4},
                {1e9 + 1.5, 1e9 + 2, 1e9 + 2.5, 1e9 + 4}),
        {{"rmse", 0.3535533905932738}, {"mae", 0.25}, {"r2", 0.9}});
}

TEST_CASE("r2 of a constant truth, and of one row") {
  check(measure(std::vector<double>{2, 2, 2}, {1, 2, 3}),
        {{"rmse", 0.816496580927726}, {"mae", 0.6666666666666666}, {"r2", 0}});
  check(measure(std::vector<double>{2, 2, 2}, {2, 2, 2}), {{"rmse", 0}, {"mae", 0}, {"r2", 1}});
  check(measure(std::vector<double>{0.1, 0.1, 0.1}, {0.1, 0.1, 0.1}), {{"rmse", 0}, {"mae", 0}, {"r2", 1}});
  check(measure(std::vector<double>{2}, {1}), {{"rmse", 1}, {"mae", 1}});
  check(measure(std::vector<double>{1, 2}, {1, 3}, {1, 0}), {{"rmse", 0}, {"mae", 0}, {"r2", 1}});
}

TEST_CASE("numbers that are not finite leave no metric") {
  CHECK(measure(std::vector<double>{1, 2}, {1, std::nan("")}).size() == 0);
  CHECK(measure(std::vector<double>{1, 2}, {1, std::numeric_limits<double>::infinity()}).size() == 0);
}

TEST_CASE("an error histogram") {
  const auto histogram = [](const std::vector<double>& errors) {
    RegressionMetrics metrics;
    for (const double error : errors) metrics.add(0, error);
    return metrics.error_histogram();
  };
  SUBCASE("has bins of a width that is a power of two, as few as tell the errors apart") {
    CHECK(histogram({-16, -0.5, 0, 0.5, 1, 15}) ==
          parse_json(R"({"edges": [-16, -15, -14, -13, -12, -11, -10, -9, -8, -7, -6, -5, -4, -3, -2, -1, 0,
                                   1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
                         "counts": [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2,
                                    1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]})",
                     "wanted"));
  }
  SUBCASE("does not depend on the order of the rows") {
    const Value wanted = histogram({-3, 0.001, 7, 2, 1000.25, -80});
    CHECK(histogram({1000.25, 7, 0.001, -80, 2, -3}) == wanted);
    CHECK(histogram({0.001, -80, 2, -3, 1000.25, 7}) == wanted);
  }
  SUBCASE("counts every row, whatever the sizes") {
    const Value wild = histogram({0, 0, 5e-324, -1e-300, 1e300, -1e-5, 3});
    double rows = 0;
    for (const Value& count : wild.at("counts").as_array()) rows += count.as_number();
    CHECK(rows == 7);
    CHECK(wild.at("edges").size() == wild.at("counts").size() + 1);
    CHECK(wild.at("counts").size() <= 32);
    for (const Value& edge : wild.at("edges").as_array()) CHECK(std::isfinite(edge.as_number()));
  }
  SUBCASE("of errors that are all 0") {
    CHECK(histogram({0, 0, 0}) == parse_json(R"({"edges": [0, 1], "counts": [3]})", "wanted"));
  }
  SUBCASE("of errors that differ by little from another number") {
    const Value near = histogram({1000, 1000.5, 1001});
    CHECK(near.at("counts").size() >= 16);
    CHECK(near.at("edges").as_array().front().as_number() == 1000);
  }
}
