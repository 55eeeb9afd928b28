#include "lib/modules/fasttext/classifier.h"

#include <fasttext/fasttext.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <mutex>
#include <sstream>
#include <thread>

#include "lib/base/error.h"
#include "lib/modules/fasttext/native_file.h"
#include "lib/modules/fasttext/words.h"

namespace ostler {

namespace {

// The library takes logarithms of probabilities with this added, so that what it gives back is too large by
// it.
constexpr float kAdded = 1e-5F;

// A thread's start costs as much as some lines.
constexpr std::size_t kRowsPerThread = 128;

fasttext::loss_name loss_of(const std::string& name) {
  if (name == "hs") return fasttext::loss_name::hs;
  if (name == "ns") return fasttext::loss_name::ns;
  if (name == "ova") return fasttext::loss_name::ova;
  return fasttext::loss_name::softmax;
}

// Filled in field by field: Args::parseArgs ends the process over what it does not like.
fasttext::Args args_for(const std::string& path, const FastTextSettings& settings) {
  fasttext::Args args;
  args.input = path;
  args.model = fasttext::model_name::sup;
  args.label = kLabelPrefix;
  args.epoch = settings.epoch;
  args.lr = settings.lr;
  args.dim = settings.dim;
  args.wordNgrams = settings.word_ngrams;
  args.bucket = settings.bucket;
  args.minn = settings.minn;
  args.maxn = settings.maxn;
  args.minCount = settings.min_count;
  args.minCountLabel = 0;
  args.loss = loss_of(settings.loss);
  args.thread = settings.threads;
  args.seed = settings.seed;
  args.verbose = 0;
  return args;
}

}  // namespace

Classifier::Classifier(std::shared_ptr<fasttext::FastText> model) : model_(std::move(model)) {
  const auto dictionary = model_->getDictionary();
  double total = 0;
  for (const std::int64_t count : dictionary->getCounts(fasttext::entry_type::label)) {
    labels_.push_back(dictionary->getLabel(static_cast<std::int32_t>(labels_.size())));
    frequencies_.push_back(static_cast<float>(count));
    total += static_cast<double>(count);
  }
  for (float& frequency : frequencies_) frequency = static_cast<float>(frequency / std::max(total, 1.0));
  const fasttext::loss_name loss = model_->getArgs().loss;
  is_distribution_ = loss == fasttext::loss_name::softmax || loss == fasttext::loss_name::hs;
  exact_ = loss != fasttext::loss_name::hs;
}

Classifier Classifier::train(const std::string& path, const FastTextSettings& settings,
                             const std::function<void(double)>& progress) {
  // Called by every thread, each 64 lines, and an exception in it would end the process.
  constexpr float kStep = 0.002F;
  std::mutex mutex;
  float reported = -1;
  const auto callback = [&](float part, float, double, double, std::int64_t) noexcept {
    try {
      const std::unique_lock lock(mutex, std::try_to_lock);
      if (!lock || part < reported + kStep) return;
      reported = part;
      progress(std::min(part, 1.0F));
    } catch (...) {  // progress that cannot be told is no reason to stop
      return;
    }
  };
  auto model = std::make_shared<fasttext::FastText>();
  try {
    model->train(args_for(path, settings), callback);
  } catch (const fasttext::DenseMatrix::EncounteredNaNError&) {
    throw invalid_argument(
        fmt::format("training has gone astray: with lr={} the numbers grow beyond all bounds; give a smaller "
                    "lr",
                    settings.lr));
  } catch (const std::invalid_argument& error) {
    throw invalid_argument(std::string("fastText cannot learn from this data: ") + error.what());
  }
  if (model->getDictionary()->nwords() == 0)
    throw invalid_argument(
        fmt::format("no word of the text occurs {} times (min_count)", settings.min_count));
  return Classifier(std::move(model));
}

Classifier Classifier::load(const std::string& path) {
  check_native_file(path);
  auto model = std::make_shared<fasttext::FastText>();
  try {
    model->loadModel(path);
  } catch (const std::exception& error) {
    throw Error(StatusCode::data_loss, fmt::format("{} cannot be loaded: {}", path, error.what()));
  }
  return Classifier(std::move(model));
}

void Classifier::save(const std::string& path) const {
  try {
    model_->saveModel(path);
    check_native_file(path);  // the library does not look whether all was written
  } catch (const std::exception& error) {
    throw Error(StatusCode::resource_exhausted,
                fmt::format("{} could not be written whole ({}): is the disk full?", path, error.what()));
  }
}

std::vector<Guess> Classifier::predict(std::string lines, std::size_t count) const {
  const auto rows = static_cast<std::size_t>(std::count(lines.begin(), lines.end(), '\n'));
  count = std::min(count, labels_.size());
  std::vector<Guess> guesses(rows * count);
  std::istringstream stream(std::move(lines));
  const auto dictionary = model_->getDictionary();
  std::vector<std::int32_t> words, labels;
  fasttext::Predictions found;
  for (std::size_t row = 0; row < rows; ++row) {
    dictionary->getLine(stream, words, labels);
    found.clear();
    try {
      model_->predict(static_cast<std::int32_t>(count), words, found);
    } catch (const std::exception& error) {
      throw Error(StatusCode::internal, std::string("fastText cannot predict: ") + error.what());
    }
    Guess* guess = &guesses[row * count];
    // Nothing of the line is known: what is known then is how frequent the labels are.
    if (found.empty())
      for (std::size_t i = 0; i < count; ++i) guess[i] = {static_cast<int>(i), frequencies_[i]};
    for (std::size_t i = 0; i < std::min(count, found.size()); ++i)
      guess[i] = {found[i].second, std::clamp(std::exp(found[i].first) - (exact_ ? kAdded : 0), 0.0F, 1.0F)};
  }
  return guesses;
}

std::vector<Guess> predict_rows(const Classifier& classifier, std::size_t rows, std::size_t count,
                                int threads, const std::function<void(std::size_t, std::string&)>& append) {
  count = std::min(count, classifier.labels().size());
  std::vector<Guess> guesses(rows * count);
  const std::size_t shares =
      std::clamp<std::size_t>(rows / kRowsPerThread, 1, static_cast<std::size_t>(std::max(threads, 1)));
  std::vector<std::exception_ptr> failures(shares);
  const auto work = [&](std::size_t share) {
    const std::size_t first = rows * share / shares, end = rows * (share + 1) / shares;
    try {
      std::string lines;
      for (std::size_t row = first; row < end; ++row) {
        append(row, lines);
        lines += '\n';
      }
      const std::vector<Guess> found = classifier.predict(std::move(lines), count);
      std::copy(found.begin(), found.end(), guesses.begin() + static_cast<std::ptrdiff_t>(first * count));
    } catch (...) {
      failures[share] = std::current_exception();
    }
  };
  std::vector<std::jthread> workers;
  for (std::size_t share = 1; share < shares; ++share) workers.emplace_back(work, share);
  work(0);
  workers.clear();  // waits for them
  for (const std::exception_ptr& failure : failures)
    if (failure) std::rethrow_exception(failure);
  return guesses;
}

}  // namespace ostler
