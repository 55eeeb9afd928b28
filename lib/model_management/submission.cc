#include "lib/model_management/submission.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "lib/base/files.h"
#include "lib/jobs/job_directory.h"
#include "lib/model_management/code_copy.h"

namespace ostler {

namespace {

// Belongs to the submitter's terminal, session or outer job, and would be wrong or misleading in a job that
// outlives it.
constexpr std::string_view kSessionVariables[] = {
    "TERM",          "TERMCAP",        "COLUMNS",
    "LINES",         "SHLVL",          "_",
    "OLDPWD",        "WINDOWID",       "STY",
    "COLORTERM",     "VTE_VERSION",    "GPG_TTY",
    "DISPLAY",       "XAUTHORITY",     "WAYLAND_DISPLAY",
    "SSH_AUTH_SOCK", "SSH_AGENT_PID",  "DBUS_SESSION_BUS_ADDRESS",
    "INVOCATION_ID", "JOURNAL_STREAM", "NOTIFY_SOCKET",
    "MAKEFLAGS",     "MAKELEVEL",      "MFLAGS"};
constexpr std::string_view kSessionPrefixes[] = {
    "SSH_CLIENT",  "SSH_CONNECTION", "SSH_TTY",          "TMUX",          "TERM_",
    "XDG_SESSION", "XDG_VTNR",       "XDG_SEAT",         "KITTY_",        "KONSOLE_",
    "ITERM_",      "OSTLER_JOB_",    "OSTLER_MODEL_DIR", "OSTLER_PARAMS", "OSTLER_EVENTS"};

// All that a clean environment has.
constexpr std::string_view kCleanVariables[] = {"PATH",  "HOME", "USER", "LOGNAME",
                                                "SHELL", "LANG", "TZ",   "TMPDIR"};
constexpr int kRequeues = 3;

struct Limit {
  const char* name;
  __rlimit_resource resource;
};
constexpr Limit kLimits[] = {{"as", RLIMIT_AS},         {"core", RLIMIT_CORE},   {"cpu", RLIMIT_CPU},
                             {"data", RLIMIT_DATA},     {"fsize", RLIMIT_FSIZE}, {"memlock", RLIMIT_MEMLOCK},
                             {"nofile", RLIMIT_NOFILE}, {"nproc", RLIMIT_NPROC}, {"stack", RLIMIT_STACK}};

Value read_rlimits() {
  const auto shown = [](rlim_t limit) {
    return limit == RLIM_INFINITY ? Value() : Value(std::uint64_t{limit});
  };
  Value limits = Value::object();
  for (const Limit& limit : kLimits) {
    rlimit now{};
    if (::getrlimit(limit.resource, &now) == 0)
      limits[limit.name] = Value::array({shown(now.rlim_cur), shown(now.rlim_max)});
  }
  return limits;
}

// The umask without setting it, which would race with other threads of an embedding program.
unsigned read_umask() {
  const std::string status = read_file("/proc/self/status");
  const std::size_t at = status.find("\nUmask:");
  if (at == std::string::npos) return 022;
  return static_cast<unsigned>(std::strtoul(status.c_str() + at + 7, nullptr, 8));
}

}  // namespace

DataFile look_at_data(const std::string& given, const std::string& working_directory) {
  const std::string path = absolute_path(given, working_directory);
  const auto status = file_status(path);
  if (!status) throw invalid_argument("there is no data file " + path);
  if (status->type == FileStatus::Type::directory)
    throw invalid_argument(path + " is a directory; name the data files in it");
  if (status->type != FileStatus::Type::file)
    throw invalid_argument(
        path + " is no regular file: a job that may start later cannot read it; use - for a pipe");
  if (!try_open_file(path, O_RDONLY)) throw system_error(errno, "cannot read the data file " + path);
  if (status->size == 0) throw invalid_argument("the data file " + path + " is empty");
  return {path, status->size, status->modified_ns};
}

namespace {

// A duration as caikit writes it, or a number of seconds; nothing when it is absent or null.
std::optional<Duration> read_duration(const Value& config, const std::string& key, const std::string& whose) {
  const Value* value = config.find(key);
  if (value == nullptr || value->is_null()) return std::nullopt;
  const auto duration = parse_duration(value->is_number() ? to_json(*value) : value->as_string(key));
  if (!duration)
    throw invalid_argument(value->where() + key + " of " + whose +
                           " is no duration (such as 10s, 1m30s, 1d12h or 2w)");
  return duration;
}

}  // namespace

InstanceLimits read_limits(const Value& config, const std::string& whose) {
  InstanceLimits limits;
  if (const Value* value = config.find("max_concurrent"); value != nullptr && !value->is_null()) {
    const auto number = value->as_integer("max_concurrent of " + whose);
    if (number < 1 || number > 100000)
      throw invalid_argument(value->where() + "max_concurrent of " + whose +
                             " must be at least 1, or null for no limit");
    limits.max_concurrent = static_cast<int>(number);
  }
  limits.cancel_grace = read_duration(config, "cancel_grace", whose).value_or(limits.cancel_grace);
  limits.retention = read_duration(config, "retention_duration", whose);
  limits.delete_saved_models = config.get_boolean("delete_saved_models");
  const std::string on_lost = config.get_string("on_lost", "error");
  if (on_lost != "error" && on_lost != "requeue")
    throw invalid_argument(config.at("on_lost").where() + "on_lost of " + whose +
                           " is error or requeue, not \"" + on_lost + "\"" +
                           did_you_mean(on_lost, {"error", "requeue"}));
  const auto requeues = config.get_integer("max_requeues", kRequeues);
  if (requeues < 1 || requeues > 1000)
    throw invalid_argument(config.at("max_requeues").where() + "max_requeues of " + whose +
                           " must be from 1 to 1000");
  if (on_lost == "requeue") limits.max_requeues = static_cast<int>(requeues);
  return limits;
}

void check_instance_name(const std::string& role, const std::string& instance_name) {
  if (instance_name.find(':') != std::string::npos || instance_name.empty())
    throw invalid_argument(
        fmt::format("the {} \"{}\" cannot have that name: job ids are made of it, so it must not be "
                    "empty or hold a colon",
                    role, instance_name));
}

std::vector<std::string> captured_environment(const std::vector<std::string>& environment,
                                              const JobOptions& options) {
  std::vector<std::string> kept;
  const auto is_given = [&](std::string_view name) {
    return std::any_of(options.environment.begin(), options.environment.end(),
                       [&](std::string_view given) { return given.substr(0, given.find('=')) == name; });
  };
  for (const std::string& entry : environment) {
    const std::string_view name = std::string_view(entry).substr(0, entry.find('='));
    if (is_given(name)) continue;
    if (options.clean_environment && !starts_with(name, "LC_") &&
        std::find(std::begin(kCleanVariables), std::end(kCleanVariables), name) == std::end(kCleanVariables))
      continue;
    const bool session = std::find(std::begin(kSessionVariables), std::end(kSessionVariables), name) !=
                             std::end(kSessionVariables) ||
                         std::any_of(std::begin(kSessionPrefixes), std::end(kSessionPrefixes),
                                     [&](std::string_view prefix) { return starts_with(name, prefix); });
    if (!session) kept.push_back(entry);
  }
  // The last of a name, as of every option.
  for (auto given = options.environment.begin(); given != options.environment.end(); ++given) {
    const std::string start = given->substr(0, given->find('=') + 1);
    if (std::none_of(given + 1, options.environment.end(),
                     [&](const std::string& later) { return starts_with(later, start); }))
      kept.push_back(*given);
  }
  return kept;
}

namespace {

void check_word(const std::string& text, const std::string& what) {
  if (text.empty()) throw invalid_argument(what + " is empty; is a shell variable unset?");
  if (text.size() > 200 || text.find_first_of("\n\r\t") != std::string::npos ||
      find_invalid_utf8(text) != std::string::npos || text.find('\0') != std::string::npos)
    throw invalid_argument(what + " must be one line of text, at most 200 bytes");
}

}  // namespace

void check_external_id(const std::string& external) {
  check_word(external, "--id");
  if (starts_with(external, "-"))
    throw invalid_argument(
        "--id must not begin with \"-\", or every command would take it for an option: \"" + external + "\"");
  if (!is_path_component(external))
    throw invalid_argument("--id must be one plain name, without \"/\" and not \"..\": \"" + external + "\"");
  if (is_uuid(external)) throw invalid_argument("--id must not look like a uuid: ostler's own ids do");
}

namespace {

// What says when, where and how often the job runs.
void take_options(JobSpec& spec, const JobOptions& options, JobEngine& jobs) {
  spec.gpus = options.gpus;
  spec.priority = options.priority;
  for (const std::string& id : options.after) spec.after.push_back(jobs.resolve(id));
  spec.time_limit = options.time_limit;
  if (spec.time_limit && *spec.time_limit <= Duration(0))
    throw invalid_argument("--time-limit must be longer than nothing");
  spec.retries = options.retries;
  spec.retry_delay = options.retry_delay;
  spec.on_finish = options.on_finish;
  if (!options.tags.empty()) spec.tags = Value::object();
  for (const auto& [name, value] : options.tags) {
    check_word(name, "the name of a --tag");
    check_word(value, "the value of --tag " + name);
    spec.tags[name] = value;
  }
  if (!options.group.empty()) check_word(options.group, "--group");
  spec.group = options.group;
  for (const std::string& entry : options.environment) {
    const std::size_t equals = entry.find('=');
    const std::string name = entry.substr(0, equals);
    if (equals == std::string::npos || name.empty())
      throw invalid_argument("--env " + name + ": a variable is given as NAME=VALUE");
    constexpr std::string_view own[] = {"OSTLER_RUNNER", "OSTLER_MODEL_DIR", "OSTLER_PARAMS",
                                        "OSTLER_EVENTS"};
    if (starts_with(name, "OSTLER_JOB_") || starts_with(name, "OSTLER_TEST_") ||
        std::find(std::begin(own), std::end(own), name) != std::end(own))
      throw invalid_argument("--env " + name + ": ostler itself sets that for the job");
  }
}

}  // namespace

JobSpec make_spec(JobKind kind, const std::string& instance_name, const InstanceLimits& limits,
                  const ModuleManifest& module, const std::vector<std::string>& data,
                  const JobOptions& options, const ComponentContext& context) {
  JobSpec spec;
  spec.kind = kind;
  spec.uuid = make_uuid4();
  spec.id = hash_instance_name(instance_name) + ":" + spec.uuid;
  if (options.external_id) {
    const std::string& external = *options.external_id;
    check_external_id(external);
    spec.external_id = external;
    spec.id = external;
  }
  spec.instance = instance_name;
  spec.module = module;
  bool standard_input = false;
  for (const std::string& given : data) {
    if (given == "-") {
      if (standard_input) throw invalid_argument("standard input (-) can be given as data once only");
      standard_input = true;
      spec.data.push_back({"-", 0, 0});
    } else {
      spec.data.push_back(look_at_data(given, context.working_directory));
    }
  }
  spec.working_directory = context.working_directory;
  spec.umask = read_umask();
  spec.rlimits = read_rlimits();
  spec.command = options.command;
  spec.submission_time = Clock::system().now();
  const int cores = pool_cpus(context.jobs->pool());
  const int usual = kind == JobKind::predict ? 1 : module.cpus;  // a prediction is one stream
  spec.cpus = options.cpus.value_or(usual == 0 ? cores : std::min(usual, cores));
  take_options(spec, options, *context.jobs);
  spec.max_concurrent = limits.max_concurrent;
  spec.cancel_grace = limits.cancel_grace;
  spec.retention = limits.retention;
  spec.delete_saved_model = limits.delete_saved_models;
  spec.max_requeues = limits.max_requeues;
  return spec;
}

std::string submit(JobSpec& spec, int standard_input, const JobOptions& options,
                   const ComponentContext& context) {
  JobEngine::Attachments attachments;
  attachments.code = take_code(spec.module, JobPaths(context.jobs->job_directory(spec.uuid)).code);
  attachments.environment = captured_environment(context.environment, options);
  for (const DataFile& file : spec.data)
    if (file.path == "-") attachments.standard_input = standard_input;
  return context.jobs->submit(spec, attachments, options.if_exists);
}

std::string final_save_path(const TrainArguments& arguments, const std::string& uuid,
                            const std::string& working_directory) {
  if (!arguments.model_name.empty() && !is_path_component(arguments.model_name))
    throw invalid_argument("--model-name must be one plain name, not \"" + arguments.model_name + "\"");
  if (arguments.save_path.empty()) {
    if (arguments.save_with_id || !arguments.model_name.empty())
      throw invalid_argument(
          "--save-with-id and --model-name say where below --save-path: give --save-path too");
    return {};
  }
  if (starts_with(arguments.save_path, "s3://") || starts_with(arguments.save_path, "S3://"))
    throw invalid_argument("saving to S3 is not supported yet: " + arguments.save_path +
                           "; give a directory");
  std::string path = absolute_path(arguments.save_path, working_directory);
  const auto add = [&](const std::string& component) {
    const std::vector<std::string> parts = split(path, '/');
    if (std::find(parts.begin(), parts.end(), component) == parts.end()) path = join_path(path, component);
  };
  if (arguments.save_with_id) add(uuid);
  if (!arguments.model_name.empty()) add(arguments.model_name);
  if (path == "/") throw invalid_argument("a model cannot be saved at /");
  return path;
}

std::string resolve_job(JobEngine& engine, const std::string& id, JobKind kind) {
  const std::string uuid = engine.resolve(id);
  if (engine.get_info(uuid).kind != kind)
    throw not_found(
        fmt::format("the job {} is no {}", id, kind == JobKind::train ? "training" : "prediction"));
  return uuid;
}

}  // namespace ostler
