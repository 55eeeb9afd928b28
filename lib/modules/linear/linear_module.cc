#include "lib/modules/linear/linear_module.h"

#include <fmt/format.h>

#include <algorithm>

#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/core/plugin.h"
#include "lib/modules/table/holdout.h"
#include "lib/modules/table/metrics.h"

namespace ostler {

namespace {

constexpr char kModelFile[] = "model.txt";
constexpr char kDesignFile[] = "linear.json";

bool is_finite(double number) { return number - number == 0; }

}  // namespace

LinearModule::LinearModule(TableSchema schema, LinearDesign design, LiblinearModel model, Value config,
                           int threads)
    : TableModule(std::move(schema), threads),
      design_(std::move(design)),
      model_(std::move(model)),
      config_(std::move(config)) {}

void LinearModule::score(const float* cells, std::size_t rows, float* scores) const {
  const std::size_t features = schema().features.size(), outputs = schema().outputs();
  const bool regression = schema().task == TableTask::regression, probabilities = has_probabilities();
  const int classes = model_->nr_class;
  std::vector<feature_node> nodes(design_.nodes_a_row());
  std::vector<double> values(std::max<std::size_t>(static_cast<std::size_t>(classes), 1));
  for (std::size_t row = 0; row < rows; ++row, cells += features, scores += outputs) {
    design_.write_row(cells, nodes.data());
    if (regression) {
      *scores = static_cast<float>(design_.from_label(predict(model_.get(), nodes.data())));
      continue;
    }
    if (probabilities)
      predict_probability(model_.get(), nodes.data(), values.data());
    else
      predict_values(model_.get(), nodes.data(), values.data());
    // Two classes of an SVM have one value between them: above 0 it is the first.
    if (!probabilities && classes == 2) values[1] = -values[0];
    // The model's classes are in the order in which training met them. One that had no row of weight is never
    // it.
    std::fill_n(scores, outputs, probabilities ? 0 : -3e38F);
    for (int k = 0; k < classes; ++k)
      scores[model_->label[k]] = static_cast<float>(values[static_cast<std::size_t>(k)]);
  }
}

bool LinearModule::has_probabilities() const { return check_probability_model(model_.get()) != 0; }

std::string LinearModule::library_version() const {
  return fmt::format("{}.{}", liblinear_version / 100, liblinear_version % 100);
}

SaveResult LinearModule::save(const std::string& directory) const {
  const std::string path = join_path(directory, kModelFile);
  if (save_model(path.c_str(), model_.get()) != 0)
    throw Error(StatusCode::resource_exhausted, path + " could not be written: is the disk full?");
  write_file(join_path(directory, kDesignFile), to_json(design_.to_value(schema()), true) + "\n", Sync::no,
             0666);
  save_table_schema(schema(), directory);
  return {Value::object({{"linear", config_}})};
}

std::string LinearModuleClass::module_id() const { return "4ee8695d-65b4-4388-9082-7421699a6b33"; }

std::unique_ptr<Module> LinearModuleClass::train(const TrainRequest& request, TrainReporter& reporter) const {
  const TableParameters parameters = table_parameters(request.parameters);
  TrainingData data = read_training_data(request, parameters, reporter);
  const LinearParameters linear = linear_parameters(request.parameters, data.schema.task);
  Value config = Value::object({{"solver", linear.solver}, {"C", linear.cost}});
  const auto fit_rows = [&](std::size_t rows) {
    LinearDesign design(data, rows);
    LiblinearModel fitted = fit(data, rows, design, linear);
    return std::make_unique<LinearModule>(data.schema, std::move(design), std::move(fitted), config,
                                          request.cpus);
  };

  // Once without the rows that are held back, to measure; then on all. With validation rows the caller
  // measures.
  Value metrics = Value::object();
  const bool validates = !request.validation.paths.empty();
  const std::size_t front = validates ? data.rows() : hold_back(data, parameters.holdout, parameters.seed),
                    held = data.rows() - front;
  const double fits = held > 0 ? 2 : 1;
  if (held > 0) {
    const auto module = fit_rows(front);
    std::vector<float> scores(held * data.schema.outputs());
    module->score_all(data.cells.row(front), held, scores.data());
    metrics = table_metrics(data, front, held, scores.data(),
                            module->has_probabilities() ? Probabilities::yes : Probabilities::no);
    reporter.progress(1, fits, "fits", metrics);
    reporter.log(fmt::format("measured on {} held-back rows; now all rows are learned from", held));
  } else {
    reporter.log(validates ? "no rows are held back: there are validation rows, and one fit of all others"
                           : "no rows are held back: nothing is measured on new data");
  }
  auto module = fit_rows(data.rows());
  add_metrics(metrics, training_metrics(*module, data));
  reporter.progress(fits, fits, "fits", metrics);
  module->set_metrics(std::move(metrics));
  return module;
}

std::unique_ptr<Module> LinearModuleClass::load(const LoadRequest& request) const {
  TableSchema schema = load_table_schema(request.directory);
  const std::string design_path = join_path(request.directory, kDesignFile);
  const Value design_value = load_model_json(design_path);
  LinearDesign design;
  try {
    design = LinearDesign::from_value(design_value, schema);
  } catch (const Error& error) {
    throw Error(StatusCode::data_loss, design_path + " cannot be read: " + error.what());
  }
  const std::string path = join_path(request.directory, kModelFile);
  const auto require = [&](bool holds, const char* what) {
    if (!holds) throw Error(StatusCode::data_loss, fmt::format("{} {}", path, what));
  };
  LiblinearModel fitted(load_model(path.c_str()));
  require(fitted != nullptr, "is no model of LIBLINEAR");
  const bool regression = schema.task == TableTask::regression;
  require((check_regression_model(fitted.get()) != 0) == regression,
          "is for another task than schema.json says");
  require(fitted->nr_feature == design.columns() && fitted->bias == LinearDesign::bias(),
          "has other columns than linear.json");
  const auto classes = static_cast<std::size_t>(fitted->nr_class);
  require(regression || (classes >= 1 && classes <= schema.classes.size()),
          "has other classes than schema.json");
  for (std::size_t k = 0; !regression && k < classes; ++k)
    require(fitted->label[k] >= 0 && static_cast<std::size_t>(fitted->label[k]) < schema.classes.size(),
            "has other classes than schema.json");
  const std::size_t vectors = regression || classes == 2 ? 1 : classes;
  require(
      std::all_of(fitted->w, fitted->w + static_cast<std::size_t>(design.columns() + 1) * vectors, is_finite),
      "has weights that are no numbers");
  const Value* config = request.config.values().find("linear");
  return std::make_unique<LinearModule>(std::move(schema), std::move(design), std::move(fitted),
                                        config == nullptr ? Value::object() : *config, request.threads);
}

}  // namespace ostler

extern "C" const ostler::Plugin* ostler_plugin() {
  static const ostler::LinearModuleClass module;
  static const ostler::Plugin plugin{ostler::kPluginAbiVersion, {&module}};
  return &plugin;
}
