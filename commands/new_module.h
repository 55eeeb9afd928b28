#pragma once

// ostler modules --new NAME --python|--shell: a pair of scripts that works, with its configuration.

#include <string>
#include <vector>

namespace ostler {

enum class ScriptLanguage { python, shell };

// Writes NAME/train.* and NAME/predict.* below `directory`, and the configuration that declares them:
// ostler.yml there, or NAME/ostler.yml where there is one already. Gives the paths as written, relative to
// `directory`. Throws Error (invalid_argument) and writes nothing where NAME is no module name or is there
// already.
std::vector<std::string> write_new_module(const std::string& name, ScriptLanguage language,
                                          const std::string& directory);

}  // namespace ostler
