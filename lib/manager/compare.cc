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

// Of the old model, on the rows that the new one was measured on. Throws Error.
double measure_old(const ModelDirectory& old, const JobSpec& spec, const RowFiles& validation,
                   const std::string& metric, Comparison& found) {
  const LoadedModel model = load_old(old, spec);
  found.tracking_id = model.config.tracking_id();
  EvaluationPlan plan;
  plan.sources = record_sources(validation);
  plan.format = data_format(spec);
  // The question is who predicts this training's label better, whatever the old one was made for.
  plan.label = spec.parameters.get_string("label");
  plan.weight = spec.parameters.get_string("weight");
  const Evaluation evaluation = evaluate_model(model, plan);
  std::printf("the model at %s, on the same %llu rows: %s\n", old.path().c_str(),
              static_cast<unsigned long long>(evaluation.rows), to_json(evaluation.metrics).c_str());
  const auto value = number_in(evaluation.metrics, metric);
  if (!value) throw invalid_argument(fmt::format("it has no {} on these rows", metric));
  return *value;
}

double recorded(const ModelDirectory& old, const std::string& metric) {
  const auto value = number_in(metrics_of(old.config()), metric);
  if (!value) throw invalid_argument(fmt::format("its config.yml has no metric {}", metric));
  return *value;
}

// What kind of comparison it is depends on whether ostler measured the new model, or its program did.
Comparison compare(const JobSpec& spec, const JobPaths& paths) {
  Comparison found;
  const MetricChoice choice = parse_metric_choice(spec.keep_best);
  found.new_value =
      number_in(metrics_of(ModuleConfig::load(staged_path(spec.save_path, spec.uuid))), choice.metric);
  std::optional<ModelDirectory> old;
  try {
    old = ModelDirectory::open(spec.save_path);
    found.tracking_id = old->config().tracking_id();
    old->verify();
    RowFiles validation;
    if (find_metric(choice.metric) != nullptr && !spec.module.is_command())
      validation = divide_data(spec, data_paths(spec, paths)).validation;
    if (validation.paths.empty()) {
      found.old_value = recorded(*old, choice.metric);
      found.note = "as " + choice.metric + " was measured when each of them was trained";
    } else {
      found.old_value = measure_old(*old, spec, validation, choice.metric, found);
    }
  } catch (const Error& error) {
    if (!old && error.code() == StatusCode::not_found) return found;
    found.note = error.what();
    return found;
  } catch (const std::exception& error) {
    found.note = error.what();
    return found;
  } catch (...) {
    found.note = "its module failed and does not say why";
    return found;
  }
  found.better = found.new_value && (choice.larger_is_better ? *found.new_value > *found.old_value
                                                             : *found.new_value < *found.old_value);
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
    std::printf("error: the models could not be compared: %s\n", error.what());
    std::fflush(stdout);
    return 1;
  }
}

}  // namespace ostler
