#include "lib/modules/xgboost/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "lib/modules/table/holdout.h"
#include "lib/modules/table/metrics.h"
#include "lib/modules/xgboost/held_back.h"
#include "lib/modules/xgboost/model_file.h"

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
Value settings_for(const TrainingData& data, const TableParameters& table, const TrainRequest& request,
                   const BaseModel* base) {
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
  settings["base_score"] = static_cast<double>(base == nullptr ? base_score(data) : base->base_score);
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

// A booster to be trained on `matrix`, from the beginning or from the base on.
std::unique_ptr<Booster> make_booster(const DMatrix& matrix, const Value& settings, const TableSchema& schema,
                                      const BaseModel* base) {
  auto booster =
      base == nullptr ? std::make_unique<Booster>(matrix) : load_booster(base->directory, base->schema);
  for (const auto& [name, value] : settings.as_object()) {
    // A model file holds what a model is, and nothing of how it was trained.
    const bool of_model = name == "objective" || name == "num_class" || name == "base_score";
    if (base != nullptr && of_model) continue;
    booster->set(name, value.is_string() ? value.as_string() : to_json(value));
  }
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

// How long to train, as the parameters have it. Rounds are those of this training, without the base's.
struct Rounds {
  int before = 0;    // of the base
  int most = 0;      // to train
  int patience = 0;  // rounds without a gain that end it; 0: never
};

struct Search {
  int trained = 0;  // rounds
  int best = 0;     // those that predicted the measured rows best
  Value metrics = Value::object();
};

// Trains round by round, and measures each. `phases`: 2 where as many rounds follow on other rows.
Search find_rounds(Booster& booster, const DMatrix& matrix, HeldBack& measured, const char* loss_name,
                   const Rounds& rounds, int phases, TrainReporter& reporter) {
  Search search;
  double best = INFINITY;
  for (bool goes_on = true; goes_on;) {
    const int round = rounds.before + search.trained;
    booster.update(round, matrix);
    const Value metrics = measured.add(booster, round, round + 1);
    ++search.trained;
    const double loss = metrics.get_number(loss_name, INFINITY);
    // Without early stopping all rounds are wanted, whatever they gain.
    const bool gains = loss < best || rounds.patience == 0;
    if (gains) {
      best = loss;
      search.best = search.trained;
      measured.keep();
    }
    goes_on = search.trained < rounds.most && (gains || search.trained - search.best < rounds.patience);
    const bool is_last = !goes_on && phases == 1;
    reporter.progress(search.trained, is_last ? search.trained : 1.0 * phases * rounds.most, "rounds",
                      metrics);
  }
  // All measured rows have the weight 0: there is no telling.
  if (search.best == 0) search.best = search.trained;
  search.metrics = measured.kept_metrics();
  return search;
}

// Where the predictions of a base model begin to be measured, as a line for the log.
void measure_base(const Booster& booster, HeldBack& measured, const char* loss_name, const Rounds& rounds,
                  TrainReporter& reporter) {
  if (rounds.before == 0) return;
  const Value metrics = measured.add(booster, 0, rounds.before);
  if (const Value* loss = metrics.find(loss_name))
    reporter.log(fmt::format("the base model has the {} {:.6g} there", loss_name, loss->as_number()));
}

}  // namespace

Trained train(TrainingData& data, const TableParameters& table, const TrainRequest& request,
              const BaseModel* base, TrainReporter& reporter) {
  const Value& parameters = request.parameters;
  std::optional<LabelledRows> validation;
  if (!request.validation.paths.empty()) {
    validation = read_labelled_rows(request.validation, request.data_format, data.schema);
    for (const std::string& note : validation->notes) reporter.log("validation: " + note);
  }
  const std::size_t front = validation ? data.rows() : hold_back(data, table.holdout, table.seed);
  const bool holds_back = front < data.rows();
  Rounds rounds;
  rounds.before = base == nullptr ? 0 : base->rounds;
  if (validation || holds_back)
    rounds.patience = static_cast<int>(parameters.get_integer("early_stopping_rounds", 50));
  rounds.most = static_cast<int>(
      parameters.get_integer("rounds", rounds.patience > 0 ? kMostRounds : kRoundsWithoutStop));
  Trained trained;
  trained.config = settings_for(data, table, request, base);
  const Value& settings = trained.config;
  const auto score = static_cast<float>(settings.get_number("base_score"));
  const char* loss_name = data.schema.task == TableTask::regression ? "rmse" : "log_loss";

  warn_of_small_labels(data, score, reporter);

  Search search;
  std::unique_ptr<DMatrix> matrix = make_matrix(data, front);
  trained.booster = make_booster(*matrix, settings, data.schema, base);
  if (validation) {
    HeldBack measured(validation->data, 0, base_margin(data, score));
    measure_base(*trained.booster, measured, loss_name, rounds, reporter);
    search = find_rounds(*trained.booster, *matrix, measured, loss_name, rounds, 1, reporter);
    if (search.best < search.trained)
      trained.booster = trained.booster->first_rounds(rounds.before + search.best);
    reporter.log(
        fmt::format("{} of {} rounds predicted the {} validation rows best, and make the model; no "
                    "rows are held back",
                    search.best, search.trained, measured.rows()));
  } else if (holds_back) {
    HeldBack measured(data, front, base_margin(data, score));
    measure_base(*trained.booster, measured, loss_name, rounds, reporter);
    if (base != nullptr)
      reporter.log(
          "note: the base model may have learned from the held-back rows, and then does better on them than "
          "on "
          "new ones; --validation measures on others");
    search = find_rounds(*trained.booster, *matrix, measured, loss_name, rounds, 2, reporter);
    const std::string words =
        rounds.patience > 0
            ? fmt::format("{} of {} rounds predicted the {} held-back rows best", search.best, search.trained,
                          measured.rows())
            : fmt::format("{} rounds are measured on {} held-back rows", search.best, measured.rows());
    reporter.log(words + "; now as many on all rows");
    matrix = make_matrix(data, data.rows());
    trained.booster = make_booster(*matrix, settings, data.schema, base);
  } else {
    search.best = rounds.most;
    reporter.log(fmt::format(
        "no rows are held back: {} rounds are trained, and nothing is measured on new data", rounds.most));
  }
  trained.metrics = search.metrics;

  for (int round = 0; !validation && round < search.best; ++round) {
    trained.booster->update(rounds.before + round, *matrix);
    // Nothing is measured by these: the metrics are those of the first phase.
    reporter.progress(search.trained + round + 1, search.trained + search.best, "rounds", Value::object());
  }
  trained.config["rounds"] = search.best;
  if (base != nullptr) trained.config["base_model"] = base->origin;
  add_metrics(trained.metrics, metrics_on_training_data(*trained.booster, *matrix, data));
  return trained;
}

}  // namespace ostler::xgb
