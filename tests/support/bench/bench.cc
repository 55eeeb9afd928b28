// What the benchmarks compare ostler with:
//   ostler-bench train DATA.csv MODEL.json THREADS ROUNDS
//     a training by XGBoost's C API with as little around it as can be: numbers only, the label is the last
//     column
//   ostler-bench stages MODEL DATA.csv OUTPUT
//     the stages of a prediction one after the other, each alone: their wall times in ms, as JSON

#include <fcntl.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/data/records.h"
#include "lib/manager/model_manager.h"
#ifdef OSTLER_BENCH_XGBOOST
#include <xgboost/c_api.h>
#endif

namespace ostler {

namespace {

class Stopwatch {
 public:
  double ms() const {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

#ifdef OSTLER_BENCH_XGBOOST

struct Table {
  std::vector<float> cells, labels;
  std::size_t columns = 0;
};

// Numbers and commas only; nothing is checked.
Table read_table(const std::string& path) {
  const std::string text = read_file(path);
  const char* at = text.data();
  const char* const end = at + text.size();
  Table table;
  for (; *at != '\n'; ++at)
    if (*at == ',') ++table.columns;
  for (++at; at < end;) {
    for (std::size_t column = 0; column <= table.columns; ++column) {
      float value = 0;
      at = std::from_chars(at, end, value).ptr + 1;
      (column < table.columns ? table.cells : table.labels).push_back(value);
    }
  }
  return table;
}

void check(int result) {
  if (result != 0) throw internal_error(XGBGetLastError());
}

void train(const std::string& source, const std::string& target, const std::string& threads, int rounds) {
  const Table table = read_table(source);
  double mean = 0;
  for (const float label : table.labels) mean += label / static_cast<double>(table.labels.size());
  DMatrixHandle matrix = nullptr;
  check(XGDMatrixCreateFromMat(table.cells.data(), table.labels.size(), table.columns,
                               std::numeric_limits<float>::quiet_NaN(), &matrix));
  check(XGDMatrixSetFloatInfo(matrix, "label", table.labels.data(), table.labels.size()));
  BoosterHandle booster = nullptr;
  check(XGBoosterCreate(&matrix, 1, &booster));
  const std::pair<const char*, std::string> settings[] = {
      {"verbosity", "0"}, {"tree_method", "hist"}, {"objective", "reg:squarederror"},    {"nthread", threads},
      {"seed", "0"},      {"eta", "0.3"},          {"base_score", std::to_string(mean)}, {"max_depth", "6"}};
  for (const auto& [name, value] : settings) check(XGBoosterSetParam(booster, name, value.c_str()));
  for (int round = 0; round < rounds; ++round) check(XGBoosterUpdateOneIter(booster, round, matrix));
  check(XGBoosterSaveModel(booster, target.c_str()));
}

#else

void train(const std::string&, const std::string&, const std::string&, int) {
  throw invalid_argument("built without XGBoost");
}

#endif

void stages(const std::string& model_path, const std::string& source, const std::string& target) {
  ModelManager manager({});
  const int threads =
      std::max(1, static_cast<int>(std::thread::hardware_concurrency()));  // as ostler predict
  const LoadedModel model = manager.load(model_path, "default", "default", {.threads = threads});
  const Module& module = *model.module;
  ReadOptions options;
  options.columns = module.input_columns();
  options.batch_rows = module.batch_rows();

  const Stopwatch reading;
  {
    const auto stream = open_records({{source, -1}}, options);
    for (RecordBatch batch; stream->next(batch);) {
    }
  }
  const double read = reading.ms();

  std::vector<RecordBatch> batches, predictions;
  {
    const auto stream = open_records({{source, -1}}, options);
    for (RecordBatch batch; stream->next(batch); batch = {}) batches.push_back(std::move(batch));
  }
  const Stopwatch predicting;
  for (const RecordBatch& batch : batches) predictions.push_back(module.run(batch, {}));
  const double predict = predicting.ms();

  const Stopwatch writing;
  if (!predictions.empty()) {
    const UniqueFd file = open_file(target, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    const auto writer = make_writer("csv", predictions[0].columns);
    for (const RecordBatch& batch : predictions) {
      writer->write(batch);
      write_all(file.get(), writer->take(), target);
    }
  }
  std::printf("{\"read\": %.3f, \"predict\": %.3f, \"write\": %.3f}\n", read, predict, writing.ms());
}

}  // namespace

}  // namespace ostler

int main(int count, char** arguments) {
  const std::vector<std::string> words(arguments + 1, arguments + count);
  try {
    if (words.size() == 5 && words[0] == "train") {
      ostler::train(words[1], words[2], words[3], std::stoi(words[4]));
    } else if (words.size() == 4 && words[0] == "stages") {
      ostler::stages(words[1], words[2], words[3]);
    } else {
      std::fprintf(
          stderr,
          "usage: ostler-bench train DATA.csv MODEL.json THREADS ROUNDS | stages MODEL DATA.csv OUTPUT\n");
      return 2;
    }
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ostler-bench: %s\n", error.what());
    return 1;
  }
}
