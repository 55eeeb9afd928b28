#include "lib/modules/xgboost/xgboost_module.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <limits>

#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/base/strings.h"
#include "lib/core/plugin.h"
#include "lib/modules/table/training_data.h"
#include "lib/modules/xgboost/held_back.h"
#include "lib/modules/xgboost/trainer.h"

namespace ostler {

namespace {

constexpr char kModelFile[] = "model.json";

// The byte at `offset` from the file's start, or from its end where that is negative; 0 when there is none.
char byte_at(const std::string& path, off_t offset) {
  const UniqueFd file = open_file(path, O_RDONLY);
  char byte = 0;
  if (::lseek(file.get(), offset, offset < 0 ? SEEK_END : SEEK_SET) < 0 || ::read(file.get(), &byte, 1) != 1)
    return 0;
  return byte;
}

// While it lives, the library sees one processor. It reads a model by as many threads as there are, whatever
// nthread says, and waits for them spinning: for models of usual size their start takes longer than the rest,
// on a busy machine several times as long.
class OneProcessor {
 public:
  OneProcessor() {
    const int here = ::sched_getcpu();
    if (here < 0 || here >= CPU_SETSIZE || ::sched_getaffinity(0, sizeof before_, &before_) != 0) return;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(here, &one);
    changed_ = ::sched_setaffinity(0, sizeof one, &one) == 0;
  }
  ~OneProcessor() {
    if (changed_) ::sched_setaffinity(0, sizeof before_, &before_);
  }
  OneProcessor(const OneProcessor&) = delete;
  OneProcessor& operator=(const OneProcessor&) = delete;

 private:
  cpu_set_t before_;
  bool changed_ = false;
};

}  // namespace

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
  const std::string path = join_path(directory, kModelFile);
  booster_->save(path);
  // The library does not look whether all was written when it closes the file.
  if (byte_at(path, -1) != '}')
    throw Error(StatusCode::resource_exhausted, path + " could not be written whole: is the disk full?");
  save_table_schema(schema(), directory);
  return {Value::object({{"xgboost", config_}})};
}

std::string XGBoostModuleClass::module_id() const { return "13d563df-78b8-4a0e-a665-a877a6d43045"; }

std::unique_ptr<Module> XGBoostModuleClass::train(const TrainRequest& request,
                                                  TrainReporter& reporter) const {
  const TableParameters parameters = table_parameters(request.parameters);
  TrainingData data = read_training_data(request, parameters, reporter);
  xgb::Trained trained = xgb::train(data, parameters, request, reporter);
  auto module = std::make_unique<XGBoostModule>(data.schema, std::move(trained.booster),
                                                std::move(trained.config), request.cpus);
  module->set_metrics(std::move(trained.metrics));
  return module;
}

std::unique_ptr<Module> XGBoostModuleClass::load(const LoadRequest& request) const {
  TableSchema schema = load_table_schema(request.directory);
  const std::string path = join_path(request.directory, kModelFile);
  const auto fail = [&](const std::string& what) { throw Error(StatusCode::data_loss, path + what); };
  // The library takes what does not begin like JSON for one of its older formats, and has no good words for
  // it.
  if (byte_at(path, 0) != '{') fail(" is no model of XGBoost in JSON");
  auto booster = std::make_unique<xgb::Booster>();
  booster->set("verbosity", "0");
  try {
    const OneProcessor alone;
    booster->load(path);
  } catch (const Error& error) {
    fail(std::string(": ") + error.what());
  }
  if (booster->features() != schema.features.size())
    fail(fmt::format(" has {} columns, but schema.json has {}", booster->features(), schema.features.size()));
  if (booster->rounds() < 1) fail(" has no trees");
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
