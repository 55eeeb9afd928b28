#include "lib/manager/compare.h"

#include <fmt/format.h>

#include <cstdio>

#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/base/strings.h"
#include "lib/core/model_directory.h"
#include "lib/core/requirement.h"
#include "lib/jobs/job_directory.h"
#include "lib/jobs/job_spec.h"
#include "lib/manager/evaluate.h"
#include "lib/manager/model_manager.h"
#include "lib/manager/validation.h"
#include "lib/manager/work_data.h"
#include "lib/manager/worker.h"

namespace ostler {

namespace {

// A note is shown in one line; a library's message may be of any length.
constexpr std::size_t kLongestNote = 1000;

std::optional<double> number_in(const Value& map, const std::string& name) {
  const Value* value = map.find(name);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  return value->as_number();
}

Value metrics_of(const ModuleConfig& config) {
  const Value* metrics = config.values().find("metrics");
  return metrics == nullptr ? Value::object() : *metrics;
}

// The module is the training's own, as a rule: then its manifest is in the specification. Another one is
// looked for as any command in the job's directory and environment would.
LoadedModel load_old(const ModelDirectory& old, const JobSpec& spec) {
  if (old.config().module_id() != spec.module.module_id || spec.module.is_command()) {
    ModelManager::Options options;
    options.working_directory = spec.working_directory;
    LoadArguments arguments;
    arguments.threads = spec.cpus;
    return ModelManager(options).load(old.path(), "default", "default", arguments);
  }
  LoadedModel model;
  model.config = old.config();
  model.manifest = spec.module;
  model.load_backend = kLocalBackend;
  model.module = open_module(spec.module).load({model.config, old.read_path(), kLocalBackend, spec.cpus});
  if (!model.module) throw internal_error("module " + spec.module.name + " loaded nothing");
  return model;
}

struct Comparison {
  bool better = true;
  std::string tracking_id, note;
  std::optional<double> old_value, new_value;
};

// Of the old model, on the rows that the new one was measured on; nothing where it has no such metric there.
std::optional<double> measure_old(const LoadedModel& old, const std::string& path, const JobSpec& spec,
                                  const RowFiles& validation, const std::string& metric) {
  EvaluationPlan plan;
  plan.sources = record_sources(validation);
  plan.format = data_format(spec);
  // The question is who predicts this training's label better, whatever the old one was made for.
  plan.label = spec.parameters.get_string("label");
  plan.weight = spec.parameters.get_string("weight");
  const Evaluation evaluation = evaluate_model(old, plan);
  std::printf("the model at %s, on the same %llu rows: %s\n", path.c_str(),
              static_cast<unsigned long long>(evaluation.rows), to_json(evaluation.metrics).c_str());
  return number_in(evaluation.metrics, metric);
}

// What kind of comparison it is depends on whether ostler measured the new model, or its program did. Throws
// what keeps it from comparing two models that can be read: then nothing says that the new one is better.
Comparison compare(const JobSpec& spec, const JobPaths& paths) {
  Comparison found;
  const MetricChoice choice = parse_metric_choice(spec.keep_best);
  found.new_value =
      number_in(metrics_of(ModuleConfig::load(staged_path(spec.save_path, spec.uuid))), choice.metric);
  RowFiles validation;
  if (find_metric(choice.metric) != nullptr && !spec.module.is_command())
    validation = divide_data(spec, data_paths(spec, paths)).validation;
  std::optional<ModelDirectory> old;
  std::optional<LoadedModel> loaded;
  try {
    old = ModelDirectory::open(spec.save_path);
    found.tracking_id = old->config().tracking_id();
    old->verify();
    if (!validation.paths.empty()) loaded = load_old(*old, spec);
    if (loaded) found.tracking_id = loaded->config.tracking_id();
  } catch (const Error& error) {
    if (!old && error.code() == StatusCode::not_found) return found;
    if (error.code() == StatusCode::resource_exhausted) throw;
    found.note = error.what();  // it cannot be read, and is replaced
    return found;
  }
  if (loaded) {
    found.old_value = measure_old(*loaded, old->path(), spec, validation, choice.metric);
  } else {
    found.old_value = number_in(metrics_of(old->config()), choice.metric);
    found.note = "as " + choice.metric + " was measured when each of them was trained";
  }
  found.better =
      found.new_value && found.old_value &&
      (choice.larger_is_better ? *found.new_value > *found.old_value : *found.new_value < *found.old_value);
  if (!found.old_value)
    found.note = "that one has no " + choice.metric + ": train once without --keep-best to replace it";
  return found;
}

}  // namespace

int run_compare(const std::string& job_directory) {
  calm_waiting_threads();
  try {
    const JobPaths paths(job_directory);
    const JobSpec spec = read_spec(paths.spec);
    const Comparison found = compare(spec, paths);
    std::fflush(stdout);
    const auto value = [](const std::optional<double>& number) { return number ? Value(*number) : Value(); };
    append_event(paths.events, Value::object({{"event", "compared"},
                                              {"time", format_time(Clock::system().now())},
                                              {"better", found.better},
                                              {"tracking_id", found.tracking_id},
                                              {"old", value(found.old_value)},
                                              {"new", value(found.new_value)},
                                              {"note", found.note.substr(0, kLongestNote)}}));
    return 0;
  } catch (const std::exception& error) {
    append_event(JobPaths(job_directory).events, Value::object({{"event", "error"},
                                                                {"time", format_time(Clock::system().now())},
                                                                {"message", error.what()}}));
    return 1;
  }
}

}  // namespace ostler
