#include "lib/modules/fasttext/settings.h"

#include <fmt/format.h>

#include <algorithm>

#include "lib/base/error.h"

namespace ostler {

namespace {

// A line's steps add up to some 150,000: 300 package descriptions are classified with an accuracy of 0.24
// after 10 epochs, of 0.62 after 200; 50,000 as well after 10 as after more.
constexpr std::size_t kSteps = 150000;
constexpr int kFewestEpochs = 10, kMostEpochs = 300;

// More rows gain nothing measurable, and each is `dim` numbers in the model.
constexpr std::size_t kMostBuckets = 200000;

// Up to here the model may grow with the words of the text; with what else is in it, it stays below 100 MB.
constexpr double kLargestModel = 95e6;
constexpr double kBytesPerWord = 20;  // in the model's dictionary

// Beyond so many classes softmax takes too long for each line.
constexpr std::size_t kMostForSoftmax = 500;

// Fewer lines are learned by one thread: starting several takes longer, and one gives the same model again.
constexpr std::size_t kFewLines = 2000;

bool is_given(const Value& parameters, std::string_view name) {
  const Value* value = parameters.find(name);
  return value != nullptr && !value->is_null();
}

int decide_buckets(const FastTextSettings& settings, const Corpus& corpus) {
  if (settings.maxn > 0) return kMostBuckets;
  // There are no more sequences than words.
  const std::uint64_t sequences = corpus.word_count() * static_cast<std::uint64_t>(settings.word_ngrams - 1);
  return static_cast<int>(std::min<std::uint64_t>((sequences / 1000 + 1) * 1000, kMostBuckets));
}

// The least count that keeps the model below its limit. A model that is too large without any word is what
// the user asked for.
int decide_min_count(const FastTextSettings& settings, const Corpus& corpus) {
  const double row = 4.0 * settings.dim;
  const double left = kLargestModel - row * (settings.bucket + static_cast<double>(corpus.classes().size()));
  const double most = left / (row + kBytesPerWord);
  std::uint32_t count = 1;
  if (most > 0)
    while (static_cast<double>(corpus.vocabulary(count)) > most) ++count;
  return static_cast<int>(count);
}

}  // namespace

FastTextSettings fasttext_settings(const Value& parameters, const Corpus& corpus, int cpus) {
  const auto whole = [&](const char* name, int fallback) {
    return static_cast<int>(parameters.get_integer(name, fallback));
  };
  FastTextSettings settings;
  settings.epoch =
      whole("epoch", std::clamp(static_cast<int>(kSteps / corpus.lines()), kFewestEpochs, kMostEpochs));
  settings.lr = parameters.get_number("lr", settings.lr);
  settings.dim = whole("dim", settings.dim);
  settings.word_ngrams = whole("word_ngrams", settings.word_ngrams);
  settings.maxn = whole("maxn", 0);
  settings.minn = settings.maxn == 0 ? 0 : whole("minn", std::min(3, settings.maxn));
  if (settings.minn > settings.maxn || (settings.maxn == 0 && is_given(parameters, "minn")))
    throw invalid_argument(
        fmt::format("minn={} needs a maxn that is as large: parts of words have from minn to maxn letters",
                    whole("minn", 0)));
  // Without sequences and parts of words there is nothing to put into buckets; with them, none would have the
  // library divide by zero.
  if (settings.word_ngrams > 1 || settings.maxn > 0)
    settings.bucket = whole("bucket", decide_buckets(settings, corpus));
  settings.min_count =
      is_given(parameters, "min_count") ? whole("min_count", 1) : decide_min_count(settings, corpus);
  settings.loss = parameters.get_string("loss", corpus.classes().size() > kMostForSoftmax ? "hs" : "softmax");
  settings.threads = corpus.lines() < kFewLines ? 1 : std::max(cpus, 1);
  settings.seed = whole("seed", 0);
  return settings;
}

Value to_value(const FastTextSettings& settings) {
  return Value::object({{"epoch", settings.epoch},
                        {"lr", settings.lr},
                        {"dim", settings.dim},
                        {"word_ngrams", settings.word_ngrams},
                        {"bucket", settings.bucket},
                        {"minn", settings.minn},
                        {"maxn", settings.maxn},
                        {"min_count", settings.min_count},
                        {"loss", settings.loss},
                        {"threads", settings.threads},
                        {"seed", settings.seed}});
}

}  // namespace ostler
