// Predicting with a trained and with a loaded model.
#include <doctest/doctest.h>

#include <cmath>
#include <set>
#include <thread>

#include "lib/modules/table/table_module.h"
#include "tests/lib/modules/training.h"

namespace ostler::testing {
namespace {

const char* const kModules[] = {"xgboost", "linear"};

Value label(const char* name) { return Value::object({{"label", name}}); }

bool same(const RecordBatch& a, const RecordBatch& b) {
  if (a.rows != b.rows || a.columns.size() != b.columns.size()) return false;
  for (std::size_t i = 0; i < a.columns.size(); ++i) {
    const Column &x = a.columns[i], &y = b.columns[i];
    if (x.name != y.name || x.role != y.role || x.kind != y.kind || texts_of(x) != texts_of(y)) return false;
  }
  return true;
}

TEST_CASE("a model predicts the same after saving and loading, and again after saving that") {
  RunOptions options;
  options.probabilities = true;
  for (const char* name : kModules) {
    for (const auto& [set, target] :
         {std::pair("penguins", "species"), {"iris", "target"}, {"breast_cancer", "target"}}) {
      CAPTURE(name);
      const std::string data = set;
      CAPTURE(data);
      const std::string test = data_file(data + ".test.csv");
      const auto trained = train(name, data_file(data + ".train.csv"), label(target));
      const auto loaded = load(name, save(*trained, "first"));
      const RecordBatch rows = read_rows(*trained, test);
      const RecordBatch expected = trained->run(rows, options);
      CHECK(same(expected, loaded->run(rows, options)));
      const auto again = load(name, save(*loaded, "second"));
      CHECK(same(expected, again->run(rows, options)));
      CHECK(read_file("first/schema.json") == read_file("second/schema.json"));
      // Row by row, too.
      const std::string header = read_file(test).substr(0, read_file(test).find('\n') + 1);
      const std::string rest = read_file(test).substr(header.size());
      const std::string first = write_data(header + rest.substr(0, rest.find('\n') + 1), "row.csv");
      CHECK(predict(*loaded, first).at(0) == texts_of(expected.columns[0]).at(0));
    }
  }
}

TEST_CASE("regression predicts the same after saving and loading") {
  for (const char* name : kModules) {
    CAPTURE(name);
    const std::string path = write_data(plane(500, false));
    const auto trained = train(name, path, label("y"));
    const auto loaded = load(name, save(*trained));
    CHECK(predict(*trained, path) == predict(*loaded, path));
    RunOptions options;
    options.probabilities = true;
    CHECK(contains(message_of([&] { loaded->run(read_rows(*loaded, path), options); }), "no probabilities"));
  }
}

TEST_CASE("probabilities are of the classes and sum to 1") {
  for (const char* name : kModules) {
    for (const auto& [set, target] : {std::pair("penguins", "species"), {"breast_cancer", "target"}}) {
      CAPTURE(name);
      const auto module = train(name, data_file(std::string(set) + ".train.csv"), label(target));
      RunOptions options;
      options.probabilities = true;
      const RecordBatch output =
          module->run(read_rows(*module, data_file(std::string(set) + ".test.csv")), options);
      const std::size_t classes = output.columns.size() - 1;
      REQUIRE(classes == (std::string(set) == "penguins" ? 3 : 2));
      CHECK(output.columns[0].name == "prediction");
      CHECK(output.columns[0].role == ColumnRole::prediction);
      for (std::size_t row = 0; row < output.rows; ++row) {
        double sum = 0;
        std::size_t best = 1;
        for (std::size_t k = 1; k <= classes; ++k) {
          CHECK(output.columns[k].role == ColumnRole::probability);
          sum += output.columns[k].numbers[row];
          if (output.columns[k].numbers[row] > output.columns[best].numbers[row]) best = k;
        }
        CHECK(sum == doctest::Approx(1).epsilon(1e-5));
        CHECK(texts_of(output.columns[0])[row] == output.columns[best].name);
      }
    }
  }
}

TEST_CASE("the best classes come with their probabilities") {
  const auto module = train("linear", data_file("penguins.train.csv"), label("species"));
  const RecordBatch rows = read_rows(*module, data_file("penguins.test.csv"));
  RunOptions options;
  options.top = 2;
  const RecordBatch output = module->run(rows, options);
  REQUIRE(output.columns.size() == 4);
  CHECK(output.columns[0].name == "prediction_1");
  CHECK(output.columns[1].name == "score_1");
  CHECK(output.columns[2].name == "prediction_2");
  CHECK(texts_of(output.columns[0]) == texts_of(module->run(rows, {}).columns[0]));
  for (std::size_t row = 0; row < output.rows; ++row) {
    CHECK(output.columns[1].numbers[row] >= output.columns[3].numbers[row]);
    CHECK(output.columns[0].texts[row] != output.columns[2].texts[row]);
  }
  options.top = 9;  // no more than there are
  CHECK(module->run(rows, options).columns.size() == 6);
}

TEST_CASE("an SVM has no probabilities to give") {
  const auto module =
      train("linear", data_file("iris.train.csv"), Value::object({{"label", "target"}, {"solver", "svm"}}));
  CHECK(accuracy(*module, data_file("iris.test.csv"), "target") >= 0.9);
  CHECK(module->metrics().find("log_loss") == nullptr);
  RunOptions options;
  options.probabilities = true;
  const RecordBatch rows = read_rows(*module, data_file("iris.test.csv"));
  CHECK(contains(message_of([&] { module->run(rows, options); }), "no probabilities"));
  CHECK(contains(
      message_of([&] {
        train("linear", data_file("iris.train.csv"), Value::object({{"label", "target"}, {"solver", "svr"}}));
      }),
      "solver \"svr\" is for regression"));
}

TEST_CASE("numeric labels are predicted as numbers") {
  for (const char* name : kModules) {
    const auto module = train(name, data_file("iris.train.csv"), label("target"));
    const RecordBatch output = module->run(read_rows(*module, data_file("iris.test.csv")), {});
    REQUIRE(output.columns[0].kind == ColumnKind::number);
    for (const double number : output.columns[0].numbers) CHECK((number == 0 || number == 1 || number == 2));
  }
}

TEST_CASE("missing cells and unknown categories are predicted all the same, and alike") {
  for (const char* name : kModules) {
    CAPTURE(name);
    const auto module = train(name, data_file("penguins.train.csv"), label("species"));
    const std::string header = "island,bill_length_mm,bill_depth_mm,flipper_length_mm,body_mass_g,sex,year\n";
    RunOptions options;
    options.probabilities = true;
    const auto run = [&](const std::string& rows) {
      return texts_of(module->run(read_rows(*module, write_data(header + rows)), options).columns.at(1));
    };
    CHECK(run("Atlantis,45,14,215,5000,male,2008\n") == run(",45,14,215,5000,male,2008\n"));
    CHECK(run("Biscoe,45,14,215,5000,unknown,2008\n") == run("Biscoe,45,14,215,5000,NA,2008\n"));
    CHECK(run("Biscoe,45,14,215,5000,male,2008\n") != run("Dream,45,14,215,5000,male,2008\n"));
    CHECK(run(",,,,,,\n").at(0) != "");
    CHECK(run("Biscoe,1e300,14,215,5000,male,2008\n").at(0) != "");
  }
}

TEST_CASE("columns may come in another order, with others between, and as the other kind") {
  for (const char* name : kModules) {
    CAPTURE(name);
    const auto module = train(name, write_data(plane(300, true)), label("y"));
    RecordBatch batch;
    batch.rows = 2;
    batch.add_texts("extra");
    Column& second = batch.add_texts("x2");
    second.texts = {"0.25", " -0.5 "};
    batch.add_numbers("x1").numbers = {1, -1};
    RecordBatch plain;
    plain.rows = 2;
    plain.add_numbers("x1").numbers = {1, -1};
    plain.add_numbers("x2").numbers = {0.25, -0.5};
    CHECK(same(module->run(batch, {}), module->run(plain, {})));
  }
}

TEST_CASE("columns that the model needs must be there, and be numbers") {
  const auto module = train("linear", write_data(plane(300, true)), label("y"));
  RecordBatch batch;
  batch.rows = 2;
  batch.source = "new.csv";
  batch.lines = {2, 3};
  batch.add_texts("other");
  CHECK(contains(message_of([&] { module->run(batch, {}); }), "new.csv: the model needs the columns x1, x2"));
  batch.add_numbers("x1").numbers = {1, 2};
  CHECK(contains(message_of([&] { module->run(batch, {}); }), "the column x2, which"));
  batch.add_texts("x2").texts = {"1", "many"};
  CHECK(contains(message_of([&] { module->run(batch, {}); }),
                 "new.csv:3: column \"x2\": \"many\" is not a number"));
  RunOptions options;
  options.keep_errors = true;
  const RecordBatch output = module->run(batch, options);
  REQUIRE(output.row_errors.size() == 1);
  CHECK(output.row_errors[0].row == 1);
  CHECK(output.columns[0].texts[0].data() != nullptr);
  CHECK(output.columns[0].texts[1].data() == nullptr);
  // A row that the reader could not take has no prediction either.
  batch.find("x2");
  batch.columns.pop_back();
  batch.add_texts("x2").texts = {"1", "2"};
  batch.row_errors.push_back({0, "broken"});
  const RecordBatch broken = module->run(batch, options);
  CHECK(broken.row_errors.empty());
  CHECK(broken.columns[0].texts[0].data() == nullptr);
  CHECK(broken.columns[0].texts[1].data() != nullptr);
  options.method = "explain";
  CHECK(contains(message_of([&] { module->run(batch, options); }), "no method \"explain\""));
}

TEST_CASE("an empty batch gives an empty batch") {
  for (const char* name : kModules) {
    const auto module = train(name, write_data(plane(300, true)), label("y"));
    RecordBatch batch;
    batch.add_numbers("x1");
    batch.add_numbers("x2");
    const RecordBatch output = module->run(batch, {});
    CHECK(output.rows == 0);
    CHECK(output.columns.size() == 1);
  }
}

TEST_CASE("threads that predict at once give what one gives") {
  for (const char* name : kModules) {
    CAPTURE(name);
    const std::string directory = save(*train(name, data_file("penguins.train.csv"), label("species")));
    RunOptions options;
    options.probabilities = true;
    const auto reference = load(name, directory);
    const RecordBatch rows = read_rows(*reference, data_file("penguins.test.csv"));
    const RecordBatch expected = reference->run(rows, options);
    // A model that no thread has used yet.
    const auto shared = load(name, directory);
    std::vector<std::thread> threads;
    std::vector<int> wrong(4);
    for (int& count : wrong)
      threads.emplace_back([&] {
        for (int i = 0; i < 50; ++i) count += same(shared->run(rows, options), expected) ? 0 : 1;
      });
    for (std::thread& thread : threads) thread.join();
    CHECK(wrong == std::vector<int>(4));
  }
}

TEST_CASE("a large block is divided among threads, with the same result") {
  for (const char* name : kModules) {
    CAPTURE(name);
    const std::string path = write_data(plane(10000, true));
    const std::string directory = save(*train(name, path, label("y")));
    const auto one = load(name, directory, 1), three = load(name, directory, 3);
    CHECK(one->batch_rows() == 1024);
    CHECK(three->batch_rows() > 3000);
    const RecordBatch rows = read_rows(*one, path);
    RunOptions options;
    options.probabilities = true;
    CHECK(same(one->run(rows, options), three->run(rows, options)));
  }
}

TEST_CASE("the result outlives the model and the rows") {
  std::vector<std::string> texts;
  RecordBatch output;
  {
    const auto module = train("linear", data_file("penguins.train.csv"), label("species"));
    const RecordBatch rows = read_rows(*module, data_file("penguins.test.csv"));
    output = module->run(rows, {});
    texts = texts_of(output.columns[0]);
  }
  CHECK(texts_of(output.columns[0]) == texts);
}

}  // namespace
}  // namespace ostler::testing
