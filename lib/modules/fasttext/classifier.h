#pragma once

// The library, behind a narrow seam: the only file that includes its headers is classifier.cc. Its exceptions
// end there.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lib/modules/fasttext/settings.h"

namespace fasttext {
class FastText;
}

namespace ostler {

struct Guess {
  int label = -1;  // position in labels(); -1: fewer labels than asked for have a probability above 0
  float probability = 0;
};

class Classifier {
 public:
  // Learns the lines of a file: "__label__x words". `progress` gets the part that is done, 0 to 1, from any
  // thread, one call at a time. Throws Error (invalid_argument) when training goes astray (NaN).
  static Classifier train(const std::string& path, const FastTextSettings& settings,
                          const std::function<void(double part)>& progress);
  // Throws Error (data_loss) naming the file.
  static Classifier load(const std::string& path);
  // Throws Error (resource_exhausted) when it could not be written whole.
  void save(const std::string& path) const;

  // With their prefix; the most frequent one of the training first.
  const std::vector<std::string>& labels() const { return labels_; }
  // Probabilities of the labels sum to 1 (softmax and hs), or stand each for itself (ns and ova).
  bool is_distribution() const { return is_distribution_; }

  // Classifies lines of words, each ended by "\n": `count` guesses a line, the best first. Thread-safe.
  std::vector<Guess> predict(std::string lines, std::size_t count) const;

 private:
  explicit Classifier(std::shared_ptr<fasttext::FastText> model);

  std::shared_ptr<fasttext::FastText> model_;
  std::vector<std::string> labels_;
  std::vector<float> frequencies_;  // of the labels in training
  bool is_distribution_ = true, exact_ = true;
};

// The same for `rows` texts, divided among threads where that pays: `append` appends a row's words to the
// lines, in any thread.
std::vector<Guess> predict_rows(const Classifier& classifier, std::size_t rows, std::size_t count,
                                int threads,
                                const std::function<void(std::size_t row, std::string& lines)>& append);

}  // namespace ostler
