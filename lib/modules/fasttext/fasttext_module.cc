#include "lib/modules/fasttext/fasttext_module.h"

#include <fmt/format.h>

#include <unordered_map>

#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/base/strings.h"
#include "lib/core/plugin.h"
#include "lib/modules/fasttext/trainer.h"
#include "lib/modules/fasttext/words.h"

namespace ostler {

namespace {

constexpr char kModelFile[] = "model.bin";

}  // namespace

// What the classifier says of a batch: `count` guesses a row.
struct FastTextModule::Found {
  std::vector<Guess> guesses;
  std::size_t count = 0;
  std::vector<bool> bad;  // rows that could not be read

  const Guess& at(std::size_t row, std::size_t place) const { return guesses[row * count + place]; }
};

FastTextModule::FastTextModule(TextSchema schema, Classifier classifier, Value config, int threads)
    : schema_(std::make_shared<const TextSchema>(std::move(schema))),
      classifier_(std::move(classifier)),
      config_(std::move(config)),
      threads_(std::max(threads, 1)) {
  std::unordered_map<std::string_view, std::size_t> classes;
  for (std::size_t i = 0; i < schema_->classes.size(); ++i) classes[schema_->classes[i].label] = i;
  for (const std::string& label : classifier_.labels()) {
    const auto place = classes.find(label);
    if (place == classes.end() || classes.size() != classifier_.labels().size())
      throw Error(StatusCode::data_loss,
                  fmt::format("{} has other classes than the model's description", kModelFile));
    class_of_.push_back(place->second);
  }
}

ModelTarget FastTextModule::target() const {
  ModelTarget target{LearningTask::classification, schema_->label, "", {}};
  for (const TextClass& item : schema_->classes) target.classes.push_back(item.name);
  return target;
}

std::size_t FastTextModule::batch_rows() const { return 1024 * static_cast<std::size_t>(threads_); }

RecordBatch FastTextModule::run(const RecordBatch& input, const RunOptions& options) const {
  if (options.method != "run")
    throw invalid_argument(fmt::format("this module has no method \"{}\"; it has: run", options.method));
  input.check_shape();
  const Column* texts = input.find(schema_->text);
  if (texts == nullptr || texts->kind != ColumnKind::text)
    throw invalid_argument(
        fmt::format("{}: there is no column \"{}\", which the model reads", input.source, schema_->text));

  RecordBatch output;
  output.rows = input.rows;
  output.source = input.source;
  output.lines = input.lines;
  output.keep_alive.push_back(schema_);
  Found found;
  found.bad.resize(input.rows);
  for (const RowError& error : input.row_errors)
    if (error.row < input.rows) found.bad[error.row] = true;
  const std::size_t wanted =
      options.probabilities && options.top == 0 ? schema_->classes.size() : std::max(options.top, 1);
  found.count = std::min(wanted, schema_->classes.size());
  found.guesses =
      predict_rows(classifier_, input.rows, found.count, threads_, [&](std::size_t row, std::string& lines) {
        append_words(lines, texts->texts[row], schema_->normalize);
      });
  if (options.top > 0) {
    add_top(output, found);
    return output;
  }
  add_predictions(output, found);
  if (options.probabilities) add_probabilities(output, found);
  return output;
}

void FastTextModule::add_predictions(RecordBatch& output, const Found& found) const {
  Column& column = output.add_texts("prediction");
  column.role = ColumnRole::prediction;
  for (std::size_t row = 0; row < output.rows; ++row)
    if (!found.bad[row])
      column.texts[row] = schema_->classes[class_of_[static_cast<std::size_t>(found.at(row, 0).label)]].name;
}

void FastTextModule::add_probabilities(RecordBatch& output, const Found& found) const {
  const std::size_t first = output.columns.size();
  for (const TextClass& item : schema_->classes) output.add_numbers(item.name).role = ColumnRole::probability;
  for (std::size_t row = 0; row < output.rows; ++row) {
    if (found.bad[row]) continue;
    for (std::size_t k = 0; k < found.count; ++k) output.columns[first + k].numbers[row] = 0;
    for (std::size_t k = 0; k < found.count; ++k)
      if (const Guess& guess = found.at(row, k); guess.label >= 0)
        output.columns[first + class_of_[static_cast<std::size_t>(guess.label)]].numbers[row] =
            shortest(guess.probability);
  }
}

void FastTextModule::add_top(RecordBatch& output, const Found& found) const {
  for (std::size_t k = 1; k <= found.count; ++k) {
    output.add_texts(fmt::format("prediction_{}", k)).role = ColumnRole::prediction;
    output.add_numbers(fmt::format("score_{}", k)).role = ColumnRole::prediction;
  }
  for (std::size_t row = 0; row < output.rows; ++row) {
    if (found.bad[row]) continue;
    for (std::size_t k = 0; k < found.count; ++k) {
      const Guess& guess = found.at(row, k);
      if (guess.label < 0) break;
      output.columns[2 * k].texts[row] =
          schema_->classes[class_of_[static_cast<std::size_t>(guess.label)]].name;
      output.columns[2 * k + 1].numbers[row] = shortest(guess.probability);
    }
  }
}

SaveResult FastTextModule::save(const std::string& directory) const {
  classifier_.save(join_path(directory, kModelFile));
  save_text_schema(*schema_, directory);
  return {Value::object({{"fasttext", config_}})};
}

std::string FastTextModuleClass::module_id() const { return "62a8a97c-aa5c-44bc-96f6-bd6a1ba4cfbe"; }

std::unique_ptr<Module> FastTextModuleClass::train(const TrainRequest& request,
                                                   TrainReporter& reporter) const {
  TrainedText trained = train_text(request, reporter);
  auto module = std::make_unique<FastTextModule>(std::move(trained.schema), std::move(trained.classifier),
                                                 std::move(trained.config), request.cpus);
  module->set_metrics(std::move(trained.metrics));
  return module;
}

std::unique_ptr<Module> FastTextModuleClass::load(const LoadRequest& request) const {
  TextSchema schema = load_text_schema(request.directory);
  Classifier classifier = Classifier::load(join_path(request.directory, kModelFile));
  const Value* config = request.config.values().find("fasttext");
  return std::make_unique<FastTextModule>(std::move(schema), std::move(classifier),
                                          config == nullptr ? Value::object() : *config, request.threads);
}

}  // namespace ostler

extern "C" const ostler::Plugin* ostler_plugin() {
  static const ostler::FastTextModuleClass module;
  static const ostler::Plugin plugin{ostler::kPluginAbiVersion, {&module}};
  return &plugin;
}
