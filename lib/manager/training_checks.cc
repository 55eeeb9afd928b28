#include "lib/manager/training_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/base/strings.h"
#include "lib/core/learning_task.h"
#include "lib/core/requirement.h"
#include "lib/data/records.h"

namespace ostler {

namespace {

// The task is told from the labels of no more than this.
constexpr std::uint64_t kMostBytesToLookAt = 64 << 20;

using NamedColumns = std::vector<std::pair<std::string, std::string>>;  // name, parameter

NamedColumns named_columns(const ModuleManifest& manifest, const Value& parameters) {
  const Value* label = parameters.find("label");
  NamedColumns columns;
  for (const ParameterSpec& spec : manifest.parameters) {
    const Value& value = parameters.at(spec.name);
    Value::Array names;
    if (spec.type == ParameterType::column && value.is_string()) names = {value};
    if (spec.type == ParameterType::columns && value.is_array()) names = value.as_array();
    for (const Value& name : names) {
      columns.emplace_back(name.as_string(), spec.name);
      if (spec.name != "label" && spec.name != "categorical" && label != nullptr && *label == name)
        throw invalid_argument(
            fmt::format("the column \"{}\" cannot be both label and {}", name.as_string(), spec.name));
    }
  }
  return columns;
}

std::string format_for(const ModuleManifest& manifest, const std::string& path, const std::string& given) {
  std::string format = given.empty() ? format_of(path) : given;
  if (format.empty() && manifest.input == "text") format = "text";
  if (format.empty())
    throw invalid_argument("the name of " + path +
                           " does not tell its format: say which with --input-format csv, tsv or jsonl");
  check_format(format);
  if (format == "text" && manifest.input != "text")
    throw invalid_argument("module " + manifest.name + " takes tables; " + path +
                           " is read as text (--input-format csv, tsv or jsonl says otherwise)");
  return format;
}

// The columns of a file, and whether there is a row at all; none of what has no columns. What is no file is
// left to the trainer, who says what is wrong.
std::vector<std::string> look_at_columns(const ModuleManifest& manifest, const std::string& path,
                                         const std::string& data_format, const NamedColumns& columns) {
  const auto status = file_status(path);
  if (!status || status->type != FileStatus::Type::file || status->size == 0) return {};
  const std::string format = format_for(manifest, path, data_format);
  if (format == "text") return {};
  ReadOptions read;
  read.format = format;
  read.batch_rows = 1;
  const std::unique_ptr<RecordStream> stream = open_records({{path, -1}}, read);
  std::vector<std::string> names = stream->source_columns();
  for (const auto& [name, parameter] : columns)
    if (std::find(names.begin(), names.end(), name) == names.end())
      throw invalid_argument(fmt::format("{} has no column \"{}\" (parameter {}){}; its columns: {}", path,
                                         name, parameter, did_you_mean(name, names), join(names, ", ")));
  RecordBatch first;
  if (!stream->next(first)) throw invalid_argument(path + " has a header, but no rows");
  return names;
}

std::vector<std::string> texts(const Value& parameters, std::string_view key) {
  std::vector<std::string> list;
  if (const Value* given = parameters.find(key); given != nullptr && given->is_array())
    for (const Value& item : given->as_array()) list.push_back(item.as_string(key));
  return list;
}

// The columns of the training data that the model may come to read.
std::vector<std::string> needed_columns(const Value& parameters, const std::vector<std::string>& names) {
  std::vector<std::string> needed = texts(parameters, "features");
  if (!needed.empty()) return needed;
  const std::vector<std::string> ignored = texts(parameters, "ignore");
  for (const std::string& name : names)
    if (name != parameters.get_string("label") && name != parameters.get_string("weight") &&
        std::find(ignored.begin(), ignored.end(), name) == ignored.end())
      needed.push_back(name);
  return needed;
}

void check_validation_files(const ModuleManifest& manifest, const TrainArguments& arguments,
                            const Value& parameters, const std::vector<std::string>& columns_of_data,
                            const std::string& working_directory) {
  for (const std::string& given : arguments.validation) {
    const std::string path = absolute_path(given, working_directory);
    NamedColumns needed = {};
    if (const std::string label = parameters.get_string("label"); !label.empty())
      needed.emplace_back(label, "label");
    const std::vector<std::string> names = look_at_columns(manifest, path, arguments.data_format, needed);
    if (names.empty() || columns_of_data.empty() || manifest.input == "text") continue;
    for (const std::string& name : needed_columns(parameters, columns_of_data))
      if (std::find(names.begin(), names.end(), name) == names.end())
        throw invalid_argument(fmt::format(
            "the validation data {} have no column \"{}\", which the training data have{}; its columns: {}",
            path, name, did_you_mean(name, names), join(names, ", ")));
  }
}

// What the labels tell, as the table modules decide it; nothing where that would take long.
std::optional<LearningTask> task_of_labels(const ModuleManifest& manifest, const TrainArguments& arguments,
                                           const std::string& label, const std::string& working_directory) {
  std::vector<RecordSource> sources;
  std::uint64_t bytes = 0;
  for (const std::string& given : arguments.data) {
    if (given == "-") return std::nullopt;
    sources.push_back({absolute_path(given, working_directory)});
    const auto status = file_status(sources.back().path);
    if (!status) return std::nullopt;
    bytes += status->size;
  }
  if (sources.empty() || bytes > kMostBytesToLookAt) return std::nullopt;
  ReadOptions read;
  read.format = arguments.data_format;
  read.fallback_format = manifest.input == "text" ? "text" : "csv";
  read.columns = {{label, ColumnKind::text}};
  const auto stream = open_records(sources, read);
  std::set<double> different;
  bool whole = true;
  std::size_t rows = 0;
  RecordBatch batch;
  while (stream->next(batch)) {
    for (const std::string_view cell : batch.columns.at(0).texts) {
      double number = 0;
      if (cell.empty()) continue;
      if (!parse_number_cell(cell, number)) return LearningTask::classification;
      ++rows;
      whole = whole && number == std::floor(number);
      if (different.size() < 100) different.insert(number);
    }
  }
  if (rows == 0) return std::nullopt;  // the training says so, in better words
  return task_of_numbers(whole, different.size(), rows);
}

std::optional<LearningTask> task_of(const ModuleManifest& manifest, const TrainArguments& arguments,
                                    const Value& parameters, const std::string& working_directory) {
  if (const auto given = learning_task_from(parameters.get_string("task"))) return given;
  const bool classifies = manifest.task.find("classification") != std::string::npos;
  const bool estimates = manifest.task.find("regression") != std::string::npos;
  if (classifies != estimates) return classifies ? LearningTask::classification : LearningTask::regression;
  const std::string label = parameters.get_string("label");
  if (label.empty() || manifest.input != "table") return std::nullopt;
  return task_of_labels(manifest, arguments, label, working_directory);
}

// A metric that ostler measures itself, of this task; "train_" before it is the same on the training data.
void check_metric(const std::string& option, const std::string& metric, std::optional<LearningTask> task) {
  std::string_view name = metric;
  if (starts_with(name, "train_")) name.remove_prefix(6);
  std::vector<std::string> known;
  for (const MetricSpec& spec : known_metrics())
    if (!task || spec.task == *task) known.emplace_back(spec.name);
  const MetricSpec* spec = find_metric(name);
  if (spec == nullptr)
    throw invalid_argument(fmt::format("{}: there is no metric \"{}\"{} (there are {})", option, metric,
                                       did_you_mean(name, known), join(known, ", ")));
  if (task && spec->task != *task)
    throw invalid_argument(fmt::format("{}: {} is a metric of {}, and this is {}, which has {}", option,
                                       metric, learning_task_name(spec->task), learning_task_name(*task),
                                       join(known, ", ")));
}

void check_gates(const ModuleManifest& manifest, const TrainArguments& arguments, const Value& parameters,
                 const std::string& working_directory) {
  const bool has_validation = !arguments.validation.empty() || arguments.validation_fraction > 0;
  std::vector<std::pair<std::string, std::string>> metrics;  // option, metric
  for (const std::string& condition : arguments.require) {
    const Requirement requirement = parse_requirement(condition);
    if (requirement.of_baseline)
      throw invalid_argument("--require \"" + condition +
                             "\": a training has no baseline; --keep-best METRIC compares with the model at "
                             "--save-path, and ostler evaluate --baseline with any");
    metrics.emplace_back("--require", requirement.metric);
  }
  if (!arguments.keep_best.empty()) {
    metrics.emplace_back("--keep-best", parse_metric_choice(arguments.keep_best).metric);
    if (arguments.save_path.empty())
      throw invalid_argument("--keep-best compares with the model at the save path: give --save-path too");
  }
  if (arguments.keep_previous > 0 && arguments.save_path.empty())
    throw invalid_argument("--keep-previous keeps what was at the save path: give --save-path too");
  if (arguments.save_with_id && (arguments.keep_previous > 0 || !arguments.keep_best.empty()))
    throw invalid_argument(
        "with --save-with-id each training has a place of its own: leave it out with --keep-best and "
        "--keep-previous");
  // A program measures what it likes, on what it likes.
  if (manifest.is_command() || metrics.empty()) return;
  if (!has_validation)
    throw invalid_argument(metrics[0].first +
                           " needs data that are not learned from: give --validation FILE, or a part of the "
                           "data, such as --validation 0.2");
  const auto task = task_of(manifest, arguments, parameters, working_directory);
  for (const auto& [option, metric] : metrics) check_metric(option, metric, task);
}

}  // namespace

void check_training(const ModuleManifest& manifest, const TrainArguments& arguments,
                    const std::string& working_directory) {
  const Value parameters = check_parameters(manifest, arguments.parameters);
  if (!arguments.validation.empty() && arguments.validation_fraction > 0)
    throw invalid_argument("--validation takes files or a part of the data, not both");
  for (const std::string& path : arguments.validation)
    if (path == "-") throw invalid_argument("standard input (-) cannot be validation data; name a file");
  if (manifest.input == "any" && arguments.validation_fraction > 0)
    throw invalid_argument("module " + manifest.name +
                           " takes data of any kind, which ostler cannot divide: name files (--validation "
                           "FILE)");
  if (manifest.input != "any") {
    const NamedColumns columns = named_columns(manifest, parameters);
    std::vector<std::string> columns_of_data;
    for (const std::string& given : arguments.data) {
      if (given == "-") continue;
      std::vector<std::string> names =
          look_at_columns(manifest, absolute_path(given, working_directory), arguments.data_format, columns);
      if (columns_of_data.empty()) columns_of_data = std::move(names);
    }
    check_validation_files(manifest, arguments, parameters, columns_of_data, working_directory);
  }
  check_gates(manifest, arguments, parameters, working_directory);
}

}  // namespace ostler
