#include "lib/model_management/local_model_trainer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "lib/base/files.h"

namespace ostler {

namespace {

class LocalModelFuture : public EngineFuture<ModelFuture> {
 public:
  LocalModelFuture(JobEngine& engine, const std::string& uuid, const std::string& id, std::string save_path)
      : EngineFuture(engine, uuid, id), save_path_(std::move(save_path)) {}
  std::string save_path() const override { return save_path_; }

 private:
  std::string save_path_;
};

// Gives errno, or 0. Tried, not asked: only that finds a read-only or full disk, and what root may not do
// either.
int try_to_write(const std::string& directory) {
  // A file without a name: a kill leaves nothing of it.
  const UniqueFd file(::open(directory.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600));
  if (file) return ::write(file.get(), "", 1) == 1 ? 0 : errno;
  if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL) return errno;
  // The file system cannot do that.
  const std::string trial = join_path(directory, ".ostler-trial-" + make_uuid4());
  return ::mkdir(trial.c_str(), 0700) == 0 && ::rmdir(trial.c_str()) == 0 ? 0 : errno;
}

// Refused now rather than after hours of training.
void check_save_path(const std::string& path, int keep_previous) {
  // What lies beside the target while it is published, and what is kept there, has longer names (publish.h).
  constexpr std::size_t kLongestName = 200, kLongestKeptName = 175;
  const std::size_t longest = keep_previous > 0 ? kLongestKeptName : kLongestName;
  if (file_name(path).size() > longest)
    throw invalid_argument(
        fmt::format("cannot save a model at {}: its name is longer than {} bytes", path, longest));
  const std::string why = why_not_replaceable(path);
  if (!why.empty()) throw invalid_argument("cannot save a model there: " + why);
  std::string above = parent_path(path);
  while (!file_status(above)) above = parent_path(above);
  if (!is_directory(above))
    throw invalid_argument("cannot save a model at " + path + ": " + above + " is no directory");
  if (const int error = try_to_write(above); error != 0)
    throw Error(
        StatusCode::permission_denied,
        fmt::format("cannot save a model at {}: cannot write to {}: {}", path, above, std::strerror(error)));
}

}  // namespace

std::unique_ptr<ModelTrainerBase> LocalModelTrainer::build(const Value& config,
                                                           const std::string& instance_name,
                                                           const ComponentContext& context) {
  const std::string whose = "the trainer \"" + instance_name + "\"";
  check_instance_name("trainer", instance_name);
  check_known_keys(config,
                   {"max_concurrent", "cancel_grace", "retention_duration", "delete_saved_models", "on_lost",
                    "max_requeues", "use_subprocess", "subprocess_start_method"},
                   whose);
  return std::make_unique<LocalModelTrainer>(instance_name, read_limits(config, whose), context);
}

LocalModelTrainer::LocalModelTrainer(std::string instance_name, InstanceLimits limits,
                                     ComponentContext context)
    : instance_name_(std::move(instance_name)), limits_(limits), context_(std::move(context)) {}

std::unique_ptr<ModelFuture> LocalModelTrainer::train(const ModuleManifest& module,
                                                      const TrainArguments& arguments) {
  if (arguments.data.empty())
    throw invalid_argument("no data to train on: ostler train " + module.name +
                           " DATA (- for standard input)");
  JobSpec spec =
      make_spec(JobKind::train, instance_name_, limits_, module, arguments.data, arguments.job, context_);
  spec.parameters = check_parameters(module, arguments.parameters);
  spec.data_format = arguments.data_format;
  spec.model_name = arguments.model_name;
  spec.save_path = final_save_path(arguments, spec.uuid, context_.working_directory);
  if (!spec.save_path.empty()) check_save_path(spec.save_path, arguments.keep_previous);
  for (const std::string& given : arguments.validation)
    spec.validation.push_back(look_at_data(given, context_.working_directory));
  spec.validation_fraction = arguments.validation_fraction;
  spec.require = arguments.require;
  spec.keep_best = arguments.keep_best;
  spec.keep_previous = arguments.keep_previous;
  const std::string uuid = submit(spec, arguments.standard_input, arguments.job, context_);
  if (uuid != spec.uuid) return get_model_future(uuid);
  return std::make_unique<LocalModelFuture>(*context_.jobs, spec.uuid, spec.id, spec.save_path);
}

std::unique_ptr<ModelFuture> LocalModelTrainer::get_model_future(const std::string& training_id) const {
  const std::string uuid = resolve_job(*context_.jobs, training_id, JobKind::train);
  const JobInfo info = context_.jobs->get_info(uuid);
  return std::make_unique<LocalModelFuture>(*context_.jobs, uuid, info.id, info.save_path.value_or(""));
}

}  // namespace ostler
