#pragma once

// spec.json: all that a job needs to run, on its own, later, elsewhere, without SQLite or the user's
// configuration. Unknown keys are passed over by the reader; a larger "format" is refused by name.

#include <string>
#include <utility>
#include <vector>

#include "lib/base/value.h"
#include "lib/core/job.h"
#include "lib/core/module_manifest.h"

namespace ostler {

struct DataFile {
  std::string path;  // absolute
  std::uint64_t size = 0;
  std::int64_t modified_ns = 0;  // both as seen at submit: a change is noted in the job's log
};

// A file that a job takes a copy of.
struct CodeFile {
  std::string from, name;  // absolute; relative to the copy
};

struct JobSpec {
  static constexpr int kFormat = 1;

  std::string uuid, id;
  std::optional<std::string> external_id;
  JobKind kind = JobKind::train;
  std::string instance;  // of the trainer or predictor
  std::string executor = "LOCAL";
  ModuleManifest module;
  Value parameters;  // complete
  std::vector<DataFile> data;
  std::string data_format;
  std::string save_path;  // training: absolute, ids included; empty: the job's directory
  std::string model_name;
  // Training: what it is measured on, as TrainArguments has it.
  std::vector<DataFile> validation;
  double validation_fraction = 0;
  std::vector<std::string> require;
  std::string keep_best;
  int keep_previous = 0;
  std::string model;  // prediction: absolute path of the model
  std::string model_as_given;
  Value predict;  // prediction: {input_format, output_format, output, keep, probabilities, top, on_error,
                  // method}
  std::string working_directory;
  unsigned umask = 022;
  Value rlimits;        // {"nofile": [soft, hard], ...}; null for infinity
  Value configuration;  // resolved: load_path and the instance's config
  Value command;        // arguments, for status
  Time submission_time{};
  int cpus = 1, gpus = 0, priority = 0;
  std::optional<int> max_concurrent;  // the instance's limit
  Duration cancel_grace = std::chrono::seconds(10);
  std::optional<Duration> retention;  // how long after its end the job is kept; none: for ever
  bool delete_saved_model = false;    // purging deletes the model at `save_path` too, while it is this job's
  Value tags;                         // a map of texts
  std::string group;                  // of jobs that belong together; empty: none
  // Uuids of jobs that must be COMPLETED before this one starts.
  std::vector<std::string> after;
  // From the start to the end of the work, attempts and the delays between them included.
  std::optional<Duration> time_limit;
  int retries = 0;  // further attempts after one that has failed
  Duration retry_delay{};
  int max_requeues = 0;   // how often a lost job is queued again (on_lost: requeue); 0: it is ERRORED
  std::string on_finish;  // a command for /bin/sh, run once after the end
};

Value to_value(const JobSpec& spec);
JobSpec job_spec_from(const Value& value);
JobSpec read_spec(const std::string& path);

}  // namespace ostler
