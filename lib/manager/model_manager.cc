#include "lib/manager/model_manager.h"

#include <fmt/format.h>

#include <algorithm>

#include "lib/base/files.h"
#include "lib/base/install.h"
#include "lib/base/user.h"
#include "lib/core/requirement.h"
#include "lib/data/data_files.h"
#include "lib/data/records.h"
#include "lib/manager/model_archive.h"
#include "lib/manager/plugin_components.h"
#include "lib/manager/provenance.h"
#include "lib/manager/training_checks.h"
#include "lib/manager/work_data.h"
#include "lib/model_management/submission.h"

namespace ostler {

std::string store_home(const std::optional<std::string>& home, const std::vector<std::string>& environment,
                       const std::string& working_directory) {
  const auto variable = [&](std::string_view name) -> std::string {
    return environment_value(environment, name).value_or("");
  };
  if (home) {
    if (home->empty()) throw invalid_argument("--home is empty; is a shell variable unset?");
    return absolute_path(*home, working_directory);
  }
  if (const std::string own = variable("OSTLER_HOME"); !own.empty())
    return absolute_path(own, working_directory);
  // The XDG specification has relative paths ignored.
  if (const std::string state = variable("XDG_STATE_HOME"); starts_with(state, "/"))
    return absolute_path(state + "/ostler");
  const std::string of_user = user_home(environment);
  if (of_user.empty())
    throw Error(StatusCode::failed_precondition,
                "cannot tell where the job store is: HOME is not set; set OSTLER_HOME or give --home DIR");
  return absolute_path(of_user + "/.local/state/ostler");
}

namespace {

// The top-level key `pool`: cpus a number, gpus a number (so many, from 0) or a list of numbers; null: what
// the machine has.
Pool read_pool(const Value& config) {
  constexpr std::int64_t kMost = 100000;
  const auto number = [&](const Value& value, const char* what, std::int64_t least) {
    const std::int64_t given = value.as_integer(what);
    if (given < least || given > kMost)
      throw invalid_argument(fmt::format("{}{} must be from {} to {}", value.where(), what, least, kMost));
    return static_cast<int>(given);
  };
  Pool pool;
  if (const Value* cpus = config.find("cpus"); cpus != nullptr && !cpus->is_null())
    pool.cpus = number(*cpus, "pool.cpus", 1);
  const Value* gpus = config.find("gpus");
  if (gpus == nullptr || gpus->is_null()) return pool;
  pool.gpus.emplace();
  if (gpus->is_array()) {
    for (const Value& gpu : gpus->as_array()) {
      const int given = number(gpu, "a number in pool.gpus", 0);
      if (std::find(pool.gpus->begin(), pool.gpus->end(), given) != pool.gpus->end())
        throw invalid_argument(fmt::format("{}pool.gpus has {} twice", gpu.where(), given));
      pool.gpus->push_back(given);
    }
    return pool;
  }
  const int count = number(*gpus, "pool.gpus", 0);
  for (int gpu = 0; gpu < count; ++gpu) pool.gpus->push_back(gpu);
  return pool;
}

}  // namespace

ModelManager::ModelManager(const Options& options) {
  context_.working_directory =
      options.working_directory.empty() ? ostler::working_directory() : options.working_directory;
  context_.environment = options.environment ? *options.environment : process_environment();

  ConfigurationRequest request = configuration_request();
  request.working_directory = context_.working_directory;
  request.config_file = options.config_file;
  request.environment = context_.environment;
  request.given = options.configuration;
  configuration_ = load_configuration(request, options.keep_faults ? &faults_ : nullptr);
  const Value& values = configuration_.values;
  for (const auto& [name, trainer] : values.at("model_management").at("trainers").as_object("trainers"))
    for (const char* key : {"use_subprocess", "subprocess_start_method"})
      if (const Value* config = trainer.find("config"); config != nullptr && config->find(key) != nullptr)
        configuration_.warnings.push_back(fmt::format(
            "{} of the trainer \"{}\" changes nothing: the work is always in a process of its own", key,
            name));

  const auto take = [&](auto&& read) {
    if (!options.keep_faults) return read();
    try {
      read();
    } catch (const Error& error) {
      faults_.emplace_back(error.what());
    }
  };
  take([&] {
    context_.load_path =
        absolute_path(values.at("load_path").as_string("load_path"), context_.working_directory);
  });
  std::vector<std::string> directories = {modules_directory()};
  take([&] {
    const Value& listed = values.at("module_directories");
    if (listed.is_null()) return;
    for (const Value& directory : listed.as_array("module_directories"))
      if (!directory.as_string("module_directories").empty())
        directories.push_back(path_in_configuration(directory, context_.working_directory));
  });
  take([&] {
    read_archive_limits(values.at("archives"));
    context_.archives = values.at("archives");
  });
  PluginCatalog::Options modules;
  modules.directories = std::move(directories);
  modules.trusted = environment_value(context_.environment, "OSTLER_TRUST").value_or("");
  if (const Value* declared = values.find("modules")) modules.declared = *declared;
  modules.working_directory = context_.working_directory;
  modules.path = environment_value(context_.environment, "PATH").value_or("/usr/local/bin:/usr/bin:/bin");
  modules.trust_code = options.trust_code;
  catalog_ = std::make_unique<PluginCatalog>(std::move(modules));
  JobEngine::Options engine;
  engine.home = store_home(options.home, context_.environment, context_.working_directory);
  engine.job_program = job_program_path();
  take([&] {
    const Pool pool = read_pool(values.at("pool"));
    engine.cpus = pool.cpus;
    engine.gpus = pool.gpus;
  });
  engine_ = std::make_unique<JobEngine>(std::move(engine));
  context_.modules = catalog_.get();
  context_.jobs = engine_.get();
  context_.finders = instances("finders", &ModelManager::finder);
  context_.initializers = instances("initializers", &ModelManager::initializer);
}

void ModelManager::initialize_components() {
  std::vector<std::string> faults = faults_;
  const auto attempt = [&](auto&& build) {
    try {
      build();
    } catch (const Error& error) {
      // A member's fault is that of whoever is made of it, too.
      if (std::find(faults.begin(), faults.end(), error.what()) == faults.end())
        faults.emplace_back(error.what());
    }
  };
  const auto build_all = [&](const char* section, auto build) {
    const Value* configured = configuration_.values.at("model_management").find(section);
    if (configured == nullptr || !configured->is_object()) return;
    for (const Value::Member& component : configured->as_object())
      attempt([&] { (this->*build)(component.first); });
  };
  build_all("finders", &ModelManager::finder);
  build_all("initializers", &ModelManager::initializer);
  build_all("trainers", &ModelManager::trainer);
  build_all("job_predictors", &ModelManager::predictor);
  attempt([&] { catalog_->list(); });
  if (!faults.empty()) throw all_faults(faults);
}

template <typename Component, typename Choice>
Instances<Component> ModelManager::instances(const std::string& section,
                                             const Component& (ModelManager::*get)(const Choice&)) {
  Instances<Component> all;
  const Value& configured = configuration_.values.at("model_management").at(section);
  for (const auto& [name, spec] : configured.as_object("model_management." + section))
    all.names.push_back(name);
  all.get = [this, get](const std::string& name) -> const Component& { return (this->*get)(name); };
  return all;
}

template <typename Component>
Component& ModelManager::component(std::map<std::string, std::unique_ptr<Component>>& built,
                                   Factory<Component, ComponentContext>& factory,
                                   std::vector<ComponentType<Component>> Plugin::*brought,
                                   const std::string& section, const std::string& role,
                                   const std::string& instance) {
  const std::lock_guard lock(mutex_);
  std::unique_ptr<Component>& place = built[instance];
  if (place) return *place;
  const Value& instances = configuration_.values.at("model_management").at(section);
  const Value* spec = instances.find(instance);
  if (spec == nullptr) {
    std::vector<std::string> names;
    for (const auto& [name, value] : instances.as_object()) names.push_back(name);
    throw invalid_argument(fmt::format("Unknown {}: \"{}\"{} (configured: {})", role, instance,
                                       did_you_mean(instance, names), join(names, ", ")));
  }
  // A component may ask for others while it is built: for itself, too, through them.
  const std::string mark = role + " " + instance;
  const auto begin = std::find(building_.begin(), building_.end(), mark);
  if (begin != building_.end()) {
    std::string chain;
    for (auto link = begin; link != building_.end(); ++link) chain += link->substr(role.size() + 1) + " -> ";
    throw invalid_argument(fmt::format("{}the {} \"{}\" is made of itself: {}{}; take one out of its list",
                                       spec->where(), role, instance, chain, instance));
  }
  building_.push_back(mark);
  try {
    register_plugin_type(factory, brought, {*spec, section, role, instance}, *catalog_,
                         context_.working_directory);
    place = factory.construct(*spec, instance, context_);
  } catch (...) {
    building_.pop_back();
    throw;
  }
  building_.pop_back();
  return *place;
}

const ModelFinderBase& ModelManager::finder(const FinderChoice& choice) {
  if (choice.component() != nullptr) return *choice.component();
  return component(finders_, factories_.finders, &Plugin::finders, "finders", "finder", choice.instance());
}
const ModelInitializerBase& ModelManager::initializer(const InitializerChoice& choice) {
  if (choice.component() != nullptr) return *choice.component();
  return component(initializers_, factories_.initializers, &Plugin::initializers, "initializers",
                   "initializer", choice.instance());
}
ModelTrainerBase& ModelManager::trainer(const TrainerChoice& choice) {
  if (choice.component() != nullptr) return *choice.component();
  return component(trainers_, factories_.trainers, &Plugin::trainers, "trainers", "trainer",
                   choice.instance());
}
JobPredictorBase& ModelManager::predictor(const PredictorChoice& choice) {
  if (choice.component() != nullptr) return *choice.component();
  return component(predictors_, factories_.predictors, &Plugin::job_predictors, "job_predictors",
                   "job predictor", choice.instance());
}

namespace {

// Opening the first file of a prediction reads its header and finds the columns that the model
// needs.
void check_columns(const LoadedModel& model, const PredictArguments& arguments,
                   const std::string& working_directory) {
  if (arguments.data.empty() || arguments.data[0] == "-" || !model.module) return;
  const std::string path = absolute_path(arguments.data[0], working_directory);
  ReadOptions read;
  read.format = arguments.input_format;
  read.fallback_format = model.manifest.input == "text" ? "text" : "csv";
  read.columns = model.module->input_columns();
  if (arguments.keep.is_array())
    for (const Value& name : arguments.keep.as_array()) read.keep.push_back(name.as_string("keep"));
  open_records({{path, -1}}, read);
}

}  // namespace

std::vector<std::string> ModelManager::expand_data(const std::vector<std::string>& given,
                                                   const std::string& format) const {
  return ostler::expand_data(given, format, context_.working_directory);
}

std::string ModelManager::directory_of_model(const std::string& model_path, const std::string& parameter) {
  const FoundModel found = find_model(model_path);
  if (!found.directory || found.keeps)
    throw invalid_argument(fmt::format("the parameter {} is a model's directory, and {} is none{}", parameter,
                                       model_path, found.keeps ? ": extract the archive first" : ""));
  found.directory->verify();
  return absolute_path(found.directory->path(), context_.working_directory);
}

namespace {

// What the model's config.yml tells of it; its columns and classes the training holds against the data.
void check_base_model(const ModuleManifest& manifest, const TrainArguments& arguments,
                      const std::string& parameter, const std::string& path, const std::string& shown) {
  const ModuleConfig config = ModelDirectory::open(path).config();
  if (config.module_id() != manifest.module_id)
    throw invalid_argument(fmt::format("{}={}: {} goes on from models of its own only, and this one is of {}",
                                       parameter, shown, manifest.name, config.name()));
  const Value* target = config.values().find("target");
  const std::string label = target == nullptr ? "" : target->get_string("label");
  const std::string wanted = arguments.parameters.get_string("label");
  if (!label.empty() && !wanted.empty() && label != wanted)
    throw invalid_argument(
        fmt::format("{}={}: that model predicts the column \"{}\", and the label is \"{}\"", parameter, shown,
                    label, wanted));
}

}  // namespace

std::unique_ptr<ModelFuture> ModelManager::train(const std::string& module, const TrainArguments& arguments,
                                                 const TrainerChoice& trainer_choice, bool wait) {
  const ModuleManifest manifest = catalog_->find_to_train(module);
  ModelTrainerBase& chosen = trainer(trainer_choice);
  TrainArguments expanded = arguments;
  expanded.data = expand_data(arguments.data, arguments.data_format);
  expanded.validation = expand_data(arguments.validation, arguments.data_format);
  check_training(manifest, expanded, context_.working_directory);
  for (const ParameterSpec& spec : manifest.parameters) {
    Value* given = spec.type == ParameterType::model ? expanded.parameters.find(spec.name) : nullptr;
    if (given == nullptr || given->is_null()) continue;
    const std::string model_path = given->as_string(spec.name);
    *given = directory_of_model(model_path, spec.name);
    if (!manifest.is_command())
      check_base_model(manifest, expanded, spec.name, given->as_string(), model_path);
  }
  auto future = chosen.train(manifest, expanded);
  if (wait) future->wait();
  return future;
}

std::optional<ModelManager::UnchangedModel> ModelManager::find_unchanged(const std::string& module,
                                                                         const TrainArguments& arguments) {
  const ModuleManifest manifest = catalog_->find_to_train(module);
  const std::string path = final_save_path(arguments, "", context_.working_directory);
  TrainArguments expanded = arguments;
  expanded.data = expand_data(arguments.data, arguments.data_format);
  expanded.validation = expand_data(arguments.validation, arguments.data_format);
  check_training(manifest, expanded, context_.working_directory);
  if (path.empty() || arguments.save_with_id)
    throw invalid_argument(
        "--skip-unchanged looks at the model that is at the save path: give --save-path, without "
        "--save-with-id");
  WantedTraining wanted{manifest, {}, {}, {}, {}, arguments.validation_fraction};
  const auto paths = [&](const std::vector<std::string>& given) {
    std::vector<std::string> list;
    for (const std::string& file : expand_data(given, arguments.data_format)) {
      if (file == "-")
        throw invalid_argument("--skip-unchanged compares files: standard input (-) cannot be the data");
      list.push_back(absolute_path(file, context_.working_directory));
    }
    return list;
  };
  wanted.data = paths(arguments.data);
  wanted.validation = paths(arguments.validation);
  if (!is_directory(path)) return std::nullopt;
  try {
    const ModelDirectory model = ModelDirectory::open(path);
    JobSpec spec;  // as the training would have it
    spec.module = manifest;
    spec.data_format = arguments.data_format;
    for (const std::string& file : wanted.data) spec.data.push_back({file, 0, 0});
    wanted.data_format = trained_format(spec);
    Value parameters = arguments.parameters;
    for (const ParameterSpec& parameter : manifest.parameters) {
      Value* given = parameter.type == ParameterType::model ? parameters.find(parameter.name) : nullptr;
      if (given == nullptr || given->is_null()) continue;
      *given = directory_of_model(given->as_string(parameter.name), parameter.name);
      wanted.models[parameter.name] = ModelDirectory::open(given->as_string()).config().tracking_id();
    }
    wanted.parameters = check_parameters(manifest, parameters);
    if (!was_made_so(model.config().values(), wanted)) return std::nullopt;
    model.verify();
    UnchangedModel unchanged{path, std::nullopt, {}};
    const Value* metrics = model.config().values().find("metrics");
    for (const std::string& condition : arguments.require) {
      std::string why =
          why_not_met(parse_requirement(condition), metrics == nullptr ? Value::object() : *metrics);
      if (!why.empty()) unchanged.failures.push_back(std::move(why));
    }
    if (const Value* train = model.config().values().find("train"); train != nullptr) {
      try {
        unchanged.job = engine_->get_info(engine_->resolve(train->get_string("job")));
      } catch (const Error&) {
        // Purged since, or made with another store.
      }
    }
    return unchanged;
  } catch (const Error&) {
    // What is no model, or a damaged one, is to be made anew; what is wrong with the words is said by
    // train().
    return std::nullopt;
  }
}

std::unique_ptr<PredictionFuture> ModelManager::start_prediction_job(const LoadedModel& model,
                                                                     const PredictArguments& arguments,
                                                                     const PredictorChoice& predictor_choice,
                                                                     bool wait) {
  JobPredictorBase& chosen = predictor(predictor_choice);
  PredictArguments expanded = arguments;
  expanded.data = expand_data(arguments.data, arguments.input_format);
  check_columns(model, expanded, context_.working_directory);
  auto future = chosen.predict(model, expanded);
  if (wait) future->wait();
  return future;
}

std::optional<LoadedModel> ModelManager::model_to_come(const std::string& model_path, JobOptions& job) {
  std::string uuid;
  try {
    uuid = engine_->resolve(model_path);
  } catch (const Error&) {
    return std::nullopt;
  }
  const JobInfo info = engine_->get_info(uuid);
  if (info.kind != JobKind::train || is_terminal(info.status)) return std::nullopt;
  const JobSpec spec = engine_->read_spec(uuid);
  LoadedModel model;
  // What its config.yml will say, as far as that is known.
  model.config = ModuleConfig(Value::object({{"module_id", spec.module.module_id},
                                             {"train", Value::object({{"data_format", trained_format(spec)},
                                                                      {"parameters", spec.parameters}})}}),
                              info.save_path.value_or(""));
  model.manifest = spec.module;
  const ModuleBackend* backend = model.manifest.find_backend(kLocalBackend);
  if (backend == nullptr) backend = &model.manifest.backends.at(0);
  model.load_backend = backend->type;
  if (backend->config.is_object()) model.backend_config = backend->config;
  job.after.push_back(uuid);
  return model;
}

std::vector<std::string> ModelManager::get_module_backends() {
  std::vector<std::string> types;
  const Value& configured = configuration_.values.at("model_management").at("initializers");
  for (const auto& [name, spec] : configured.as_object("model_management.initializers"))
    for (const std::string& type : initializer(name).backends())
      if (std::find(types.begin(), types.end(), type) == types.end()) types.push_back(type);
  return types;
}

// An instance that is no longer configured: the default one gives a handle as good.
std::string ModelManager::instance_of(const std::string& job_id, const std::string& section) {
  std::string instance;
  try {
    instance = engine_->get_info(engine_->resolve(job_id)).instance;
  } catch (const Error& error) {
    if (error.code() != StatusCode::not_found) throw;
    instance = unhash_instance_name(job_id.substr(0, job_id.find(':')));
  }
  const Value& instances = configuration_.values.at("model_management").at(section);
  return instances.find(instance) == nullptr ? "default" : instance;
}

std::unique_ptr<ModelFuture> ModelManager::get_model_future(const std::string& training_id) {
  return trainer(instance_of(training_id, "trainers")).get_model_future(training_id);
}

std::unique_ptr<PredictionFuture> ModelManager::get_prediction_future(const std::string& prediction_id) {
  return predictor(instance_of(prediction_id, "job_predictors")).get_prediction_future(prediction_id);
}

std::map<std::string, std::string> ModelManager::get_valid_module_ids() const {
  std::map<std::string, std::string> ids;
  for (const ModuleManifest& manifest : catalog_->list()) ids[manifest.module_id] = manifest.module_class;
  return ids;
}

}  // namespace ostler
