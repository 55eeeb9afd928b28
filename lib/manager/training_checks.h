#pragma once

// What is wrong with a training, found before there is a job.

#include <string>

#include "lib/core/model_management.h"

namespace ostler {

// Holds the columns that parameters name against the header of each data file and each validation file, and
// the metrics of `require` and `keep_best` against what the module measures and the task has. `arguments`
// have their data expanded. Error (invalid_argument) for what does not fit, with the nearest name. What
// cannot be looked at without taking from it (standard input), or only by reading much (the task, where it
// must be told from the labels of large files), the job finds out.
void check_training(const ModuleManifest& manifest, const TrainArguments& arguments,
                    const std::string& working_directory);

}  // namespace ostler
