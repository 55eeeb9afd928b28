#include "lib/modules/fasttext/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "lib/modules/fasttext/corpus.h"

namespace ostler {

namespace {

// So many of the lines that were learned show how well they were.
constexpr std::size_t kMeasuredTrainingLines = 10000;

// Metrics of the lines from `first` to before `end`. Right is a line whose best guess is one of its labels.
Value measure(const Classifier& classifier, const Corpus& corpus, std::size_t first, std::size_t end,
              int threads, const std::string& prefix) {
  // Of several labels, or of probabilities that stand each for itself, there is no one loss.
  const bool wants_loss = classifier.is_distribution() && !corpus.several_labels();
  const std::size_t count = wants_loss ? classifier.labels().size() : 1;
  double right = 0, loss = 0;
  constexpr std::size_t kBlock = 4096;
  for (std::size_t begin = first; begin < end; begin += kBlock) {
    const std::size_t rows = std::min(kBlock, end - begin);
    const std::vector<Guess> guesses =
        predict_rows(classifier, rows, count, threads,
                     [&](std::size_t row, std::string& lines) { lines += corpus.words(begin + row); });
    for (std::size_t row = 0; row < rows; ++row) {
      const auto is_right = [&](const Guess& guess) {
        if (guess.label < 0) return false;
        const std::string& label = classifier.labels()[static_cast<std::size_t>(guess.label)];
        const auto labels = corpus.labels(begin + row);
        return std::any_of(labels.begin(), labels.end(), [&](int item) {
          return corpus.native_labels()[static_cast<std::size_t>(item)] == label;
        });
      };
      const auto its = guesses.begin() + static_cast<std::ptrdiff_t>(row * count);
      const auto truth = std::find_if(its, its + static_cast<std::ptrdiff_t>(count), is_right);
      if (truth == its) right += 1;
      // What is below float's epsilon cannot be told from 0, which would make the loss infinite.
      const float probability = truth == its + static_cast<std::ptrdiff_t>(count) ? 0 : truth->probability;
      loss -= std::log(std::clamp<double>(probability, 1.2e-7, 1));
    }
  }
  const auto lines = static_cast<double>(end - first);
  Value metrics = Value::object({{prefix + "accuracy", right / lines}});
  if (wants_loss) metrics[prefix + "log_loss"] = loss / lines;
  return metrics;
}

// All classes that the classifier knows, by their own names.
TextSchema make_schema(const TextColumns& columns, const Corpus& corpus, const Classifier& classifier) {
  TextSchema schema;
  schema.text = columns.text;
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
