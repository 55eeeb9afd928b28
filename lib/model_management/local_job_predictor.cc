#include "lib/model_management/local_job_predictor.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "lib/base/files.h"

namespace ostler {

namespace {

void check_output(const std::string& path, const std::vector<DataFile>& data) {
  const auto status = file_status(path);
  if (status && status->type == FileStatus::Type::directory)
    throw invalid_argument("cannot write predictions to " + path + ": it is a directory; name a file");
  // It would be replaced by one.
  if (status && status->type != FileStatus::Type::file)
    throw invalid_argument("cannot write predictions to " + path + ": it is no regular file");
  for (const DataFile& file : data)
    if (is_same_file(path, file.path))
      throw invalid_argument("cannot write predictions to " + path + ": it is the data; name another file");
  const std::string above = parent_path(path);
  if (!is_directory(above))
    throw invalid_argument("cannot write predictions to " + path + ": there is no directory " + above);
  if (::access(above.c_str(), W_OK | X_OK) != 0)
    throw system_error(errno, "cannot write predictions to " + path);
}

}  // namespace

std::unique_ptr<JobPredictorBase> LocalJobPredictor::build(const Value& config,
                                                           const std::string& instance_name,
                                                           const ComponentContext& context) {
  const std::string whose = "the job predictor \"" + instance_name + "\"";
  check_instance_name("job predictor", instance_name);
  check_known_keys(
      config,
      {"result_dir", "max_concurrent", "cancel_grace", "retention_duration", "on_lost", "max_requeues"},
      whose);
  std::string result_dir = config.get_string("result_dir");
  if (!result_dir.empty()) result_dir = absolute_path(result_dir, context.working_directory);
  return std::make_unique<LocalJobPredictor>(instance_name, read_limits(config, whose), result_dir, context);
}

LocalJobPredictor::LocalJobPredictor(std::string instance_name, InstanceLimits limits, std::string result_dir,
                                     ComponentContext context)
    : instance_name_(std::move(instance_name)),
      limits_(limits),
      result_dir_(std::move(result_dir)),
      context_(std::move(context)) {}

std::unique_ptr<PredictionFuture> LocalJobPredictor::predict(const LoadedModel& model,
                                                             const PredictArguments& arguments) {
  // Without a module it is one that is not there yet: then the job finds out.
  const std::vector<std::string> methods =
      model.module ? model.module->run_methods() : std::vector<std::string>{arguments.method};
  if (std::find(methods.begin(), methods.end(), arguments.method) == methods.end())
    throw invalid_argument(fmt::format("module {} has no method \"{}\"{} (methods: {})", model.manifest.name,
                                       arguments.method, did_you_mean(arguments.method, methods),
                                       join(methods, ", ")));
  if (arguments.data.empty()) throw invalid_argument("no data to predict on");
  JobSpec spec = make_spec(JobKind::predict, instance_name_, limits_, model.manifest, arguments.data,
                           arguments.job, context_);
  spec.model = model.config.model_path();
  spec.model_as_given = model.config.model_path();
  spec.data_format = arguments.input_format;
  std::string output = arguments.output;
  if (!output.empty()) {
    output = behind_links(absolute_path(output, context_.working_directory));
    check_output(output, spec.data);
  } else if (!result_dir_.empty()) {
    output = join_path(join_path(result_dir_, spec.uuid), "result." + arguments.output_format);
  }
  spec.predict = Value::object({{"input_format", arguments.input_format},
                                {"output_format", arguments.output_format},
                                {"output", output},
                                {"keep", arguments.keep},
                                {"probabilities", arguments.probabilities},
                                {"top", arguments.top},
                                {"on_error", arguments.on_error},
                                {"method", arguments.method},
                                {"backend", model.load_backend},
                                {"backend_config", model.backend_config},
                                {"archives", context_.archives}});
  const std::string uuid = submit(spec, arguments.standard_input, arguments.job, context_);
  return std::make_unique<EngineFuture<PredictionFuture>>(*context_.jobs, uuid, spec.id);
}

std::unique_ptr<PredictionFuture> LocalJobPredictor::get_prediction_future(
    const std::string& prediction_id) const {
  const std::string uuid = resolve_job(*context_.jobs, prediction_id, JobKind::predict);
  return std::make_unique<EngineFuture<PredictionFuture>>(*context_.jobs, uuid,
                                                          context_.jobs->get_info(uuid).id);
}

}  // namespace ostler
