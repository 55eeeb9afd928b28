#pragma once

// The module "xgboost": a model directory holds model.json (XGBoost's own format, which Python's xgboost
// opens) and schema.json (lib/modules/table/schema.h). Never UBJ: damaged UBJ files crash the library.

#include "lib/modules/table/table_module.h"
#include "lib/modules/xgboost/api.h"

namespace ostler {

class XGBoostModule : public TableModule {
 public:
  XGBoostModule(TableSchema schema, std::unique_ptr<xgb::Booster> booster, Value config, int threads);

  void score(const float* cells, std::size_t rows, float* scores) const override;
  SaveResult save(const std::string& directory) const override;
  std::string library_version() const override { return xgb::library_version(); }

 private:
  std::unique_ptr<xgb::Booster> booster_;
  Value config_;
};

class XGBoostModuleClass : public ModuleClass {
 public:
  std::string module_id() const override;
  std::unique_ptr<Module> train(const TrainRequest& request, TrainReporter& reporter) const override;
  std::unique_ptr<Module> load(const LoadRequest& request) const override;
};

}  // namespace ostler
