#include "lib/modules/xgboost/base_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "lib/base/error.h"
#include "lib/base/strings.h"
#include "lib/core/module_config.h"
#include "lib/data/records.h"
#include "lib/modules/xgboost/model_file.h"

namespace ostler::xgb {

namespace {

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// "column" or "columns", and their names.
std::string listed(const char* one, const char* several, const std::vector<std::string>& names) {
  return fmt::format("{} \"{}\"", names.size() == 1 ? one : several, join(names, "\", \""));
}

void check_task(const TableParameters& parameters, const TableSchema& base) {
  if (parameters.label != base.label)
    throw invalid_argument(
        fmt::format("the base model predicts \"{}\", not \"{}\": give label={}, or train "
                    "without base_model",
                    base.label, parameters.label, base.label));
  if (parameters.task && *parameters.task != base.task)
    throw invalid_argument(fmt::format("the base model is one of {}, but task={} is asked for",
                                       learning_task_name(base.task), learning_task_name(*parameters.task)));
}

void check_columns(const TrainRequest& request, const TableParameters& parameters, const TableSchema& base) {
  const std::string& source = request.data.paths.at(0);
  const bool unnamed = request.data_format.empty() && format_of(source).empty();
  const std::vector<std::string> used = feature_columns(
      parameters, read_column_names({source}, unnamed ? kFormatOfUnnamed : request.data_format), source);
  std::vector<std::string> known, missing, further;
  for (const TableFeature& feature : base.features) {
    known.push_back(feature.name);
    if (!contains(used, feature.name)) missing.push_back(feature.name);
    if (feature.kind == ColumnKind::number && contains(parameters.categorical, feature.name))
      throw invalid_argument(fmt::format(
          "the column \"{}\" is in categorical, but the base model takes it as a number", feature.name));
  }
  for (const std::string& name : used)
    if (!contains(known, name) && !contains(base.left_out, name)) further.push_back(name);
  if (!missing.empty())
    throw invalid_argument(
        fmt::format("{}: the base model learned from the {}, which {} not there to learn from", source,
                    listed("column", "columns", missing), missing.size() == 1 ? "is" : "are"));
  if (!further.empty())
    throw invalid_argument(fmt::format("{}: the base model does not know the {}: ignore={} leaves {} out",
                                       source, listed("column", "columns", further), join(further, ","),
                                       further.size() == 1 ? "it" : "them"));
}

void check_classes(const std::string& source, const LabelledRows& rows, const TableSchema& base) {
  if (base.task == TableTask::regression) return;
  const std::vector<std::string>& unknown = rows.data.unknown_classes;
  const std::set<double> seen(rows.data.labels.begin(), rows.data.labels.end());
  std::vector<std::string> missing;
  for (std::size_t i = 0; i < base.classes.size(); ++i)
    if (seen.count(static_cast<double>(i)) == 0) missing.push_back(base.classes[i]);
  if (!unknown.empty())
    throw invalid_argument(
        fmt::format("{}: the base model does not know the {} of \"{}\"; its classes are {}", source,
                    listed("class", "classes", unknown), base.label, join(base.classes, ", ")));
  if (!missing.empty())
    throw invalid_argument(
        fmt::format("{}: the label \"{}\" never has the {} of the base model, which would be "
                    "unlearned",
                    source, base.label, listed("class", "classes", missing)));
}

}  // namespace

BaseModel open_base_model(const std::string& directory, const std::string& module_id) {
  const ModuleConfig config = ModuleConfig::load(directory, "the base model");
  if (config.module_id() != module_id)
    throw invalid_argument(
        fmt::format("the base model is one of the module {}; xgboost goes on from its own "
                    "models only",
                    config.name().empty() ? config.module_id() : config.name()));
  BaseModel base;
  base.directory = directory;
  base.schema = load_table_schema(directory);
  base.rounds = load_booster(directory, base.schema)->rounds();
  const Value* own = config.values().find("xgboost");
  const Value* score = own == nullptr ? nullptr : own->find("base_score");
  if (score == nullptr || !score->is_number())
    throw Error(StatusCode::data_loss, "the config.yml of the base model lacks xgboost.base_score");
  base.base_score = static_cast<float>(score->as_number());
  base.origin = Value::object({{"tracking_id", config.tracking_id()}, {"rounds", base.rounds}});
  return base;
}

TrainingData read_further_data(const TrainRequest& request, const TableParameters& parameters,
                               const BaseModel& base, TrainReporter& reporter) {
  check_task(parameters, base.schema);
  check_columns(request, parameters, base.schema);
  TableSchema schema = base.schema;
  schema.weight = parameters.weight;
  LabelledRows rows = read_labelled_rows(request.data, request.data_format, schema);
  check_classes(request.data.paths.at(0), rows, base.schema);
  if (!rows.infinite.empty())
    throw invalid_argument(rows.infinite + " cannot be learned from: leave the cell empty");
  for (const std::string& note : rows.notes) reporter.log(note);
  reporter.log(fmt::format("{} rows to go on from a model of {} rounds, whose columns and classes are kept",
                           rows.data.rows(), base.rounds));
  return std::move(rows.data);
}

}  // namespace ostler::xgb
