// The module fasttext on small made-up texts. Left out where it was not built.
#include <doctest/doctest.h>
#include <unistd.h>

#include <cmath>
#include <set>
#include <thread>

#include "lib/base/process.h"
#include "tests/lib/modules/training.h"

namespace ostler::testing {
namespace {

bool is_built() { return file_status(join_path(plugin_directory(), "fasttext.json")).has_value(); }
#define NEEDS_FASTTEXT() \
  if (!is_built()) return

const std::vector<std::string> kClasses = {"city", "fruit", "tool"};

// The words of line `i`: two of its class and three that say nothing.
std::string sentence(std::size_t i) {
  static const std::vector<std::vector<std::string>> kWords = {
      {"Paris", "London", "street", "mayor", "tower"},
      {"apple", "pear", "juice", "ripe", "tree"},
      {"hammer", "saw", "drill", "screw", "nail"}};
  static const std::vector<std::string> kOthers = {"the", "a",  "of",  "very", "new",
                                                   "it",  "is", "was", "here", "and"};
  const auto& own = kWords[i % 3];
  return fmt::format("{} {} {}, {} {}.", kOthers[i * 7 % 10], own[i / 3 % 5], kOthers[i * 3 % 10],
                     own[i / 7 % 5], kOthers[i * 11 % 10]);
}
std::string lines(std::size_t count, std::size_t first = 0) {
  std::string text;
  for (std::size_t i = first; i < first + count; ++i)
    text += fmt::format("__label__{} {}\n", kClasses[i % 3], sentence(i));
  return text;
}
std::string table(std::size_t count, std::size_t first = 0) {
  std::string text = "id,summary,kind\n";
  for (std::size_t i = first; i < first + count; ++i)
    text += fmt::format("{},\"{}\",{}\n", i, sentence(i), kClasses[i % 3]);
  return text;
}
const Value kColumns = Value::object({{"text", "summary"}, {"label", "kind"}});

std::unique_ptr<Module> train_lines(const std::string& text, Value parameters = Value::object(),
                                    Recorder* recorder = nullptr, int cpus = 1) {
  return train("fasttext", write_data(text, "data.ft"), std::move(parameters), recorder, cpus);
}
std::string refusal(const std::string& text, const std::string& name, Value parameters = Value::object()) {
  StatusCode code = StatusCode::ok;
  const std::string message =
      message_of([&] { train("fasttext", write_data(text, name), std::move(parameters)); }, &code);
  if (!message.empty()) CHECK(code == StatusCode::invalid_argument);
  return message;
}
std::vector<std::string> predict_lines(const Module& module, const std::string& text) {
  return predict(module, write_data(text, "predict.txt"));
}

TEST_CASE("lines with labels are learned, and the model loads") {
  NEEDS_FASTTEXT();
  Recorder recorder;
  const auto trained = train_lines(lines(300), Value::object(), &recorder);
  const Value metrics = trained->metrics();
  CHECK(metrics.get_number("accuracy") == 1);
  CHECK(metrics.get_number("train_accuracy") == 1);
  CHECK(metrics.get_number("log_loss") < 0.1);
  CHECK(recorder.line_with("300 lines, 3 classes") != "");
  CHECK(recorder.line_with("measured on 60 held-back lines") != "");
  double before = 0;
  for (const Recorder::Progress& step : recorder.steps) {
    CHECK(step.done >= before);
    CHECK(step.done <= step.total);
    before = step.done;
  }
  CHECK(before == recorder.steps.back().total);

  const std::string directory = save(*trained);
  CHECK(list_tree(directory) == std::vector<std::string>{"model.bin", "text.json"});
  const auto loaded = load("fasttext", directory, 2);
  const std::string test = lines(90, 1000);
  const std::vector<std::string> predicted = predict_lines(*loaded, test);
  CHECK(predicted == predict_lines(*trained, test));
  REQUIRE(predicted.size() == 90);
  for (std::size_t i = 0; i < predicted.size(); ++i) CHECK(predicted[i] == kClasses[(1000 + i) % 3]);
  CHECK(predict(*load("fasttext", save(*loaded, "again")), absolute_path("predict.txt")) == predicted);
  CHECK(read_file("model/model.bin") == read_file("again/model.bin"));
  CHECK(read_file("model/text.json") == read_file("again/text.json"));
}

TEST_CASE("tables are learned by their columns, and lines are predicted as well") {
  NEEDS_FASTTEXT();
  std::string jsonl;
  for (std::size_t i = 0; i < 300; ++i)
    jsonl += fmt::format("{{\"summary\": \"{}\", \"n\": {}, \"kind\": \"{}\"}}\n", sentence(i), i,
                         kClasses[i % 3]);
  for (const auto& [name, text] : {std::pair("data.csv", table(300)), {"data.jsonl", jsonl}}) {
    const std::string file = name;
    CAPTURE(file);
    const auto module = train("fasttext", write_data(text, file), kColumns);
    CHECK(module->input_columns().at(0).name == "summary");
    CHECK(accuracy(*module, write_data(table(90, 700), "test.csv"), "kind") == 1);
    CHECK(predict_lines(*module, "London tower\nripe pear\n") == std::vector<std::string>{"city", "fruit"});
  }
}

TEST_CASE("several files of different formats are one corpus") {
  NEEDS_FASTTEXT();
  TrainRequest request = request_for("fasttext", write_data(table(100), "a.csv"), kColumns);
  request.data.paths.push_back(write_data(lines(100, 100), "b.ft"));
  Recorder recorder;
  const auto module = class_of("fasttext").train(request, recorder);
  CHECK(recorder.line_with("200 lines, 3 classes") != "");
  CHECK(module->metrics().get_number("accuracy") == 1);
}

TEST_CASE("a file that is sorted by label is learned as well as another") {
  NEEDS_FASTTEXT();
  std::string sorted;
  for (std::size_t k = 0; k < 3; ++k)
    for (std::size_t i = k; i < 3000; i += 3)
      sorted += fmt::format("__label__{} {}\n", kClasses[k], sentence(i));
  const auto module = train_lines(sorted, Value::object({{"epoch", 1}, {"holdout", 0}}));
  std::size_t right = 0;
  const auto predicted = predict_lines(*module, lines(300));
  for (std::size_t i = 0; i < 300; ++i) right += predicted[i] == kClasses[i % 3] ? 1 : 0;
  CHECK(right > 290);
}

TEST_CASE("lines without a label are left out and counted; without any label training is refused") {
  NEEDS_FASTTEXT();
  Recorder recorder;
  train_lines(lines(60) + "no label here\n__label__ nor here\n\n", Value::object(), &recorder);
  CHECK(recorder.line_with("3 of 63 lines are left out: they have no label") != "");
  CHECK(contains(refusal("some text\nmore text\n", "data.txt"), "no line has a label"));
  CHECK(contains(refusal("summary,kind\nsome text,\n", "data.csv", kColumns),
                 "the label is missing in every row"));
  CHECK(contains(refusal("summary,kind\n", "data.csv", kColumns), "no lines to learn from"));
  CHECK(contains(refusal("__label__a x\n__label__a y\n", "data.ft"), "\"a\" in all 2 lines"));
  CHECK(contains(refusal("__label__a\n__label__b\n", "data.ft"), "no words"));
  CHECK(contains(refusal(table(60), "data.csv", Value::object({{"text", "summary"}, {"label", "id"}})),
                 "60 different values in 60 rows"));
  CHECK(contains(refusal(table(60), "data.csv", Value::object({{"text", "kind"}, {"label", "kind"}})),
                 "both the text and the label"));
  CHECK(contains(refusal(table(60), "data.csv", Value::object({{"text", "sumary"}, {"label", "kind"}})),
                 "did you mean \"summary\""));
}

TEST_CASE("parameters that do not fit are refused") {
  NEEDS_FASTTEXT();
  CHECK(contains(refusal(lines(60), "data.ft", Value::object({{"minn", 3}})), "maxn"));
  CHECK(contains(refusal(lines(60), "data.ft", Value::object({{"minn", 4}, {"maxn", 3}})), "maxn"));
  CHECK(contains(refusal(lines(60), "data.ft", Value::object({{"lr", 1e7}})), "smaller lr"));
  CHECK(contains(refusal(lines(60), "data.ft", Value::object({{"min_count", 1000000}})), "no word"));
}

TEST_CASE("every loss and word parts are learned") {
  NEEDS_FASTTEXT();
  for (const char* loss : {"softmax", "hs", "ova", "ns"}) {
    CAPTURE(loss);
    const auto module =
        train_lines(lines(300), Value::object({{"loss", loss}, {"maxn", 4}, {"bucket", 5000}}));
    CHECK(module->metrics().get_number("accuracy") > 0.95);
    const auto loaded = load("fasttext", save(*module));
    CHECK(predict_lines(*loaded, "hammers\n") == std::vector<std::string>{"tool"});
  }
  const auto small = train_lines(lines(300), Value::object({{"word_ngrams", 1}}));
  CHECK(small->metrics().get_number("accuracy") == 1);
  CHECK(file_status(join_path(save(*small), "model.bin"))->size < 20000);
}

TEST_CASE("probabilities, and the best classes") {
  NEEDS_FASTTEXT();
  for (const char* loss : {"softmax", "hs", "ova"}) {
    CAPTURE(loss);
    const auto module = train_lines(lines(300), Value::object({{"loss", loss}}));
    const RecordBatch rows = read_rows(*module, write_data(lines(30) + "\nunknown words\n", "predict.txt"));
    RunOptions options;
    options.probabilities = true;
    const RecordBatch output = module->run(rows, options);
    REQUIRE(output.rows == 32);
    REQUIRE(output.columns.size() == 4);
    CHECK(output.columns[0].role == ColumnRole::prediction);
    for (std::size_t k = 0; k < 3; ++k) {
      CHECK(output.columns[k + 1].name == kClasses[k]);
      CHECK(output.columns[k + 1].role == ColumnRole::probability);
    }
    for (std::size_t row = 0; row < output.rows; ++row) {
      double sum = 0, best = 0;
      std::string best_class;
      for (std::size_t k = 0; k < 3; ++k) {
        const double number = output.columns[k + 1].numbers[row];
        CHECK(number >= 0);
        CHECK(number <= 1);
        sum += number;
        if (number > best) best_class = kClasses[k];
        best = std::max(best, number);
      }
      CHECK(output.columns[0].texts[row] == best_class);
      if (std::string(loss) == "softmax") CHECK(sum == doctest::Approx(1).epsilon(1e-4));
    }
    options.top = 2;
    const RecordBatch top = module->run(rows, options);
    REQUIRE(top.columns.size() == 4);
    CHECK(top.columns[0].name == "prediction_1");
    CHECK(top.columns[3].name == "score_2");
    for (std::size_t row = 0; row < top.rows; ++row) {
      CHECK(top.columns[0].texts[row] == output.columns[0].texts[row]);
      CHECK(top.columns[1].numbers[row] >= top.columns[3].numbers[row]);
      CHECK(top.columns[0].texts[row] != top.columns[2].texts[row]);
    }
    options.top = 99;
    CHECK(module->run(rows, options).columns.size() == 6);
  }
}

TEST_CASE("every line has a prediction, an empty one too; a row that could not be read has none") {
  NEEDS_FASTTEXT();
  const auto module = train_lines(lines(60) + "__label__city\n");
  CHECK(predict_lines(*module, "\n\n   \nzzz\n").size() == 4);
  for (const std::string& text : predict_lines(*module, "\nzzz\n")) CHECK(text != "");
  RecordBatch rows = read_rows(*module, write_data("Paris\nPears\n", "predict.txt"));
  rows.columns[0].texts[1] = {};
  CHECK(texts_of(module->run(rows, {}).columns[0])[1] != "");
  rows.row_errors.push_back({1, "damaged"});
  CHECK(texts_of(module->run(rows, {}).columns[0]) == std::vector<std::string>{"city", ""});
}

TEST_CASE("of a line of which nothing is known, not even its end, it is known how frequent the classes are") {
  NEEDS_FASTTEXT();
  std::string text;
  for (std::size_t i = 0; i < 60; ++i)
    text += fmt::format("__label__{} go go\n", i % 3 == 0 ? "rare" : "often");
  const auto module =
      train_lines(text, Value::object({{"min_count", 70}, {"word_ngrams", 1}, {"holdout", 0}}));
  RunOptions options;
  options.probabilities = true;
  const RecordBatch output = module->run(read_rows(*module, write_data("zzz\n\n", "predict.txt")), options);
  CHECK(texts_of(output.columns[0]) == std::vector<std::string>{"often", "often"});
  CHECK(output.columns[1].numbers[0] == doctest::Approx(2.0 / 3));
  CHECK(output.columns[2].numbers[1] == doctest::Approx(1.0 / 3));
}

TEST_CASE("letter case, punctuation and labels in the text do not matter") {
  NEEDS_FASTTEXT();
  const auto module = train_lines(lines(300));
  CHECK(predict_lines(*module, "PARIS!\n\"Hammer\"\n__label__tool apple-juice\n") ==
        std::vector<std::string>{"city", "tool", "fruit"});
  const auto plain = train_lines(lines(300), Value::object({{"normalize", false}}));
  const auto loaded = load("fasttext", save(*plain));
  RunOptions options;
  options.top = 1;
  const RecordBatch rows = read_rows(*loaded, write_data("Paris\nPARIS\n", "predict.txt"));
  const RecordBatch output = loaded->run(rows, options);
  CHECK(output.columns[1].numbers[0] != output.columns[1].numbers[1]);
}

TEST_CASE("class names may hold blanks, quotes and anything") {
  NEEDS_FASTTEXT();
  const std::vector<std::string> names = {"web design", "web_design", "C++ / 日本", "__label__x"};
  std::string text = "text,label\n";
  for (std::size_t i = 0; i < 200; ++i) text += fmt::format("word{} x{},{}\n", i % 4, i % 7, names[i % 4]);
  const auto module = load("fasttext", save(*train("fasttext", write_data(text), Value::object())));
  CHECK(predict_lines(*module, "word0\nword1\nword2\nword3\n") == names);
}

TEST_CASE("lines with several labels are right when one of them is found") {
  NEEDS_FASTTEXT();
  std::string text;
  for (std::size_t i = 0; i < 300; ++i)
    text += fmt::format("__label__{} __label__{} {}\n", kClasses[i % 3], i % 3 == 0 ? "big" : "small",
                        sentence(i));
  const auto module = train_lines(text, Value::object({{"loss", "ova"}}));
  CHECK(module->metrics().get_number("accuracy") == 1);
  CHECK(module->metrics().find("log_loss") == nullptr);
}

TEST_CASE("the same seed gives the same model with one thread, another seed another") {
  NEEDS_FASTTEXT();
  const std::string text = lines(2500);
  const auto model = [&](int seed) {
    return read_file(join_path(save(*train_lines(text, Value::object({{"seed", seed}}))), "model.bin"));
  };
  const std::string first = model(1);
  CHECK(model(1) == first);
  CHECK(model(2) != first);
}

TEST_CASE("several threads train and predict") {
  NEEDS_FASTTEXT();
  Recorder recorder;
  const auto module = train_lines(lines(6000), Value::object({{"epoch", 5}}), &recorder, 4);
  CHECK(recorder.line_with("threads=4") != "");
  CHECK(module->metrics().get_number("accuracy") == 1);
  const auto shared = load("fasttext", save(*module), 3);
  const RecordBatch rows = read_rows(*shared, write_data(lines(4000), "predict.txt"));
  RunOptions options;
  options.probabilities = true;
  const auto all = [&](const Module& its) {
    std::vector<std::vector<std::string>> cells;
    for (const Column& column : its.run(rows, options).columns) cells.push_back(texts_of(column));
    return cells;
  };
  const auto expected = all(*load("fasttext", absolute_path("model"), 1));
  std::vector<std::vector<std::vector<std::string>>> found(3);
  {
    std::vector<std::jthread> threads;
    for (auto& result : found) threads.emplace_back([&] { result = all(*shared); });
  }
  for (const auto& result : found) CHECK(result == expected);
}

TEST_CASE("without refit the model that was measured is kept; without holdout nothing is") {
  NEEDS_FASTTEXT();
  Recorder recorder;
  const auto kept = train_lines(lines(300), Value::object({{"refit", false}}), &recorder);
  CHECK(recorder.line_with("which are not learned from") != "");
  CHECK(kept->metrics().get_number("accuracy") == 1);
  const auto all = train_lines(lines(300), Value::object({{"holdout", 0}}), &recorder);
  CHECK(all->metrics().find("accuracy") == nullptr);
  CHECK(all->metrics().get_number("train_accuracy") == 1);
}

TEST_CASE("the vocabulary is cut where the model would be too large") {
  NEEDS_FASTTEXT();
  std::string text;
  for (std::size_t i = 0; i < 900; ++i)
    text += fmt::format("__label__{} {} once{}\n", kClasses[i % 3], sentence(i), i);
  Recorder recorder;
  const auto module = train_lines(
      text, Value::object({{"dim", 10000}, {"epoch", 1}, {"bucket", 1500}, {"holdout", 0}}), &recorder);
  CHECK(recorder.line_with("are left out (min_count)") != "");
  CHECK(file_status(join_path(save(*module), "model.bin"))->size < 100000000);
}

TEST_CASE("a damaged model is refused in words") {
  NEEDS_FASTTEXT();
  const std::string directory = save(*train_lines(lines(60)));
  for (const char* file : {"model.bin", "text.json"}) {
    const std::string path = join_path(directory, file), good = read_file(path);
    const auto check = [&](const std::string& bytes) {
      write_file(path, bytes, Sync::no);
      StatusCode code = StatusCode::ok;
      const std::string message = message_of([&] { load("fasttext", directory); }, &code);
      CAPTURE(message);
      CHECK(contains(message, file));
      CHECK(code == StatusCode::data_loss);
    };
    for (std::size_t part = 0; part < 40; ++part) check(good.substr(0, good.size() * part / 40));
    check("x" + good);
    check(good + "x");
    remove_file_if_there(path);
    CHECK(message_of([&] { load("fasttext", directory); }) != "");
    write_file(path, good, Sync::no);
  }
  const std::string path = join_path(directory, "text.json");
  Value other = parse_json(read_file(path), path);
  other["classes"].as_array().pop_back();
  write_file(path, to_json(other), Sync::no);
  CHECK(contains(message_of([&] { load("fasttext", directory); }), "other classes"));
}

TEST_CASE("training leaves nothing in the temporary directory, and says which one it cannot use") {
  NEEDS_FASTTEXT();
  const std::string scratch = absolute_path("scratch");
  make_directories(scratch);
  ::setenv("TMPDIR", scratch.c_str(), 1);
  train_lines(lines(300));
  CHECK(list_directory(scratch).empty());
  ::setenv("TMPDIR", absolute_path("nowhere").c_str(), 1);
  CHECK(contains(message_of([] { train_lines(lines(300)); }), absolute_path("nowhere")));
  ::unsetenv("TMPDIR");
}

TEST_CASE("Python's fasttext predicts the same with the saved model") {
  NEEDS_FASTTEXT();
  const std::string python = "/usr/bin/python3", script = data_file("../lib/modules/python_fasttext.py");
  if (!file_status(python)) return;
  const auto module = train_lines(lines(300));
  std::string words;
  for (const char* line : {"the paris street , new tower", "a ripe apple .", "drill", "nothing known", ""})
    words += std::string(line) + "\n";
  const std::string path = write_data(words, "words.txt");
  RunOptions options;
  options.top = 1;
  const RecordBatch output = module->run(read_rows(*module, path), options);
  std::string predictions;
  for (std::size_t row = 0; row < output.rows; ++row)
    predictions +=
        fmt::format("__label__{} {}\n", output.columns[0].texts[row], output.columns[1].numbers[row]);
  SpawnRequest request;
  request.arguments = {python, "-B", script, save(*module), path, write_data(predictions, "predictions.txt")};
  request.standard_output = request.standard_error = 2;
  request.group = SpawnRequest::Group::inherit;
  const int status = wait_for(spawn(request));
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
    MESSAGE("left out: ", python, " has no fasttext");
  else
    CHECK(status == 0);
}

}  // namespace
}  // namespace ostler::testing
