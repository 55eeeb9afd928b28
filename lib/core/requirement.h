#pragma once

// A condition on a metric that a model must meet: `--require 'accuracy>=0.95'`, and for `ostler evaluate`
// with a baseline `--require 'accuracy>=baseline-0.01'`.

#include <string>
#include <string_view>

#include "lib/base/value.h"

namespace ostler {

struct Requirement {
  enum class Comparison { at_least, more, at_most, less };
  std::string text;    // as it was given
  std::string metric;  // "accuracy"
  Comparison comparison = Comparison::at_least;
  bool of_baseline = false;  // then `bound` is added to the baseline's value of the metric
  double bound = 0;
};

// METRIC>=NUMBER, with > <= < too, and baseline, baseline+NUMBER, baseline-NUMBER in place of the number.
// Error (invalid_argument) for anything else; without a comparison it says "quote it", since a shell takes an
// unquoted > for a redirection.
Requirement parse_requirement(std::string_view text);

// Empty when it is met; else what is wrong, with metric, value and bound. `baseline` is needed for conditions
// on one. A metric that `metrics` has not, or that is no number, is not met.
std::string why_not_met(const Requirement& requirement, const Value& metrics, const Value& baseline = {});

// A metric that decides between two models: "accuracy", "min:wer", "max:bleu". The direction must be given
// for a name that ostler does not know (learning_task.h); Error (invalid_argument) where it is missing, with
// the nearest known name, or is the other one than a known metric's.
struct MetricChoice {
  std::string metric;
  bool larger_is_better = true;
};
MetricChoice parse_metric_choice(std::string_view text);

}  // namespace ostler
