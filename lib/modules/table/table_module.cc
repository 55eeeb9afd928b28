#include "lib/modules/table/table_module.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <numeric>
#include <thread>
#include <utility>

#include "lib/base/error.h"
#include "lib/base/strings.h"

namespace ostler {

namespace {

// A thread's start costs as much as some hundred rows.
constexpr std::size_t kRowsPerThread = 1000;
constexpr std::size_t kRowsPerShare = 512;

}  // namespace

TableModule::TableModule(TableSchema schema, int threads)
    : schema_(std::make_shared<const TableSchema>(std::move(schema))), threads_(std::max(threads, 1)) {
  if (schema_->numeric_label)
    for (const std::string& name : schema_->classes) class_numbers_.push_back(parse_number(name).value_or(0));
}

std::vector<InputColumn> TableModule::input_columns() const {
  std::vector<InputColumn> columns;
  for (const TableFeature& feature : schema_->features) columns.push_back({feature.name, feature.kind});
  return columns;
}

ModelTarget TableModule::target() const {
  return {schema_->task, schema_->label, schema_->weight, schema_->classes};
}

// Large enough for each thread to have a share that pays, small enough for the processor's caches.
std::size_t TableModule::batch_rows() const {
  return threads_ > 1 ? 4096 * static_cast<std::size_t>(threads_) : 1024;
}

void TableModule::score_all(const float* cells, std::size_t rows, float* scores) const {
  const std::size_t count =
      std::clamp<std::size_t>(rows / kRowsPerThread, 1, static_cast<std::size_t>(threads_));
  const std::size_t features = schema_->features.size(), outputs = schema_->outputs();
  // Shares are taken as threads come to them: the reader of the next rows takes time from one thread or
  // another.
  std::atomic<std::size_t> next = 0;
  std::vector<std::exception_ptr> failures(count);
  const auto work = [&](std::size_t thread) {
    try {
      const std::size_t share = count == 1 ? rows : kRowsPerShare;
      for (std::size_t first = next.fetch_add(share); first < rows; first = next.fetch_add(share))
        score(cells + first * features, std::min(share, rows - first), scores + first * outputs);
    } catch (...) {
      failures[thread] = std::current_exception();
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t thread = 1; thread < count; ++thread) threads.emplace_back(work, thread);
  work(0);
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& failure : failures)
    if (failure) std::rethrow_exception(failure);
}

RecordBatch TableModule::run(const RecordBatch& input, const RunOptions& options) const {
  if (options.method != "run")
    throw invalid_argument(fmt::format("this module has no method \"{}\"; it has: run", options.method));
  bool wants_probabilities = options.probabilities || options.top > 0;
  if (options.probabilities_or_none && options.top == 0)
    wants_probabilities =
        options.probabilities && schema_->task == TableTask::classification && has_probabilities();
  if (wants_probabilities && schema_->task == TableTask::regression)
    throw invalid_argument("this model estimates a number (regression): it has no probabilities of classes");
  if (wants_probabilities && !has_probabilities())
    throw invalid_argument(
        "this model was trained with a solver that gives no probabilities; train it with another");

  RecordBatch output;
  output.rows = input.rows;
  output.source = input.source;
  output.lines = input.lines;
  output.keep_alive.push_back(schema_);
  const std::vector<float> cells =
      encode_batch(*schema_, input, options.keep_errors ? &output.row_errors : nullptr);
  std::vector<bool> bad(input.rows);
  for (const std::vector<RowError>* errors : {&input.row_errors, &std::as_const(output.row_errors)})
    for (const RowError& error : *errors)
      if (error.row < bad.size()) bad[error.row] = true;
  std::vector<float> scores(input.rows * schema_->outputs());
  score_all(cells.data(), input.rows, scores.data());

  if (options.top > 0) {
    add_top(output, scores, bad, options.top);
    return output;
  }
  add_predictions(output, scores, bad);
  if (!wants_probabilities) return output;
  const std::size_t outputs = schema_->outputs();
  for (std::size_t k = 0; k < outputs; ++k) {
    Column& column = output.add_numbers(schema_->classes[k]);
    column.role = ColumnRole::probability;
    for (std::size_t row = 0; row < output.rows; ++row)
      if (!bad[row]) column.numbers[row] = shortest(scores[row * outputs + k]);
  }
  return output;
}

void TableModule::set_class(RecordBatch&, Column& column, std::size_t row, std::size_t index) const {
  if (schema_->numeric_label)
    column.numbers[row] = class_numbers_[index];
  else
    column.texts[row] = schema_->classes[index];
}

void TableModule::add_predictions(RecordBatch& output, const std::vector<float>& scores,
                                  const std::vector<bool>& bad) const {
  const bool regression = schema_->task == TableTask::regression;
  Column& column = regression || schema_->numeric_label ? output.add_numbers("prediction")
                                                        : output.add_texts("prediction");
  column.role = ColumnRole::prediction;
  const std::size_t outputs = schema_->outputs();
  for (std::size_t row = 0; row < output.rows; ++row) {
    if (bad[row]) continue;
    const float* at = scores.data() + row * outputs;
    if (regression)
      column.numbers[row] = shortest(at[0]);
    else
      set_class(output, column, row, static_cast<std::size_t>(std::max_element(at, at + outputs) - at));
  }
}

void TableModule::add_top(RecordBatch& output, const std::vector<float>& scores, const std::vector<bool>& bad,
                          int top) const {
  const std::size_t outputs = schema_->outputs(), count = std::min(static_cast<std::size_t>(top), outputs);
  for (std::size_t k = 1; k <= count; ++k) {
    const std::string name = fmt::format("prediction_{}", k);
    (schema_->numeric_label ? output.add_numbers(name) : output.add_texts(name)).role =
        ColumnRole::prediction;
    output.add_numbers(fmt::format("score_{}", k)).role = ColumnRole::prediction;
  }
  std::vector<std::size_t> order(outputs);
  for (std::size_t row = 0; row < output.rows; ++row) {
    if (bad[row]) continue;
    const float* at = scores.data() + row * outputs;
    std::iota(order.begin(), order.end(), 0);
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(),
                      [&](std::size_t a, std::size_t b) { return at[a] != at[b] ? at[a] > at[b] : a < b; });
    for (std::size_t k = 0; k < count; ++k) {
      set_class(output, output.columns[2 * k], row, order[k]);
      output.columns[2 * k + 1].numbers[row] = shortest(at[order[k]]);
    }
  }
}

}  // namespace ostler
