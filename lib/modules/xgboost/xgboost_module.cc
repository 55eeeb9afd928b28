#include "lib/modules/xgboost/xgboost_module.h"

#include <limits>
#include <optional>

#include "lib/core/plugin.h"
#include "lib/modules/table/training_data.h"
#include "lib/modules/xgboost/base_model.h"
#include "lib/modules/xgboost/held_back.h"
#include "lib/modules/xgboost/model_file.h"
#include "lib/modules/xgboost/trainer.h"

namespace ostler {

XGBoostModule::XGBoostModule(TableSchema schema, std::unique_ptr<xgb::Booster> booster, Value config,
                             int threads)
    : TableModule(std::move(schema), threads), booster_(std::move(booster)), config_(std::move(config)) {
  // The library's own threads cost small blocks more than they give; score_all() divides the large ones.
  booster_->set("nthread", "1");
  // The first prediction sets the booster up, which two threads at once must not do; and it shows whether the
  // model fits the schema.
  const std::vector<float> cells(this->schema().features.size(), std::numeric_limits<float>::quiet_NaN());
  std::vector<float> scores(this->schema().outputs());
  score(cells.data(), 1, scores.data());
}

void XGBoostModule::score(const float* cells, std::size_t rows, float* scores) const {
  const std::size_t features = schema().features.size();
  const std::size_t outputs = xgb::margins_a_row(schema());
  booster_->predict(cells, rows, features, outputs, scores);
  if (outputs != schema().outputs()) xgb::add_first_class(scores, rows);
}

SaveResult XGBoostModule::save(const std::string& directory) const {
  xgb::save_booster(*booster_, directory);
  save_table_schema(schema(), directory);
  return {Value::object({{"xgboost", config_}})};
}

std::string XGBoostModuleClass::module_id() const { return "13d563df-78b8-4a0e-a665-a877a6d43045"; }

std::unique_ptr<Module> XGBoostModuleClass::train(const TrainRequest& request,
                                                  TrainReporter& reporter) const {
  const TableParameters parameters = table_parameters(request.parameters);
  std::optional<xgb::BaseModel> base;
  if (const std::string path = request.parameters.get_string("base_model"); !path.empty())
    base = xgb::open_base_model(path, module_id());
  TrainingData data = base ? xgb::read_further_data(request, parameters, *base, reporter)
                           : read_training_data(request, parameters, reporter);
  xgb::Trained trained = xgb::train(data, parameters, request, base ? &*base : nullptr, reporter);
  auto module = std::make_unique<XGBoostModule>(data.schema, std::move(trained.booster),
                                                std::move(trained.config), request.cpus);
  module->set_metrics(std::move(trained.metrics));
  return module;
}

std::unique_ptr<Module> XGBoostModuleClass::load(const LoadRequest& request) const {
  TableSchema schema = load_table_schema(request.directory);
  auto booster = xgb::load_booster(request.directory, schema);
  const Value* config = request.config.values().find("xgboost");
  return std::make_unique<XGBoostModule>(std::move(schema), std::move(booster),
                                         config == nullptr ? Value::object() : *config, request.threads);
}

}  // namespace ostler

extern "C" const ostler::Plugin* ostler_plugin() {
  static const ostler::XGBoostModuleClass module;
  static const ostler::Plugin plugin{ostler::kPluginAbiVersion, {&module}};
  return &plugin;
}
