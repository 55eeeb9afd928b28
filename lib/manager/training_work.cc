#include "lib/manager/training_work.h"

#include <fmt/format.h>
#include <unistd.h>

#include "lib/base/files.h"
#include "lib/base/install.h"
#include "lib/base/strings.h"
#include "lib/core/requirement.h"
#include "lib/jobs/store_layout.h"
#include "lib/manager/evaluate.h"
#include "lib/manager/plugin_catalog.h"
#include "lib/manager/provenance.h"
#include "lib/manager/validation.h"
#include "lib/manager/work_data.h"

namespace ostler {

namespace {

Value now_text() { return format_time(Clock::system().now()); }

// What a model's config.yml keeps of a training, but for its length: see provenance.h.
Value training_record(const JobSpec& spec, const DividedData& data, const Value& models) {
  std::vector<std::string> shown, shown_validation;
  for (const DataFile& file : spec.data) shown.push_back(file.path);
  for (const DataFile& file : spec.validation) shown_validation.push_back(file.path);
  Value validation;
  if (spec.validation_fraction > 0)
    validation = Value::object({{"fraction", spec.validation_fraction}});
  else if (!shown_validation.empty())
    validation = Value::object({{"data", checksummed(data.validation.paths, shown_validation)}});
  return Value::object({{"job", spec.id},
                        {"parameters", spec.parameters},
                        {"data", checksummed(data.learned.paths, shown)},
                        {"data_format", trained_format(spec)},
                        {"validation", validation},
                        {"models", models},
                        {"cpus", spec.cpus},
                        {"host", host_name()},
                        {"started", now_text()},
                        {"duration", Value()},
                        {"command", spec.command},
                        {"git", git_state(spec.working_directory)}});
}

// MDL-1: the keys that caikit's ModuleSaver writes, then ours.
ModuleConfig model_config(const JobSpec& spec, const Module& module, SaveResult saved,
                          const std::string& tracking_id, Value record) {
  const Value now = now_text();
  Value values = Value::object({{"ostler_version", version()},
                                {"created", now},
                                {"saved", now},
                                {"name", spec.module.name},
                                {"tracking_id", tracking_id},
                                {"module_id", spec.module.module_id},
                                {"module_class", spec.module.module_class},
                                {"version", spec.module.version}});
  if (!spec.module.library.empty())
    values["library"] = Value::object({{"name", spec.module.library}, {"version", module.library_version()}});
  values["train"] = std::move(record);
  values["target"] = to_value(module.target());
  values["metrics"] = module.metrics();
  if (saved.config.is_object())
    for (auto& [key, value] : saved.config.as_object())
      if (values.find(key) == nullptr) values[key] = std::move(value);
  return ModuleConfig(std::move(values), {});
}

// "/proc/self/fd/7" as this process's programs can read it, too.
std::string known_to_programs(const std::string& read_path) {
  constexpr std::string_view self = "/proc/self/";
  return "/proc/" + std::to_string(::getpid()) + "/" + read_path.substr(self.size());
}

// What was measured on new data stands first, and wins.
Value joined_metrics(Value measured, const Value& others) {
  for (const auto& [name, value] : others.as_object())
    if (measured.find(name) == nullptr) measured[name] = value;
  return measured;
}

// The metrics of what was saved, as anybody will load it, on rows that it has not learned from. A program
// measures itself: its own metrics are those that it has told.
Value measure(const JobSpec& spec, const ModuleConfig& config, const std::string& staged,
              const RowFiles& validation, const TrainRequest& request, EventReporter& reporter) {
  if (validation.paths.empty() || spec.module.is_command()) return Value::object();
  LoadedModel model;
  model.config = config;
  model.manifest = spec.module;
  model.load_backend = kLocalBackend;
  model.module = open_module(spec.module).load({config, staged, kLocalBackend, spec.cpus});
  EvaluationPlan plan;
  plan.sources = record_sources(validation);
  plan.format = request.data_format;
  const Evaluation evaluation = evaluate_model(model, plan);
  reporter.log(fmt::format("measured on {} rows that were not learned from: {}", evaluation.rows,
                           to_json(evaluation.metrics)));
  if (evaluation.unknown_rows > 0)
    reporter.log(
        fmt::format("note: {} of them have labels that the model does not know ({}), and count as wrong",
                    evaluation.unknown_rows, join(evaluation.unknown_labels, ", ")));
  return evaluation.metrics;
}

void check_requirements(const JobSpec& spec, const Value& metrics, const std::string& staged,
                        const std::string& rejected) {
  std::vector<std::string> failures;
  for (const std::string& condition : spec.require) {
    std::string why = why_not_met(parse_requirement(condition), metrics);
    if (!why.empty()) failures.push_back(std::move(why));
  }
  if (!spec.keep_best.empty()) {
    const std::string metric = parse_metric_choice(spec.keep_best).metric;
    const Value* value = metrics.find(metric);
    if (value == nullptr || !value->is_number())
      failures.push_back(fmt::format("the model has no {}, which --keep-best compares{}", metric,
                                     spec.module.is_command() ? "" : ", on the validation data"));
  }
  if (failures.empty()) return;
  remove_tree(rejected);  // of an attempt that was lost after this
  move_directory(staged, rejected);
  throw RequirementNotMet(StatusCode::failed_precondition,
                          join(failures, "; ") + "; the model that was made is at " + rejected);
}

}  // namespace

void run_training(const JobSpec& spec, const JobPaths& paths, EventReporter& reporter) {
  note_changed_data(spec, reporter);
  const Duration began = Clock::system().steady();
  const ModuleClass& module_class = open_module(spec.module);
  TrainRequest request;
  const DividedData data = divide_data(spec, data_paths(spec, paths));
  request.data = data.learned;
  request.validation = data.validation;
  request.data_format = data_format(spec);
  request.parameters = spec.parameters;
  if (Value* task = request.parameters.find("task"); data.task && task != nullptr && task->is_null())
    *task = learning_task_name(*data.task);
  // Held until the training has ended: it reads one model, whole, though another is published there
  // meanwhile.
  std::vector<ModelDirectory> models;
  Value tracking_ids = Value::object();
  for (const ParameterSpec& parameter : spec.module.parameters) {
    Value* given = parameter.type == ParameterType::model ? request.parameters.find(parameter.name) : nullptr;
    if (given == nullptr || given->is_null()) continue;
    models.push_back(ModelDirectory::open(given->as_string(parameter.name)));
    models.back().verify();
    tracking_ids[parameter.name] = models.back().config().tracking_id();
    *given = known_to_programs(models.back().read_path());
  }
  request.cpus = spec.cpus;
  request.directory = join_path(paths.directory, "training");
  Value record = training_record(spec, data, tracking_ids);
  const std::unique_ptr<Module> module = module_class.train(request, reporter);
  if (!module) throw internal_error("module " + spec.module.name + " trained nothing");

  const std::string target = spec.save_path.empty() ? join_path(paths.directory, "model") : spec.save_path;
  const std::string staged = staged_path(target, spec.uuid);
  make_directories(parent_path(target));
  remove_tree(staged);
  make_directories(staged);
  const std::string tracking_id = make_uuid4();
  SaveResult saved = module->save(staged);
  remove_tree(request.directory);
  ModuleConfig config = model_config(spec, *module, std::move(saved), tracking_id, std::move(record));
  const Value metrics =
      joined_metrics(measure(spec, config, staged, data.validation, request, reporter), module->metrics());
  config.values()["metrics"] = metrics;
  config.values()["train"]["duration"] = seconds(Clock::system().steady() - began);
  add_file_manifest(config, staged);
  config.save(staged);
  fsync_tree(staged);
  fsync_directory(parent_path(target));

  reporter.flush();
  append_event(paths.events,
               Value::object({{"event", "metrics"}, {"time", now_text()}, {"metrics", metrics}}));
  check_requirements(spec, metrics, staged, join_path(paths.directory, "model"));
  append_event(paths.events, Value::object({{"event", "done"},
                                            {"time", now_text()},
                                            {"result", target},
                                            {"publish", Value::object({{"staged", staged},
                                                                       {"target", target},
                                                                       {"tracking_id", tracking_id}})}}));
}

}  // namespace ostler
