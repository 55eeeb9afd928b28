#include "lib/modules/fasttext/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "lib/base/strings.h"
#include "lib/core/metrics.h"
#include "lib/modules/fasttext/corpus.h"

namespace ostler {

namespace {

// So many of the lines that were learned show how well they were.
constexpr std::size_t kMeasuredTrainingLines = 10000;

// Metrics of the lines from `first` to before `end`, each name with `prefix` before it: those of
// lib/core/metrics.h. Where lines have several labels there is but accuracy: right is a line whose best guess
// is one of its labels.
Value measure(const Classifier& classifier, const Corpus& corpus, std::size_t first, std::size_t end,
              int threads, const std::string& prefix) {
  const bool several = corpus.several_labels();
  // Probabilities that stand each for itself are none of one choice.
  const bool probabilities = classifier.is_distribution() && !several;
  const std::size_t count = probabilities ? classifier.labels().size() : 1;
  ClassificationMetrics metrics(classifier.labels(), {.probabilities = probabilities});
  std::vector<std::size_t> class_of;  // a label of the corpus to the class
  for (const std::string& label : corpus.native_labels()) class_of.push_back(metrics.class_of(label));
  std::vector<double> row_probabilities(classifier.labels().size());
  double right = 0;
  constexpr std::size_t kBlock = 4096;
  for (std::size_t begin = first; begin < end; begin += kBlock) {
    const std::size_t rows = std::min(kBlock, end - begin);
    const std::vector<Guess> guesses =
        predict_rows(classifier, rows, count, threads,
                     [&](std::size_t row, std::string& lines) { lines += corpus.words(begin + row); });
    for (std::size_t row = 0; row < rows; ++row) {
      const Guess* its = guesses.data() + row * count;
      const std::size_t guess = its->label < 0 ? metrics.class_of("") : static_cast<std::size_t>(its->label);
      const auto labels = corpus.labels(begin + row);
      if (several) {
        right += std::any_of(labels.begin(), labels.end(),
                             [&](int label) { return class_of[static_cast<std::size_t>(label)] == guess; });
        continue;
      }
      std::fill(row_probabilities.begin(), row_probabilities.end(), 0);
      for (std::size_t k = 0; k < count && its[k].label >= 0; ++k)
        row_probabilities[static_cast<std::size_t>(its[k].label)] = shortest(its[k].probability);
      metrics.add(class_of[static_cast<std::size_t>(labels[0])], guess, row_probabilities.data());
    }
  }
  if (several) return Value::object({{prefix + "accuracy", right / static_cast<double>(end - first)}});
  Value named = Value::object();
  const Value measured = metrics.metrics();
  for (const auto& [name, value] : measured.as_object()) named[prefix + name] = value;
  return named;
}

// All classes that the classifier knows, by their own names.
TextSchema make_schema(const TextColumns& columns, const Corpus& corpus, const Classifier& classifier) {
  TextSchema schema;
  schema.text = columns.text;
  schema.label = columns.label;
  schema.normalize = columns.normalize;
  const auto& labels = classifier.labels();
  for (std::size_t i = 0; i < corpus.classes().size(); ++i)
    if (std::find(labels.begin(), labels.end(), corpus.native_labels()[i]) != labels.end())
      schema.classes.push_back({corpus.classes()[i], corpus.native_labels()[i]});
  return schema;
}

void log_settings(const Corpus& corpus, const FastTextSettings& settings, TrainReporter& reporter) {
  const std::size_t words = corpus.vocabulary(1),
                    kept = corpus.vocabulary(static_cast<std::uint32_t>(settings.min_count));
  reporter.log(fmt::format("{} lines, {} classes, {} words ({} different)", corpus.lines(),
                           corpus.classes().size(), corpus.word_count(), words));
  if (kept < words)
    reporter.log(fmt::format("{} words that occur less than {} times are left out (min_count)", words - kept,
                             settings.min_count));
  std::string line;
  const Value told = to_value(settings);
  for (const auto& [name, value] : told.as_object())
    line += fmt::format("{}{}={}", line.empty() ? "" : ", ", name,
                        value.is_string() ? value.as_string() : to_json(value));
  reporter.log(line);
}

}  // namespace

TrainedText train_text(const TrainRequest& request, TrainReporter& reporter) {
  const Value& parameters = request.parameters;
  const TextColumns columns{parameters.get_string("text", "text"), parameters.get_string("label", "label"),
                            parameters.get_boolean("normalize", true)};
  Corpus corpus(request, columns, reporter);
  const FastTextSettings settings = fasttext_settings(parameters, corpus, request.cpus);
  log_settings(corpus, settings, reporter);

  // With validation lines the caller measures.
  const bool validates = !request.validation.paths.empty();
  const std::size_t lines = corpus.lines(),
                    front = corpus.shuffle(validates ? 0 : parameters.get_number("holdout", 0.2),
                                           static_cast<std::uint64_t>(parameters.get_integer("seed")));
  const bool measures = front < lines, refits = measures && parameters.get_boolean("refit", true);
  const double total = settings.epoch * (refits ? 2.0 : 1.0);
  Value metrics = Value::object();
  // The second fit reads the same file, grown by the held-back lines.
  ScratchFile file;
  const auto fit = [&](double done, std::size_t first, std::size_t end) {
    corpus.write(file, first, end);
    return Classifier::train(file.path(), settings, [&, done](double part) {
      reporter.progress(done + part * settings.epoch, total, "epochs", metrics);
    });
  };
  std::optional<Classifier> classifier = fit(0, 0, front);
  if (measures) {
    metrics = measure(*classifier, corpus, front, lines, request.cpus, "");
    reporter.log(fmt::format("measured on {} held-back lines{}", lines - front,
                             refits ? "; now all lines are learned from" : ", which are not learned from"));
  } else {
    reporter.log(validates ? "no lines are held back: there are validation lines, and one fit of all others"
                           : "no lines are held back: nothing is measured on new data");
  }
  if (refits) {
    classifier.reset();
    classifier = fit(settings.epoch, front, lines);
  }
  const std::size_t learned = refits ? lines : front;
  const Value training =
      measure(*classifier, corpus, 0, std::min(learned, kMeasuredTrainingLines), request.cpus, "train_");
  for (const auto& [name, value] : training.as_object()) metrics[name] = value;
  reporter.progress(total, total, "epochs", metrics);
  return {make_schema(columns, corpus, *classifier), std::move(*classifier), to_value(settings),
          std::move(metrics)};
}

}  // namespace ostler
