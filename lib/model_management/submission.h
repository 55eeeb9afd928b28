#pragma once

// What trainers and job predictors share: turning arguments into a job, and handles on jobs.

#include "lib/model_management/component_context.h"

namespace ostler {

// What a trainer's or predictor's configuration says about its jobs: max_concurrent, cancel_grace,
// retention_duration, on_lost with max_requeues, and (trainers) delete_saved_models. A job keeps what was
// configured when it was submitted.
struct InstanceLimits {
  std::optional<int> max_concurrent;
  Duration cancel_grace = std::chrono::seconds(10);
  std::optional<Duration> retention;
  bool delete_saved_models = false;
  int max_requeues = 0;  // of a job that was lost; on_lost: requeue
};
InstanceLimits read_limits(const Value& config, const std::string& whose);

// An instance name must be possible to hash and un-hash: one with ":" is refused (JOB-1).
void check_instance_name(const std::string& role, const std::string& instance_name);

// The words of --id: one plain name of at most 200 bytes that is no uuid. Error (invalid_argument) otherwise.
void check_external_id(const std::string& external);

// A specification with everything but what is particular to the kind: ids, data files (absolute, checked to
// be readable regular files), working directory, umask, limits of the process, cpus. Throws Error for a data
// file that is absent, unreadable, a directory or empty.
JobSpec make_spec(JobKind kind, const std::string& instance_name, const InstanceLimits& limits,
                  const ModuleManifest& module, const std::vector<std::string>& data,
                  const JobOptions& options, const ComponentContext& context);

// One data file, as make_spec takes it.
DataFile look_at_data(const std::string& given, const std::string& working_directory);

// The submitter's environment without what belongs to a terminal or a session, or only what programs need to
// start (clean_environment), and over it what the options say.
std::vector<std::string> captured_environment(const std::vector<std::string>& environment,
                                              const JobOptions& options = {});

// Writes the job down, with the copy of its module's code, and gives its uuid; that of an earlier job where
// that one stands for it (IfExists).
std::string submit(JobSpec& spec, int standard_input, const JobOptions& options,
                   const ComponentContext& context);

// The final path of a training's model (TRN-2): `save_path`, then the uuid with `save_with_id`, then
// `model_name`, the latter two left out when they are components of the path already. Errors for names that
// are not one plain path component (TRN-10) and for S3 paths (TRN-6).
std::string final_save_path(const TrainArguments& arguments, const std::string& uuid,
                            const std::string& working_directory);

// A future over the engine.
template <typename Base>
class EngineFuture : public Base {
 public:
  EngineFuture(JobEngine& engine, std::string uuid, std::string id)
      : engine_(engine), uuid_(std::move(uuid)), id_(std::move(id)) {}
  std::string id() const override { return id_; }
  std::string uuid() const override { return uuid_; }
  JobInfo get_info() const override { return engine_.get_info(uuid_); }
  void cancel() override { engine_.cancel(uuid_); }
  std::optional<JobInfo> wait(std::optional<Duration> timeout = {}) const override {
    if (!engine_.wait({uuid_}, JobEngine::Wait::all, timeout)) return std::nullopt;
    return engine_.get_info(uuid_);
  }
  std::string result() const override {
    const JobInfo info = *wait();
    throw_if_not_completed(info);
    if (!info.result) throw internal_error("the job " + id_ + " is COMPLETED but names no result");
    return *info.result;
  }

 protected:
  JobEngine& engine_;
  std::string uuid_, id_;
};

// The uuid of the job that `id` means, which must be of this kind; Error (not_found) otherwise.
std::string resolve_job(JobEngine& engine, const std::string& id, JobKind kind);

}  // namespace ostler
