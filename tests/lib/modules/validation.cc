// Rows that are only measured on, and models that a training goes on from.
#include <doctest/doctest.h>

#include <cmath>

#include "tests/lib/modules/training.h"

namespace ostler::testing {
namespace {

std::unique_ptr<Module> train_with(const std::string& module, const RowFiles& data,
                                   const RowFiles& validation, Value parameters, Recorder& recorder,
                                   int cpus = 1) {
  TrainRequest request = request_for(module, data.paths[0], std::move(parameters));
  request.data = data;
  request.validation = validation;
  request.cpus = cpus;
  return class_of(module).train(request, recorder);
}

std::unique_ptr<Module> train_with(const std::string& module, const std::string& data,
                                   const std::string& validation, Value parameters, Recorder& recorder) {
  return train_with(module, RowFiles{{data}, {}}, RowFiles{{validation}, {}}, std::move(parameters),
                    recorder);
}

// All files of the model but config.yml, which is not the module's.
std::string files_of(const Module& module) {
  const std::string directory = save(module, "compared");
  std::string all;
  for (const std::string& file : list_tree(directory)) all += read_file(join_path(directory, file));
  return all;
}

struct Set {
  const char *name, *label, *loss;
};

TEST_CASE("with validation rows the model of xgboost is the rounds that predicted them best") {
  int cut = 0;
  write_data(plane(300, false), "plane.train.csv");
  write_data(plane(400, false), "plane.test.csv");
  for (const Set& set : {Set{"penguins", "species", "log_loss"},
                         {"breast_cancer", "target", "log_loss"},
                         {"plane", "y", "rmse"}}) {
    CAPTURE(set.name);
    const std::string name = set.name;
    const auto path = [&](const char* part) {
      const std::string file = name + part;
      return name == "plane" ? absolute_path(file) : data_file(file);
    };
    const Value parameters =
        Value::object({{"label", set.label}, {"eta", 0.5}, {"early_stopping_rounds", 5}, {"rounds", 60}});
    Recorder recorder;
    const auto module = train_with("xgboost", path(".train.csv"), path(".test.csv"), parameters, recorder);
    // Every round is reported with its metrics, and the last at the total.
    std::size_t best = 0;
    for (std::size_t i = 0; i < recorder.steps.size(); ++i) {
      CHECK(recorder.steps[i].done == static_cast<double>(i + 1));
      const double loss = recorder.steps[i].metrics.get_number(set.loss, NAN);
      REQUIRE(loss > 0);
      if (loss < recorder.steps[best].metrics.get_number(set.loss)) best = i;
    }
    CHECK(recorder.steps.back().done == recorder.steps.back().total);
    if (recorder.steps.size() < 60) CHECK(recorder.steps.size() == best + 1 + 5);
    if (recorder.steps.size() > best + 1) ++cut;
    const int rounds = static_cast<int>(best + 1);
    CHECK(module->metrics().get_number(set.loss) ==
          doctest::Approx(recorder.steps[best].metrics.get_number(set.loss)).epsilon(1e-6));
    CHECK_FALSE(recorder.line_with("validation rows best").empty());
    CHECK(recorder.line_with("held-back").empty());
    // It is what a training of so many rounds on all rows gives, to the last byte.
    Value alone = parameters;
    alone["holdout"] = 0;
    alone["rounds"] = rounds;
    const auto same = train("xgboost", path(".train.csv"), alone);
    CHECK(files_of(*module) == files_of(*same));
    CHECK(predict(*module, path(".test.csv")) == predict(*same, path(".test.csv")));
    CHECK(predict(*load("xgboost", save(*module)), path(".test.csv")) == predict(*module, path(".test.csv")));
    make_directories("config");
    CHECK(module->save(absolute_path("config")).config.at("xgboost").get_integer("rounds") == rounds);
  }
  CHECK(cut > 0);
}

TEST_CASE("rows of one file can be divided into those to learn from and those to measure on") {
  const std::string whole = write_data(plane(200, true), "whole.csv");
  const std::vector<std::string> lines = split(plane(200, true), '\n');
  auto marks = std::make_shared<std::vector<bool>>();
  std::string front = lines[0] + "\n", back = front;
  for (std::size_t i = 0; i < 200; ++i) {
    marks->push_back(i % 4 != 0);
    (i % 4 != 0 ? front : back) += lines[i + 1] + "\n";
  }
  const Value parameters = Value::object({{"label", "y"}, {"rounds", 20}});
  Recorder divided, files;
  const auto module = train_with("xgboost", RowFiles{{whole}, {{marks, true}}},
                                 RowFiles{{whole}, {{marks, false}}}, parameters, divided);
  const auto same =
      train_with("xgboost", write_data(front, "front.csv"), write_data(back, "back.csv"), parameters, files);
  CHECK(files_of(*module) == files_of(*same));
  CHECK(to_json(module->metrics()) == to_json(same->metrics()));
}

// "x,s,y" or more rows that are easy to learn.
std::string easy(int rows, const char* last = "") {
  std::string text = "x,s,y\n";
  for (int i = 0; i < rows; ++i)
    text += fmt::format("{},{},{}\n", i % 10, i % 2 == 0 ? "u" : "v", i % 10 < 5 ? "low" : "high");
  return text + last;
}

TEST_CASE("what the validation rows have and the training has not") {
  const std::string data = write_data(easy(100));
  const Value parameters = Value::object({{"label", "y"}, {"rounds", 10}});
  const auto metrics_of = [&](const std::string& text, Recorder& recorder) {
    return train_with("xgboost", data, write_data(text, "validation.csv"), parameters, recorder)->metrics();
  };
  Recorder plain, strange;
  CHECK(metrics_of(easy(20), plain).get_number("accuracy") == 1);
  // A label that the model does not know is a wrong row; one that is missing, none. A text that it does not
  // know is missing.
  const Value metrics = metrics_of(easy(18, "3,w,middle\n7,NA,other\n1,u,\n"), strange);
  CHECK(metrics.get_number("accuracy") == doctest::Approx(0.9));
  CHECK(metrics.get_number("log_loss") > plain.steps.back().metrics.get_number("log_loss") + 1);
  CHECK(contains(strange.line_with("validation: column \"s\""), "1 cells are taken as missing"));
  CHECK(contains(strange.line_with("validation: 1 row is left out"), "label \"y\" is missing"));
  CHECK(contains(strange.line_with("middle"), "\"middle\", \"other\""));
  // Other columns do no harm, in any order.
  Recorder moved;
  CHECK(metrics_of("y,more,x,s\nlow,1,2,u\nhigh,2,8,v\n", moved).get_number("accuracy") == 1);

  const auto refused = [&](const std::string& text, const Value& given) {
    Recorder recorder;
    StatusCode code = StatusCode::ok;
    const std::string message = message_of(
        [&] { train_with("xgboost", data, write_data(text, "validation.csv"), given, recorder); }, &code);
    CHECK(code == StatusCode::invalid_argument);
    CHECK(contains(message, "validation.csv"));
    return message;
  };
  CHECK(contains(refused("x,s\n1,u\n", parameters), "\"y\""));
  CHECK(contains(refused("x,y\n1,low\n", parameters), "\"s\""));
  CHECK(contains(refused("x,s,y\nten,u,low\n", parameters), "\"ten\""));
  CHECK(contains(refused("x,s,y\n", parameters), "no rows"));
  CHECK(contains(refused("x,s,y\n1,u,\n", parameters), "missing in every row"));
}

TEST_CASE("labels of validation rows that are numbers") {
  std::string text = "x,y\n", numbers = "x,y\n";
  for (int i = 0; i < 60; ++i) {
    text += fmt::format("{},{}\n", i % 10, i % 10 < 5 ? 1 : 2);
    numbers += fmt::format("{},{}\n", i % 10, 0.5 * (i % 10));
  }
  const std::string classes = write_data(text, "classes.csv"), values = write_data(numbers, "values.csv");
  const auto metrics_of = [&](const std::string& data, const std::string& validation) {
    Recorder recorder;
    return train_with("xgboost", data, write_data(validation, "validation.csv"),
                      Value::object({{"label", "y"}, {"rounds", 30}, {"eta", 0.5}}), recorder)
        ->metrics();
  };
  // "1.0" is the class 1, "x" and 3 are none.
  CHECK(metrics_of(classes, "x,y\n1,1.0\n7,2\n").get_number("accuracy") == 1);
  CHECK(metrics_of(classes, "x,y\n1,1\n7,2\n2,x\n2,3\n").get_number("accuracy") == 0.5);
  CHECK(metrics_of(values, "x,y\n2,1\n").get_number("rmse") < 0.5);
  for (const char* bad : {"inf", "NaN", "x"}) {
    CAPTURE(bad);
    const std::string message = message_of([&] { metrics_of(values, fmt::format("x,y\n2,1\n3,{}\n", bad)); });
    CHECK(contains(message, "validation.csv:3"));
  }
  CHECK(contains(message_of([&] { metrics_of(classes, "x,y\n2,1\n3,inf\n"); }), "validation.csv:3"));
}

TEST_CASE("weights of validation rows") {
  std::string text = "x,w,y\n";
  for (int i = 0; i < 60; ++i) text += fmt::format("{},1,{}\n", i % 10, i % 10 < 5 ? "low" : "high");
  const std::string data = write_data(text);
  const auto train_on = [&](const std::string& validation) {
    Recorder recorder;
    return train_with("xgboost", data, write_data(validation, "validation.csv"),
                      Value::object({{"label", "y"}, {"rounds", 10}, {"weight", "w"}}), recorder)
        ->metrics()
        .get_number("accuracy");
  };
  CHECK(train_on("x,w,y\n1,3,low\n2,1,high\n") == 0.75);
  // Data without the column count alike.
  CHECK(train_on("x,y\n1,low\n2,high\n") == 0.5);
  CHECK(contains(message_of([&] { train_on("x,w,y\n1,-3,low\n"); }), "0 or more"));
  CHECK(contains(message_of([&] { train_on("x,w,y\n1,,low\n"); }), "missing"));
  CHECK(contains(message_of([&] { train_on("x,w,y\n1,0,low\n2,0,high\n"); }), "0 in every row"));
}

TEST_CASE("linear and fasttext hold nothing back where there are validation rows") {
  const std::string data = write_data(plane(100, true));
  Recorder recorder;
  const auto module = train_with("linear", data, data, Value::object({{"label", "y"}}), recorder);
  CHECK(recorder.steps.size() == 1);
  CHECK_FALSE(recorder.line_with("one fit").empty());
  CHECK(files_of(*module) ==
        files_of(*train("linear", data, Value::object({{"label", "y"}, {"holdout", 0}}))));
  std::string lines;
  for (int i = 0; i < 60; ++i) lines += i % 2 == 0 ? "__label__a red apple\n" : "__label__b blue sky\n";
  const std::string texts = write_data(lines, "lines.txt");
  Recorder words;
  const Value small = Value::object({{"dim", 4}, {"bucket", 100}, {"epoch", 2}});
  const auto text = train_with("fasttext", texts, texts, small, words);
  CHECK_FALSE(words.line_with("one fit").empty());
  CHECK(text->metrics().find("accuracy") == nullptr);
  Value alone = small;
  alone["holdout"] = 0;
  CHECK(files_of(*text) == files_of(*train("fasttext", texts, alone)));
}

}  // namespace
}  // namespace ostler::testing
