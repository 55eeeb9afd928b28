#pragma once

// The moves of model directories that publications (publish.h) and rollbacks (rollback.cc) have in common.
// Their caller holds the publishing lock of `target`. Beside the target lie, until they are removed or for
// good,
//   .<name>.ostler-<uuid>                   what the job of that uuid has staged
//   .<name>.ostler-old-<...>                a model that was replaced or is no longer kept, and that somebody
//                                           was still reading; it belongs to nobody any more
//   .<name>.ostler-previous-<time>-<uuid>   a model that was replaced then, and is kept

#include <optional>
#include <string>
#include <vector>

#include "lib/base/clock.h"

namespace ostler {

// Of its config.yml; empty where there is none, or it cannot be read.
std::string tracking_id_of(const std::string& model);

// Where the replaced model that lies at `path` goes: to a previous_path where models are kept and it is one
// (an empty directory is not), else to be discarded.
std::string place_aside(const std::string& path, const std::string& target, int keep_previous);
// A name for a model that is replaced now. Later than that of any that is kept, whatever the clock says.
std::string previous_path(const std::string& target);

struct KeptModel {
  std::string path;
  Time replaced{};
};
// The newest first. By their names alone.
std::vector<KeptModel> kept_models(const std::string& target);
// Gives all but the newest `keep` to discard_discarded.
void discard_surplus(const std::string& target, int keep);
// Removes what is to be discarded and is not being read.
void discard_discarded(const std::string& target);

// Exchanges two directories in one step. False where one is missing, or the file system cannot do that.
bool exchange_directories(const std::string& one, const std::string& other);
// Afterwards `model` is at `target`; what was there lies at `model`, or already where place_aside says: where
// the file system cannot exchange, it is moved aside first, and for a moment there is nothing at `target`.
void replace_model(const std::string& model, const std::string& target, int keep_previous);

}  // namespace ostler
