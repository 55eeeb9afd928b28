#pragma once

// What the library is told. What the user leaves open is decided from the data, so that few lines are learned
// as well as many, and the model stays small.

#include <cstdint>
#include <string>

#include "lib/core/module.h"
#include "lib/modules/fasttext/corpus.h"

namespace ostler {

struct FastTextSettings {
  int epoch = 10;
  double lr = 0.5;
  int dim = 50;
  int word_ngrams = 2;
  int bucket = 0;  // rows of the model for sequences of words and parts of words; 0 where there are none
  int minn = 0, maxn = 0;
  int min_count = 1;
  std::string loss = "softmax";
  int threads = 1;
  int seed = 0;
};

// Throws Error (invalid_argument) for parameters that do not fit each other.
FastTextSettings fasttext_settings(const Value& parameters, const Corpus& corpus, int cpus);
// For the model's config.yml, and the log.
Value to_value(const FastTextSettings& settings);

}  // namespace ostler
