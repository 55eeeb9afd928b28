#include "lib/manager/predict_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "lib/base/error.h"
#include "lib/base/strings.h"
#include "lib/manager/predicted_rows.h"

namespace ostler {

namespace {

// A kept column and a predicted one of one name would be told apart by nobody.
void check_clashes(const std::vector<std::string>& kept, const RecordBatch& predictions) {
  for (const Column& column : predictions.columns) {
    const std::string name =
        column.role == ColumnRole::probability ? "probability_" + column.name : column.name;
    if (std::find(kept.begin(), kept.end(), name) != kept.end())
      throw invalid_argument("--keep would make two columns named \"" + name +
                             "\"; rename the column in the data");
  }
}

// Puts the kept columns before the predictions.
void join_kept(std::vector<Column> kept, const RecordBatch& read, RecordBatch& output) {
  std::move(output.columns.begin(), output.columns.end(), std::back_inserter(kept));
  output.columns = std::move(kept);
  output.keep_alive.insert(output.keep_alive.end(), read.keep_alive.begin(), read.keep_alive.end());
}

// What the reader and the module could not take, one error a row, by row.
std::vector<RowError> all_errors(const RecordBatch& input, const RecordBatch& output) {
  std::vector<RowError> errors = input.row_errors;
  errors.insert(errors.end(), output.row_errors.begin(), output.row_errors.end());
  std::stable_sort(errors.begin(), errors.end(),
                   [](const RowError& a, const RowError& b) { return a.row < b.row; });
  errors.erase(std::unique(errors.begin(), errors.end(),
                           [](const RowError& a, const RowError& b) { return a.row == b.row; }),
               errors.end());
  return errors;
}

// A row that could not be read has no prediction, whatever the module made of its missing cells.
// The first `kept` columns are the input's and stay.
void blank_rows(RecordBatch& batch, std::size_t kept, const std::vector<RowError>& errors) {
  for (std::size_t i = kept; i < batch.columns.size(); ++i) {
    Column& column = batch.columns[i];
    for (const RowError& error : errors) {
      if (!column.numbers.empty()) column.numbers[error.row] = std::nan("");
      if (!column.texts.empty()) column.texts[error.row] = {};
    }
  }
}

template <typename T>
void drop(std::vector<T>& cells, const std::vector<RowError>& errors) {
  if (cells.empty()) return;
  std::size_t next = 0, kept = 0;
  for (std::size_t row = 0; row < cells.size(); ++row) {
    if (next < errors.size() && errors[next].row == row) {
      ++next;
    } else {
      cells[kept++] = cells[row];
    }
  }
  cells.resize(kept);
}

void drop_rows(RecordBatch& batch, const std::vector<RowError>& errors) {
  for (Column& column : batch.columns) {
    drop(column.numbers, errors);
    drop(column.texts, errors);
  }
  batch.rows -= errors.size();
}

}  // namespace

void plan_formats(PredictPlan& plan, const LoadedModel& model, const std::string& output_file) {
  const std::vector<std::string> modes = {"fail", "skip", "null"};
  if (std::find(modes.begin(), modes.end(), plan.on_error) == modes.end())
    throw invalid_argument("--on-error is fail, skip or null, not \"" + plan.on_error + "\"" +
                           did_you_mean(plan.on_error, modes));
  const std::vector<std::string> methods =
      model.module ? model.module->run_methods() : std::vector<std::string>{plan.method};
  if (std::find(methods.begin(), methods.end(), plan.method) == methods.end())
    throw invalid_argument(fmt::format("module {} has no method \"{}\"{} (methods: {})", model.manifest.name,
                                       plan.method, did_you_mean(plan.method, methods), join(methods, ", ")));
  plan.input_format = format_for(model, plan.sources, plan.input_format);
  if (const Value* train = model.config.values().find("train"))
    if (const Value* parameters = train->find("parameters"))
      if (const Value* label = parameters->find("label"); label != nullptr && label->is_string())
        plan.label = label->as_string();
  if (plan.output_format.empty()) plan.output_format = format_of(output_file);
  if (plan.output_format.empty())
    plan.output_format = plan.input_format == "json" ? "jsonl" : plan.input_format;
  check_format(plan.output_format);
  if (plan.output_format == "json")
    throw invalid_argument(
        "predictions are not written as one JSON array; use --output-format jsonl (an object a line)");
  if (plan.output_format == "text" && plan.probabilities)
    throw invalid_argument(
        "--proba needs columns, and the output format text has none; use --output-format csv");
  if (plan.output_format == "text" && !plan.keep.is_null())
    throw invalid_argument(
        "--keep needs columns, and the output format text has none; use --output-format csv");
}

PredictSummary predict_stream(const Module& module, const PredictPlan& plan,
                              const std::function<void(std::string_view)>& sink,
                              const std::function<void(const std::string&)>& note,
                              const std::function<void(std::uint64_t)>& progress) {
  ReadOptions read;
  read.format = plan.input_format;
  read.columns = module.input_columns();
  read.batch_rows = module.batch_rows();
  read.errors = plan.on_error == "fail" ? ErrorMode::fail : ErrorMode::keep;
  std::vector<std::string> kept;
  if (plan.keep.is_string() && plan.keep.as_string() == "all") {
    read.keep_all = true;
  } else if (plan.keep.is_array()) {
    for (const Value& name : plan.keep.as_array()) kept.push_back(name.as_string("--keep"));
    read.keep = kept;
  }

  std::unique_ptr<RecordStream> stream = open_records(plan.sources, read);
  if (read.keep_all) kept = stream->source_columns();
  PredictSummary summary;
  if (!read.columns.empty() && !read.keep_all) {
    for (const std::string& name : stream->source_columns()) {
      const auto used = [&](const InputColumn& column) { return column.name == name; };
      if (name != plan.label && std::none_of(read.columns.begin(), read.columns.end(), used) &&
          std::find(kept.begin(), kept.end(), name) == kept.end())
        summary.ignored_columns.push_back(name);
    }
    if (!summary.ignored_columns.empty())
      note("columns that the model does not use: " + join(summary.ignored_columns, ", "));
  }
  RunOptions run;
  run.probabilities = plan.probabilities;
  run.top = plan.top;
  run.keep_errors = read.errors == ErrorMode::keep;
  run.method = plan.method;
  PredictedRows rows(module, std::move(stream), kept.size(), run);

  std::unique_ptr<RecordWriter> writer;
  const auto write = [&](RecordBatch& batch) {
    if (!writer) writer = make_writer(plan.output_format, batch.columns);
    writer->write(batch);
    summary.rows += batch.rows;
    sink(writer->take());
    if (progress) progress(summary.rows);
  };
  RecordBatch input, output;
  while (rows.next(input, output)) {
    const std::vector<RowError> errors = all_errors(input, output);
    if (!kept.empty()) {
      check_clashes(kept, output);
      join_kept(std::move(input.columns), input, output);
    }
    if (!errors.empty()) {
      if (summary.failed == 0) summary.first_failure = errors[0].message;
      summary.failed += errors.size();
      blank_rows(output, kept.size(), errors);
      if (plan.on_error == "skip") drop_rows(output, errors);
    }
    write(output);
  }
  if (!writer) {
    // No rows: the output still has its header.
    rows.empty(input, output);
    check_clashes(kept, output);
    join_kept(std::move(input.columns), input, output);
    write(output);
  }
  rows.finish();
  return summary;
}

}  // namespace ostler
