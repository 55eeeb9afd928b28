#include "lib/modules/xgboost/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "lib/modules/table/holdout.h"
#include "lib/modules/table/metrics.h"
#include "lib/modules/xgboost/held_back.h"

namespace ostler::xgb {

namespace {

// Rounds where the user does not say: the most that early stopping may take, and those where nothing stops
// them.
constexpr int kMostRounds = 1000;
constexpr int kRoundsWithoutStop = 100;

constexpr std::string_view kPassedOn[] = {"eta",   "max_depth", "min_child_weight", "gamma",  "lambda",
                                          "alpha", "subsample", "colsample_bytree", "max_bin"};

// Where every prediction begins. Left alone, the library (in its older versions) begins at 0.5, from where
// small steps take hundreds of rounds to labels in thousands.
float base_score(const TrainingData& data) {
  if (data.schema.task == TableTask::classification) return 0.5F;
  double sum = 0, total = 0;
  for (std::size_t row = 0; row < data.rows(); ++row) {
    sum += data.weight(row) * data.labels[row];
    total += data.weight(row);
  }
  return static_cast<float>(sum / total);
}

// The library takes no split that gains less than a millionth, in the label's own unit squared.
void warn_of_small_labels(const TrainingData& data, double mean, TrainReporter& reporter) {
  constexpr double kSmall = 1e-3;
  if (data.schema.task == TableTask::classification) return;
  double squares = 0;
  for (const double label : data.labels) squares += (label - mean) * (label - mean);
  const double deviation = std::sqrt(squares / static_cast<double>(data.rows()));
  if (deviation > 0 && deviation < kSmall)
    reporter.log(fmt::format(
        "the label \"{}\" varies by {:.2g} only, too little for XGBoost to learn from well: give it "
        "in a smaller unit, so that the numbers are larger",
        data.schema.label, deviation));
}

// The same as a margin: the log of even odds for two classes.
double base_margin(const TrainingData& data, float score) { return data.schema.outputs() == 2 ? 0 : score; }

// The library's threads meet several times in each round, spinning until the last is there. On few rows there
// is nothing to share, and on a machine that is busy otherwise the spinning made a training of 0.1 s take 4
// s. That a small training has one thread wherever it runs also makes it the same to the last digit.
constexpr std::size_t kCellsOfOneThread = 100'000;

int threads_for(const TrainingData& data, int cpus) {
  const std::size_t cells = data.rows() * data.schema.features.size();
  return cells <= kCellsOfOneThread ? 1 : std::max(cpus, 1);
}

// What the library is told, as a map of parameter to value.
Value settings_for(const TrainingData& data, const TableParameters& table, const TrainRequest& request) {
  Value settings = Value::object({{"verbosity", 0},
                                  {"tree_method", "hist"},
                                  {"nthread", threads_for(data, request.cpus)},
                                  {"seed", static_cast<std::int64_t>(table.seed)}});
  if (data.schema.task == TableTask::regression) {
    settings["objective"] = "reg:squarederror";
  } else if (data.schema.outputs() == 2) {
    settings["objective"] = "binary:logistic";
  } else {
    settings["objective"] = "multi:softprob";
    settings["num_class"] = static_cast<std::int64_t>(data.schema.outputs());
  }
  settings["base_score"] = static_cast<double>(base_score(data));
  for (const std::string_view name : kPassedOn)
    if (const Value* value = request.parameters.find(name); value != nullptr && !value->is_null())
      settings[name] = *value;
  return settings;
}

std::unique_ptr<DMatrix> make_matrix(const TrainingData& data, std::size_t rows) {
  auto matrix = std::make_unique<DMatrix>(data.cells.data(), rows, data.schema);
  const auto end = static_cast<std::ptrdiff_t>(rows);
  matrix->set("label", {data.labels.begin(), data.labels.begin() + end});
  if (!data.weights.empty()) matrix->set("weight", {data.weights.begin(), data.weights.begin() + end});
  return matrix;
}

std::unique_ptr<Booster> make_booster(const DMatrix& matrix, const Value& settings,
                                      const TableSchema& schema) {
  auto booster = std::make_unique<Booster>(matrix);
  for (const auto& [name, value] : settings.as_object())
    booster->set(name, value.is_string() ? value.as_string() : to_json(value));
  booster->describe_features(schema);
  return booster;
}

// What training_metrics() of a table module gives, without predicting all rows once more.
Value metrics_on_training_data(const Booster& booster, const DMatrix& matrix, const TrainingData& data) {
  const std::size_t outputs = margins_a_row(data.schema);
  std::vector<float> scores(data.rows() * data.schema.outputs());
  booster.predict(matrix, data.rows(), outputs, scores.data());
  if (outputs != data.schema.outputs()) add_first_class(scores.data(), data.rows());
  return table_metrics(data, 0, data.rows(), scores.data(), Probabilities::yes, "train_");
}

struct Search {
  int trained = 0;  // rounds
  int best = 0;     // those that predicted the held-back rows best
  Value metrics = Value::object();
};

// Trains on the rows before `front` and measures on the others.
Search find_rounds(const TrainingData& data, std::size_t front, const Value& settings, int most, int patience,
                   TrainReporter& reporter) {
  const auto matrix = make_matrix(data, front);
  const auto booster = make_booster(*matrix, settings, data.schema);
  HeldBack held(data, front, base_margin(data, static_cast<float>(settings.get_number("base_score"))));
  const char* loss_name = data.schema.task == TableTask::regression ? "rmse" : "log_loss";
  Search search;
  double best = INFINITY;
  while (search.trained < most) {
    booster->update(search.trained, *matrix);
    const Value metrics = held.add(*booster, search.trained);
    ++search.trained;
    reporter.progress(search.trained, 2.0 * most, "rounds", metrics);
    const double loss = metrics.get_number(loss_name, INFINITY);
    // Without early stopping all rounds are wanted, whatever they gain.
    if (loss < best || patience == 0) {
      best = loss;
      search.best = search.trained;
      held.keep();
    } else if (search.trained - search.best >= patience) {
      break;
    }
  }
  // All held-back rows have the weight 0: there is no telling.
  if (search.best == 0) search.best = search.trained;
  search.metrics = held.kept_metrics();
  return search;
}

}  // namespace

Trained train(TrainingData& data, const TableParameters& table, const TrainRequest& request,
              TrainReporter& reporter) {
  const Value& parameters = request.parameters;
  const int patience = static_cast<int>(parameters.get_integer("early_stopping_rounds", 50));
  const std::size_t front = hold_back(data, table.holdout, table.seed);
  const bool holds_back = front < data.rows();
  const bool stops = holds_back && patience > 0;
  const int most =
      static_cast<int>(parameters.get_integer("rounds", stops ? kMostRounds : kRoundsWithoutStop));
  Trained trained;
  trained.config = settings_for(data, table, request);

  warn_of_small_labels(data, trained.config.get_number("base_score"), reporter);

  Search search;
  if (holds_back) {
    search = find_rounds(data, front, trained.config, most, patience, reporter);
    trained.metrics = search.metrics;
    const std::string measured =
        stops ? fmt::format("{} of {} rounds predicted the {} held-back rows best", search.best,
                            search.trained, data.rows() - front)
              : fmt::format("{} rounds are measured on {} held-back rows", search.best, data.rows() - front);
    reporter.log(measured + "; now as many on all rows");
  } else {
    search.best = most;
    reporter.log(fmt::format(
        "no rows are held back: {} rounds are trained, and nothing is measured on new data", most));
  }

  const auto matrix = make_matrix(data, data.rows());
  trained.booster = make_booster(*matrix, trained.config, data.schema);
  for (int round = 0; round < search.best; ++round) {
    trained.booster->update(round, *matrix);
    reporter.progress(search.trained + round + 1, search.trained + search.best, "rounds", trained.metrics);
  }
  trained.config["rounds"] = search.best;
  add_metrics(trained.metrics, metrics_on_training_data(*trained.booster, *matrix, data));
  return trained;
}

}  // namespace ostler::xgb
