// Training: what it reports, what it promises, what its model directory holds.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

#include "lib/base/process.h"
#include "tests/lib/modules/training.h"

namespace ostler::testing {
namespace {

const char* const kModules[] = {"xgboost", "linear"};

TEST_CASE("the manifests are those of the plugins") {
  for (const char* name : kModules) {
    const ModuleManifest manifest = manifest_of(name);
    CHECK(manifest.name == name);
    CHECK(manifest.version == "1.0.0");
    CHECK(manifest.input == "table");
    CHECK(manifest.cpus == (std::string(name) == "xgboost" ? 0 : 1));
    CHECK(class_of(name).module_id() == manifest.module_id);
    CHECK_FALSE(train(name, data_file("iris.train.csv"), Value::object({{"label", "target"}}))
                    ->library_version()
                    .empty());
    for (const ParameterSpec& spec : manifest.parameters) CHECK_FALSE(spec.help.empty());
    CHECK(
        contains(message_of([&] { check_parameters(name, manifest.parameters, Value::object()); }), "label"));
  }
  CHECK(manifest_of("xgboost").module_id != manifest_of("linear").module_id);
}

TEST_CASE("progress only goes forward, and ends at its total") {
  for (const char* name : kModules) {
    for (const char* holdout : {"0.2", "0"}) {
      CAPTURE(name);
      Recorder recorder;
      train(name, data_file("penguins.train.csv"),
            Value::object({{"label", "species"}, {"holdout", holdout}}), &recorder);
      REQUIRE_FALSE(recorder.steps.empty());
      double done = 0, part = 0;
      for (const Recorder::Progress& step : recorder.steps) {
        CHECK(step.done > done);
        CHECK(step.done / step.total > part);
        CHECK(step.done <= step.total);
        done = step.done;
        part = step.done / step.total;
      }
      CHECK(part == 1);
    }
  }
}

TEST_CASE("every round of xgboost is reported, with its metrics") {
  Recorder recorder;
  const auto module =
      train("xgboost", data_file("iris.train.csv"),
            Value::object({{"label", "target"}, {"rounds", 7}, {"early_stopping_rounds", 0}}), &recorder);
  REQUIRE(recorder.steps.size() == 14);
  CHECK(recorder.steps[0].done == 1);
  CHECK(recorder.steps[0].total == 14);
  CHECK(recorder.steps[0].metrics.get_number("log_loss") > recorder.steps[6].metrics.get_number("log_loss"));
  // Its last digits are those of the scores as they are written.
  CHECK(module->metrics().get_number("log_loss") ==
        doctest::Approx(recorder.steps[6].metrics.get_number("log_loss")).epsilon(1e-6));
  CHECK(recorder.steps[6].metrics.find("auc") == nullptr);
  for (std::size_t i = 7; i < 14; ++i) CHECK(recorder.steps[i].metrics.size() == 0);
  CHECK(module->metrics().find("auc") != nullptr);
  const ModelTarget target = module->target();
  CHECK(target.task == LearningTask::classification);
  CHECK(target.label == "target");
  CHECK(target.classes == std::vector<std::string>{"0", "1", "2"});
  make_directories("model");
  const Value config = module->save(absolute_path("model")).config;
  CHECK(config.at("xgboost").get_integer("rounds") == 7);
  CHECK(config.at("xgboost").get_number("eta") == 0.1);
}

TEST_CASE("early stopping stops early") {
  Recorder recorder;
  train("xgboost", data_file("breast_cancer.train.csv"),
        Value::object({{"label", "target"}, {"eta", 0.5}, {"early_stopping_rounds", 5}}), &recorder);
  CHECK(recorder.steps.size() < 300);
  CHECK_FALSE(recorder.line_with("held-back rows best").empty());
}

TEST_CASE("without held-back rows there are metrics of the training alone") {
  for (const char* name : kModules) {
    CAPTURE(name);
    Recorder recorder;
    const auto module = train(name, data_file("iris.train.csv"),
                              Value::object({{"label", "target"}, {"holdout", 0}}), &recorder);
    CHECK(module->metrics().find("accuracy") == nullptr);
    CHECK(module->metrics().get_number("train_accuracy") > 0.9);
    CHECK_FALSE(recorder.line_with("no rows are held back").empty());
    // Nor can a few rows spare any.
    const auto toy = train(name, write_data("x,y\n1,a\n2,a\n3,b\n4,b\n"), Value::object({{"label", "y"}}));
    CHECK(toy->metrics().find("accuracy") == nullptr);
    CHECK(predict(*toy, absolute_path("data.csv")).size() == 4);
  }
}

TEST_CASE("the same data, parameters and seed give the same model") {
  for (const char* name : kModules) {
    CAPTURE(name);
    const auto files_of = [&](int seed, int cpus) {
      const auto module = train(name, data_file("penguins.train.csv"),
                                Value::object({{"label", "species"}, {"seed", seed}}), nullptr, cpus);
      const std::string directory = save(*module);
      std::string all;
      for (const std::string& file : list_tree(directory)) all += read_file(join_path(directory, file));
      return all + to_json(module->metrics());
    };
    CHECK(files_of(3, 1) == files_of(3, 1));
    CHECK(files_of(3, 2) == files_of(3, 1));
    CHECK(files_of(3, 1) != files_of(4, 1));
  }
}

// Above kCellsOfOneThread (xgboost/trainer.cc), where threads share the work.
TEST_CASE("a training by two threads gives the same model each time") {
  std::string text = "a,b,c,d,e,y\n";
  for (std::size_t i = 0; i < 21000; ++i)
    text += fmt::format("{},{},{},{},{},{}\n", i * 7919 % 1009, i * 104729 % 997, i * 31337 % 101, i % 13,
                        i % 7, (i * 7919 % 1009 + i * 104729 % 997) % 1500);
  const std::string path = write_data(text);
  const auto model = [&] {
    const auto module =
        train("xgboost", path, Value::object({{"label", "y"}, {"holdout", 0}, {"rounds", 8}}), nullptr, 2);
    return read_file(join_path(save(*module), "model.json"));
  };
  CHECK(model() == model());
}

TEST_CASE("of a label that is always the same the constant is learned") {
  for (const char* name : kModules) {
    CAPTURE(name);
    for (const char* constant : {"5", "0.1", "0", "-2.5", "1000000"}) {
      std::string text = "x,y\n";
      for (int i = 0; i < 40; ++i) text += fmt::format("{},{}\n", i * 7 % 11, constant);
      const std::string path = write_data(text);
      const auto module = train(name, path, Value::object({{"label", "y"}, {"task", "regression"}}));
      for (const std::string& cell : predict(*module, path)) CHECK(cell == constant);
      CHECK(module->metrics().get_number("train_rmse", 1) == doctest::Approx(0).epsilon(1e-6));
    }
  }
}

TEST_CASE("constant columns, constant labels and odd names do no harm") {
  std::string text = "\"a \"\"quoted\"\" [name], < é\",same,y\n";
  for (int i = 0; i < 60; ++i)
    text += fmt::format("{},5,{}\n", i % 7, i % 7 > 3 ? "\"é \"\"x\"\"\"" : "\"b,c\"");
  const std::string path = write_data(text);
  for (const char* name : kModules) {
    CAPTURE(name);
    const auto module = train(name, path, Value::object({{"label", "y"}}));
    CHECK(accuracy(*module, path, "y") == 1);
    CHECK(predict(*load(name, save(*module)), path) == predict(*module, path));
    // A regression whose label is always the same is dull, not wrong.
    const std::string dull = write_data("x,y\n1,0.5\n2,0.5\n3,0.5\n", "dull.csv");
    for (const std::string& cell : predict(*train(name, dull, Value::object({{"label", "y"}})), dull))
      CHECK(parse_number(cell).value_or(0) == doctest::Approx(0.5));
  }
}

TEST_CASE("a table of one column, of text, is learned") {
  std::string text = "word,y\n";
  for (int i = 0; i < 60; ++i)
    text += fmt::format("{},{}\n", i % 3 == 0 ? "red" : "blue", i % 3 == 0 ? 1 : 0);
  const std::string path = write_data(text);
  for (const char* name : kModules)
    CHECK(accuracy(*train(name, path, Value::object({{"label", "y"}})), path, "y") == 1);
}

TEST_CASE("a class that weighs nothing is not predicted, and is no trouble") {
  std::string text = "x,w,y\n";
  for (int i = 0; i < 60; ++i)
    text += fmt::format("{},{},{}\n", i, i % 3 == 2 ? 0 : 1, i % 3 == 0 ? "a" : i % 3 == 1 ? "b" : "c");
  const std::string path = write_data(text);
  for (const char* name : kModules) {
    CAPTURE(name);
    const auto module = train(name, path, Value::object({{"label", "y"}, {"weight", "w"}}));
    const auto loaded = load(name, save(*module));
    for (const std::string& cell : predict(*loaded, path)) CHECK(cell != "c");
  }
}

// What is written to the standard output while `call` runs.
template <typename Call>
std::string output_of(const Call& call) {
  std::fflush(stdout);
  const UniqueFd file = open_file("stdout", O_RDWR | O_CREAT | O_TRUNC);
  const UniqueFd before(::dup(1));
  ::dup2(file.get(), 1);
  call();
  std::fflush(stdout);
  ::dup2(before.get(), 1);
  return read_file("stdout");
}

TEST_CASE("the libraries print nothing to the standard output") {
  const std::string text = output_of([] {
    for (const char* name : kModules) {
      const auto module = train(name, data_file("penguins.train.csv"), Value::object({{"label", "species"}}));
      predict(*load(name, save(*module)), data_file("penguins.test.csv"));
      message_of([&] { load(name, absolute_path("nowhere")); });
    }
    train("linear", write_data(plane(200, false)), Value::object({{"label", "y"}, {"solver", "svr"}}));
  });
  CHECK(text == "");
}

TEST_CASE("Python's xgboost predicts the same with the saved model") {
  const std::string python = "/usr/bin/python3";
  const std::string script = data_file("../lib/modules/python_xgboost.py");
  for (const auto& [set, target] :
       {std::pair("penguins", "species"), {"breast_cancer", "target"}, {"plane", "y"}}) {
    const std::string data = set;
    CAPTURE(data);
    const bool is_plane = data == "plane";
    if (is_plane) write_data(plane(300, false), "plane.csv");
    const std::string train_path = is_plane ? absolute_path("plane.csv") : data_file(data + ".train.csv");
    const std::string test_path = is_plane ? train_path : data_file(data + ".test.csv");
    const auto module = train("xgboost", train_path, Value::object({{"label", target}}));
    const std::string directory = save(*module);
    RunOptions options;
    options.probabilities = !is_plane;
    const RecordBatch output = module->run(read_rows(*module, test_path), options);
    std::string scores;
    for (std::size_t row = 0; row < output.rows; ++row) {
      for (const Column& column : output.columns)
        if (is_plane || column.role == ColumnRole::probability)
          scores += number_to_text(column.numbers[row]) + " ";
      scores += "\n";
    }
    SpawnRequest request;
    request.arguments = {python, "-B", script, directory, test_path, write_data(scores, "scores.txt")};
    request.standard_output = request.standard_error = 2;
    request.group = SpawnRequest::Group::inherit;
    if (!file_status(python)) return;
    const int status = wait_for(spawn(request));
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
      MESSAGE("left out: ", python, " has no xgboost");
      return;
    }
    CHECK(status == 0);
  }
}

}  // namespace
}  // namespace ostler::testing
