#pragma once

// The module "linear": a model directory holds model.txt (LIBLINEAR's own format), linear.json (design.h) and
// schema.json (lib/modules/table/schema.h).

#include "lib/modules/linear/fit.h"
#include "lib/modules/table/table_module.h"

namespace ostler {

class LinearModule : public TableModule {
 public:
  LinearModule(TableSchema schema, LinearDesign design, LiblinearModel model, Value config, int threads);

  void score(const float* cells, std::size_t rows, float* scores) const override;
  bool has_probabilities() const override;
  SaveResult save(const std::string& directory) const override;
  std::string library_version() const override;

 private:
  LinearDesign design_;
  LiblinearModel model_;
  Value config_;
};

class LinearModuleClass : public ModuleClass {
 public:
  std::string module_id() const override;
  std::unique_ptr<Module> train(const TrainRequest& request, TrainReporter& reporter) const override;
  std::unique_ptr<Module> load(const LoadRequest& request) const override;
};

}  // namespace ostler
