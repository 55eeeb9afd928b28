#pragma once

// What a training learns from and what it is measured on.

#include <optional>
#include <string>

#include "lib/core/module.h"
#include "lib/jobs/job_spec.h"

namespace ostler {

struct DividedData {
  RowFiles learned, validation;  // validation: no paths where the training has none
  // Where the data were divided and the label is a column: what all labels together tell of the task. The
  // rows that are left to learn from may tell otherwise.
  std::optional<LearningTask> task;
};

// Of validation files: those. Of a fraction: that part of the rows, drawn with the parameter `seed`; where
// the label is a class (a text, or one of few numbers), the same part of each class, at least one row of each
// staying to be learned from. Rows without a label are not measured on; the same data, label, fraction and
// seed divide the same way, in any process. The labels are read once for it; memory: some bytes a row.
//
// `data` are the paths to read, in the order of spec.data. Error (invalid_argument) for labels that cannot be
// read, and where the fraction leaves no row to measure on or to learn from.
DividedData divide_data(const JobSpec& spec, const std::vector<std::string>& data);

}  // namespace ostler
