// What a ModelManager does with models on disk: find, load, extract, export, save.

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>

#include "lib/base/end_signals.h"
#include "lib/base/files.h"
#include "lib/base/install.h"
#include "lib/base/temporary_directory.h"
#include "lib/jobs/job_directory.h"
#include "lib/jobs/publish.h"
#include "lib/manager/model_archive.h"
#include "lib/manager/model_manager.h"

namespace ostler {

namespace {

// A model directory in the making, beside its target; removed with this object unless it was published.
class StagedModel {
 public:
  explicit StagedModel(std::string target)
      : target_(std::move(target)), path_(staged_path(target_, make_uuid4())) {
    if (const std::string why = why_not_replaceable(target_); !why.empty())
      throw invalid_argument("cannot save to " + target_ + ": " + why);
    make_directories(path_);
  }
  ~StagedModel() {
    try {
      remove_tree(path_);
    } catch (const Error&) {  // what is left is beside the target, and named so
    }
  }
  StagedModel(const StagedModel&) = delete;
  StagedModel& operator=(const StagedModel&) = delete;

  const std::string& path() const { return path_; }
  void publish() {
    fsync_tree(path_);
    publish_model(path_, target_);
  }

 private:
  std::string target_, path_;
};

// MDL-2: what the model is stays; what saving it again makes anew replaces what was there.
ModuleConfig saved_again(const LoadedModel& model, SaveResult saved) {
  Value values = model.config.values();
  values["ostler_version"] = version();
  values["saved"] = format_time(Clock::system().now());
  for (const char* key : {"created", "tracking_id"})
    if (values.find(key) == nullptr)
      values[key] = std::string_view(key) == "created" ? values.at("saved") : Value(make_uuid4());
  if (saved.config.is_object())
    for (auto& [key, value] : saved.config.as_object()) values[key] = std::move(value);
  return ModuleConfig(std::move(values), {});
}

}  // namespace

FoundModel ModelManager::find_model(const std::string& model_path, const FinderChoice& finder_choice,
                                    const LoadArguments& arguments) {
  if (model_path.empty()) throw invalid_argument("the model's name is empty; is a shell variable unset?");
  const std::string direct = absolute_path(model_path, context_.working_directory);
  if (is_zip(direct))
    return find_in_archive(open_file(direct, O_RDONLY).get(), direct, finder_choice, arguments);
  if (model_path[0] != '/' && !file_status(join_path(direct, "config.yml"))) {
    const std::string named = absolute_path(model_path, context_.load_path);
    if (is_zip(named))
      return find_in_archive(open_file(named, O_RDONLY).get(), named, finder_choice, arguments);
  }
  std::string why_not;
  const ModelFinderBase& chosen = finder(finder_choice);
  if (auto found = chosen.find_model(model_path, arguments, why_not)) return std::move(*found);
  // What was mistyped may be a model's name, or its path from here.
  std::vector<std::string> names, where;
  for (const ListedModel& model : chosen.list_models(where)) {
    names.push_back(model.name);
    const std::string& path = model.config.model_path();
    if (starts_with(path, context_.working_directory + "/"))
      names.push_back(path.substr(context_.working_directory.size() + 1));
  }
  throw not_found(fmt::format("no model \"{}\" was found{} (a directory with a config.yml): {}", model_path,
                              did_you_mean(model_path, names), why_not));
}

std::vector<ListedModel> ModelManager::list_models(std::vector<std::string>& where,
                                                   const FinderChoice& finder_choice) {
  return finder(finder_choice).list_models(where);
}

FoundModel ModelManager::find_in_archive(int zip, const std::string& name, const FinderChoice& finder_choice,
                                         const LoadArguments& arguments) {
  const ModelFinderBase& chosen = finder(finder_choice);
  const auto place = std::make_shared<const TemporaryDirectory>();
  extract_model(zip, name, place->path(), read_archive_limits(context_.archives));
  // Nobody but us knows the directory.
  const auto known = [&](std::string message) {
    for (std::size_t at = 0; (at = message.find(place->path(), at)) != std::string::npos; at += name.size())
      message.replace(at, place->path().size(), name);
    return message;
  };
  std::string why_not;
  std::optional<FoundModel> found;
  try {
    found = chosen.find_model(place->path(), arguments, why_not);
  } catch (const Error& error) {
    throw Error(error.code(), known(error.what()));
  }
  if (!found) throw not_found(fmt::format("no model was found in {}: {}", name, known(why_not)));
  found->config.set_model_path(name);
  if (found->directory) found->directory->show_as(name);
  found->keeps = place;
  return std::move(*found);
}

LoadedModel ModelManager::initialize(FoundModel found, const InitializerChoice& initializer_choice,
                                     const LoadArguments& arguments) {
  std::string why_not;
  if (auto loaded = initializer(initializer_choice).init(found, arguments, why_not)) {
    loaded->keeps = found.keeps;
    return std::move(*loaded);
  }
  throw not_found(fmt::format("the model {} (module {}) cannot be loaded: {}", found.config.model_path(),
                              found.config.module_id(), why_not));
}

LoadedModel ModelManager::load(const std::string& model_path, const FinderChoice& finder_choice,
                               const InitializerChoice& initializer_choice, const LoadArguments& arguments) {
  return initialize(find_model(model_path, finder_choice, arguments), initializer_choice, arguments);
}

std::shared_ptr<const LoadedModel> ModelManager::load_singleton(const std::string& model_path,
                                                                const FinderChoice& finder_choice,
                                                                const InitializerChoice& initializer_choice,
                                                                const LoadArguments& arguments) {
  return singletons_.get(model_path,
                         [&] { return load(model_path, finder_choice, initializer_choice, arguments); });
}

LoadedModel ModelManager::load_archive(std::string_view zip, const FinderChoice& finder_choice,
                                       const InitializerChoice& initializer_choice,
                                       const LoadArguments& arguments) {
  return initialize(find_in_archive(spool_archive(zip).get(), "the archive", finder_choice, arguments),
                    initializer_choice, arguments);
}

LoadedModel ModelManager::load_archive(int fd, const std::string& name, const FinderChoice& finder_choice,
                                       const InitializerChoice& initializer_choice,
                                       const LoadArguments& arguments) {
  const UniqueFd zip = spool_archive(fd, name, read_archive_limits(context_.archives).max_bytes);
  return initialize(find_in_archive(zip.get(), name, finder_choice, arguments), initializer_choice,
                    arguments);
}

std::string ModelManager::extract(const std::string& zip_path, const std::string& directory,
                                  bool force_overwrite) {
  const std::string target = absolute_path(directory, context_.working_directory);
  if (is_directory(target) && !force_overwrite) return target;
  const std::string zip = absolute_path(zip_path, context_.working_directory);
  if (!is_zip(zip)) throw not_found(zip + (file_status(zip) ? " is no zip archive" : " does not exist"));
  StagedModel staged(target);
  extract_model(open_file(zip, O_RDONLY).get(), zip, staged.path(), read_archive_limits(context_.archives));
  staged.publish();
  return target;
}

void ModelManager::save(const LoadedModel& model, const std::string& path) {
  StagedModel staged(absolute_path(path, context_.working_directory));
  SaveResult saved = model.module->save(staged.path());
  ModuleConfig config = saved_again(model, std::move(saved));
  add_file_manifest(config, staged.path());
  config.save(staged.path());
  staged.publish();
}

std::string ModelManager::place_of_model(const std::string& model_path) const {
  if (model_path.empty()) throw invalid_argument("the model's name is empty; is a shell variable unset?");
  std::vector<std::string> places = {absolute_path(model_path, context_.working_directory)};
  if (model_path[0] != '/') places.push_back(absolute_path(model_path, context_.load_path));
  for (const std::string& place : places)
    if (file_status(join_path(place, "config.yml")) || !previous_models(place).empty()) return place;
  throw not_found(
      fmt::format("there is no model \"{}\", and none that was replaced is kept there: looked at {}",
                  model_path, join(places, ", ")));
}

std::vector<PreviousModel> ModelManager::previous_models(const std::string& place) const {
  return ostler::previous_models(place);
}

std::string ModelManager::rollback(const std::string& place, const PreviousModel& model) {
  return rollback_model(place, model.path);
}

void ModelManager::export_model(const FoundModel& model, int fd, const std::string& name) {
  if (!model.directory)
    throw invalid_argument("the model " + model.config.model_path() +
                           " is not on disk and cannot be exported");
  model.directory->verify();
  try {
    write_model_archive(model.directory->read_path(), model.directory->path(), fd, name);
  } catch (const Error& error) {
    throw Error(error.code(), model.directory->with_known_path(error.what()));
  }
}

void ModelManager::export_model(const FoundModel& model, const std::string& zip_path) {
  const std::string target = absolute_path(zip_path, context_.working_directory);
  const auto refuse_if_there = [&](bool there) {
    if (there)
      throw invalid_argument(target +
                             " is there already and is not replaced; remove it or name another file");
  };
  refuse_if_there(file_status(target, Links::keep).has_value());
  const std::string staged = staged_path(target, make_uuid4());
  const UnlinkedOnSignal on_signal(staged);
  const UniqueFd file = open_file(staged, O_WRONLY | O_CREAT | O_EXCL, 0666);
  try {
    export_model(model, file.get(), target);
    if (::fsync(file.get()) != 0) throw system_error(errno, "cannot write " + target + " to disk");
    // Not over what somebody else made there meanwhile.
    if (::renameat2(AT_FDCWD, staged.c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE) != 0) {
      refuse_if_there(errno == EEXIST);
      if (errno != EINVAL && errno != ENOSYS) throw system_error(errno, "cannot write " + target);
      refuse_if_there(file_status(target, Links::keep).has_value());
      rename_path(staged, target);
    }
  } catch (...) {
    ::unlink(staged.c_str());
    throw;
  }
}

}  // namespace ostler
