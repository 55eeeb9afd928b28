#pragma once

// What the tests of the modules share: training from a text of CSV, and reading predictions as text.

#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/base/strings.h"
#include "lib/core/module.h"
#include "lib/core/module_manifest.h"
#include "lib/data/records.h"
#include "lib/manager/plugin_loader.h"

namespace ostler::testing {

struct Recorder : TrainReporter {
  struct Progress {
    double done, total;
    Value metrics;
  };
  std::vector<Progress> steps;
  std::vector<std::string> lines;

  void progress(double done, double total, std::string_view, const Value& metrics) override {
    steps.push_back({done, total, metrics});
  }
  void log(std::string_view line) override { lines.emplace_back(line); }
  // The first line that holds `part`; empty when there is none.
  std::string line_with(std::string_view part) const {
    for (const std::string& line : lines)
      if (line.find(part) != std::string::npos) return line;
    return {};
  }
};

// <prefix>/lib/ostler/modules, or with the machine's name below lib.
inline std::string plugin_directory() {
  const std::string lib = OSTLER_TEST_PREFIX "/lib";
  std::vector<std::string> places = {lib, lib + "64"};
  if (is_directory(lib))
    for (const std::string& name : list_directory(lib)) places.push_back(join_path(lib, name));
  for (const std::string& place : places)
    if (is_directory(place + "/ostler/modules")) return place + "/ostler/modules";
  throw not_found("no modules below " + lib);
}

inline ModuleManifest manifest_of(const std::string& module) {
  return load_module_manifest(join_path(plugin_directory(), module + ".json"));
}
inline const ModuleClass& class_of(const std::string& module) {
  return open_plugin_module(manifest_of(module), kTrustAll);
}

inline std::string data_file(const std::string& name) { return std::string(OSTLER_TEST_DATA) + "/" + name; }

// Writes `text` as a file of the test's directory, and gives its absolute path.
inline std::string write_data(const std::string& text, const std::string& name = "data.csv") {
  const std::string path = absolute_path(name);
  write_file(path, text, Sync::no);
  return path;
}

inline TrainRequest request_for(const std::string& module, const std::string& path, Value parameters) {
  const ModuleManifest manifest = manifest_of(module);
  TrainRequest request;
  request.data.paths = {path};
  request.parameters = check_parameters(module, manifest.parameters, parameters);
  return request;
}

inline std::unique_ptr<Module> train(const std::string& module, const std::string& path, Value parameters,
                                     Recorder* recorder = nullptr, int cpus = 1) {
  Recorder own;
  TrainRequest request = request_for(module, path, std::move(parameters));
  request.cpus = cpus;
  return class_of(module).train(request, recorder == nullptr ? own : *recorder);
}

inline std::unique_ptr<Module> load(const std::string& module, const std::string& directory,
                                    int threads = 1) {
  const ModuleConfig config;
  return class_of(module).load({config, directory, "LOCAL", threads});
}

// Saves into a new directory and gives its path.
inline std::string save(const Module& module, const std::string& name = "model") {
  const std::string directory = absolute_path(name);
  remove_tree(directory);
  make_directories(directory);
  module.save(directory);
  return directory;
}

// All rows of a file in one batch, with the columns that the module reads and those to keep.
inline RecordBatch read_rows(const Module& module, const std::string& path,
                             std::vector<std::string> keep = {}) {
  ReadOptions options;
  options.columns = module.input_columns();
  options.keep = std::move(keep);
  options.batch_rows = 1000000;
  RecordBatch batch;
  open_records({{path}}, options)->next(batch);
  return batch;
}

// Cells as text, "" for missing ones.
inline std::vector<std::string> texts_of(const Column& column) {
  std::vector<std::string> texts;
  if (column.kind == ColumnKind::text)
    for (const std::string_view text : column.texts) texts.emplace_back(text);
  else
    for (const double number : column.numbers)
      texts.push_back(number == number ? number_to_text(number) : "");
  return texts;
}

inline std::vector<std::string> predict(const Module& module, const std::string& path) {
  return texts_of(module.run(read_rows(module, path), {}).columns.at(0));
}

// Part of the rows of `path` whose prediction is the label.
inline double accuracy(const Module& module, const std::string& path, const std::string& label) {
  const RecordBatch rows = read_rows(module, path, {label});
  const std::vector<std::string> predicted = texts_of(module.run(rows, {}).columns.at(0));
  const std::vector<std::string> truth = texts_of(*rows.find(label));
  double right = 0;
  for (std::size_t row = 0; row < truth.size(); ++row) right += truth[row] == predicted[row] ? 1 : 0;
  return right / static_cast<double>(truth.size());
}

// The message of the Error that `call` throws; empty when it throws none. `code` gets its code.
template <typename Call>
std::string message_of(const Call& call, StatusCode* code = nullptr) {
  try {
    call();
  } catch (const Error& error) {
    if (code != nullptr) *code = error.code();
    return error.what();
  }
  return {};
}

inline bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// "x1,x2,y" rows of a plane with a little noise of its own, the same at every call; y is its value, or its
// sign.
inline std::string plane(std::size_t rows, bool classes, double scale = 1) {
  std::string text = "x1,x2,y\n";
  for (std::size_t i = 0; i < rows; ++i) {
    const double a = static_cast<double>(i * 7919 % 1000) / 500 - 1;
    const double b = static_cast<double>(i * 104729 % 997) / 498.5 - 1;
    const double noise = (static_cast<double>(i * 31337 % 101) / 50 - 1) * 0.1;
    const double value = 3 * a - 2 * b + noise;
    text += classes ? fmt::format("{},{},{}\n", a, b, value > 0 ? "above" : "below")
                    : fmt::format("{},{},{}\n", a, b, value * scale);
  }
  return text;
}

}  // namespace ostler::testing
