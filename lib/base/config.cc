#include "lib/base/config.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/base/strings.h"
#include "lib/base/user.h"

extern char** environ;

namespace ostler {

namespace {

// Set for programs inside a job, or heeded elsewhere: no configuration keys.
constexpr std::string_view kOwnVariables[] = {"HOME",    "CONFIG",    "TRUST",  "JOB_ID", "JOB_STATUS",
                                              "JOB_DIR", "MODEL_DIR", "PARAMS", "EVENTS"};

bool is_checked_elsewhere(const Value& schema) { return schema.find("~") != nullptr; }

const Value* schema_of(const Value& schema, const std::string& key) {
  const Value* found = schema.find(key);
  return found != nullptr ? found : schema.find("*");
}

std::vector<std::string> keys_of(const Value& map) {
  std::vector<std::string> keys;
  if (map.is_object())
    for (const auto& [key, value] : map.as_object())
      if (key != "*" && key != "~") keys.push_back(key);
  return keys;
}

// Collects the faults of `values`, and takes what has them out.
void check_keys(Value& values, const Value& schema, const std::string& path, std::vector<Error>& faults) {
  if (schema.is_null() || is_checked_elsewhere(schema) || values.is_null()) return;
  if (!values.is_object()) {
    faults.push_back(
        invalid_argument(fmt::format("{}{} must be a map, not {}", values.where(),
                                     path.empty() ? "the configuration" : path, values.kind_name())));
    values = Value();
    return;
  }
  std::vector<std::string> unknown;
  for (auto& [key, value] : values.as_object()) {
    const std::string full = path.empty() ? key : path + "." + key;
    const Value* below = schema_of(schema, key);
    if (below != nullptr) {
      check_keys(value, *below, full, faults);
      continue;
    }
    unknown.push_back(key);
    faults.push_back(invalid_argument(
        fmt::format("{}unknown key \"{}\"{}{}", value.where(), full, did_you_mean(key, keys_of(schema)),
                    path.empty() ? "" : " (known: " + join(keys_of(schema), ", ") + ")")));
  }
  for (const std::string& key : unknown) values.erase(key);
}

void merge(Value& into, const Value& from) {
  if (!into.is_object() || !from.is_object()) {
    into = from;
    return;
  }
  const Value *old_type = into.find("type"), *new_type = from.find("type");
  if (old_type != nullptr && new_type != nullptr && !(*old_type == *new_type)) {
    into = from;
    return;
  }
  for (const auto& [key, value] : from.as_object()) {
    Value* place = into.find(key);
    if (place == nullptr) {
      into[key] = value;
    } else if (!(value.is_null() && place->is_object())) {  // "trainers:" with nothing below changes nothing
      merge(*place, value);
    }
  }
}

// Whether there is a value under the path of keys, in which "*" stands for any.
bool has_key(const Value& values, const std::string& path) {
  const std::size_t dot = path.find('.');
  const std::string key = path.substr(0, dot);
  if (!values.is_object()) return false;
  for (const auto& [name, value] : values.as_object()) {
    if (key != "*" && key != name) continue;
    if (dot == std::string::npos ? !value.is_null() : has_key(value, path.substr(dot + 1))) return true;
  }
  return false;
}

std::string as_variable(std::string_view key) {
  std::string name;
  for (char c : key)
    name += std::isalnum(static_cast<unsigned char>(c)) ? static_cast<char>(std::toupper(c)) : '_';
  return name;
}

// The key path that the rest of a variable's name means, or nothing.
std::optional<std::vector<std::string>> match_variable(std::string_view name, const Value& values,
                                                       const Value& schema) {
  std::vector<std::string> keys = keys_of(values);
  for (std::string& key : keys_of(schema))
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(std::move(key));
  std::stable_sort(keys.begin(), keys.end(),
                   [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
  for (const std::string& key : keys) {
    const std::string variable = as_variable(key);
    if (name == variable) return std::vector<std::string>{key};
    if (!starts_with(name, variable + "_")) continue;
    static const Value kNothing;
    const Value* below = values.find(key);
    const Value* below_schema = schema_of(schema, key);
    auto rest = match_variable(name.substr(variable.size() + 1), below == nullptr ? kNothing : *below,
                               below_schema == nullptr ? kNothing : *below_schema);
    if (!rest) continue;
    rest->insert(rest->begin(), key);
    return rest;
  }
  return std::nullopt;
}

void apply_environment(const ConfigurationRequest& request, Configuration& configuration,
                       std::vector<Error>& faults) {
  Value given = Value::object();
  for (const std::string& entry : request.environment) {
    if (!starts_with(entry, "OSTLER_")) continue;
    const std::size_t equals = entry.find('=');
    if (equals == std::string::npos) continue;
    const std::string variable = entry.substr(0, equals);
    const std::string_view name = std::string_view(variable).substr(7);
    if (std::find(std::begin(kOwnVariables), std::end(kOwnVariables), name) != std::end(kOwnVariables))
      continue;
    const auto path = match_variable(name, configuration.values, request.schema);
    if (!path) {
      configuration.warnings.push_back("the environment variable " + variable +
                                       " names no key of the configuration");
      continue;
    }
    Value value = parse_yaml(std::string_view(entry).substr(equals + 1), variable);
    value.set_origin({std::make_shared<const std::string>(variable), 0});
    Value one;
    Value* place = &one;
    for (const std::string& key : *path) place = &(*place)[key];
    *place = std::move(value);
    merge(given, one);
  }
  check_keys(given, request.schema, "", faults);
  merge(configuration.values, given);
}

// True when nobody but this user can act through the group: it is the user's own and has no other members.
bool is_private_group(gid_t group) {
  const passwd* user = ::getpwuid(::getuid());
  if (user == nullptr || user->pw_gid != group) return false;
  const std::string name = user->pw_name;
  const ::group* entry = ::getgrgid(group);
  if (entry == nullptr) return true;
  if (name != entry->gr_name) return false;
  for (char** member = entry->gr_mem; *member != nullptr; ++member)
    if (name != *member) return false;
  return true;
}

}  // namespace

std::string why_not_trusted(const std::string& path, const std::string& trusted_directories) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return path + " cannot be looked at";
  for (const std::string& directory : split(trusted_directories, ':')) {
    if (directory.empty()) continue;
    const std::string top = absolute_path(directory);
    if (top == "/" || starts_with(absolute_path(path), top + "/")) return {};
  }
  const std::string remedy =
      fmt::format("; OSTLER_TRUST={} says that this is as you want it", parent_path(path));
  if (status.st_uid != ::getuid() && status.st_uid != 0)
    return fmt::format("{} names or holds code and belongs to user {}, neither you nor root{}", path,
                       status.st_uid, remedy);
  const bool group_writes = (status.st_mode & S_IWGRP) != 0 && !is_private_group(status.st_gid);
  if (group_writes || (status.st_mode & S_IWOTH) != 0)
    return fmt::format("{} names or holds code and may be written by others (chmod go-w {}){}", path,
                       shell_quote(path), remedy);
  return {};
}

Error all_faults(const std::vector<std::string>& faults) {
  if (faults.size() == 1) return invalid_argument(faults[0]);
  return invalid_argument(
      fmt::format("the configuration has {} faults:\n  {}", faults.size(), join(faults, "\n  ")));
}

namespace {

// Kept for later, or thrown as one.
void report(const std::vector<Error>& faults, std::vector<std::string>* kept) {
  std::vector<std::string> messages;
  for (const Error& fault : faults) messages.emplace_back(fault.what());
  if (kept != nullptr)
    kept->insert(kept->end(), messages.begin(), messages.end());
  else if (!faults.empty())
    throw Error(faults[0].code(), all_faults(messages).what());
}

}  // namespace

Configuration load_configuration(const ConfigurationRequest& request, std::vector<std::string>* kept_faults) {
  Configuration configuration;
  configuration.values = request.defaults;
  if (request.given) {
    Value given = *request.given;
    std::vector<Error> faults;
    check_keys(given, request.schema, "", faults);
    merge(configuration.values, given);
    report(faults, kept_faults);
    return configuration;
  }
  const auto variable = [&](std::string_view name) {
    const auto value = environment_value(request.environment, name);
    return value && !value->empty() ? value : std::nullopt;
  };
  std::string user_directory = variable("XDG_CONFIG_HOME").value_or("");
  if (user_directory.empty())
    if (const std::string home = user_home(request.environment); !home.empty())
      user_directory = join_path(home, ".config");
  std::vector<std::string> files = {request.system_file};
  if (!user_directory.empty()) files.push_back(join_path(user_directory, "ostler/config.yml"));
  files.push_back(absolute_path("ostler.yml", request.working_directory));
  const auto chosen = request.config_file ? request.config_file : variable("OSTLER_CONFIG");
  if (chosen) files.push_back(absolute_path(*chosen, request.working_directory));

  std::vector<std::string> ignored;
  std::vector<Error> faults;
  const auto read = [&](const std::string& file) {
    // One that was named may be a pipe (--config <(...)); a pipe that lies about would be waited for for
    // ever.
    const auto status = chosen && file == files.back() ? std::nullopt : file_status(file);
    if (status && status->type == FileStatus::Type::other)
      throw invalid_argument(file + " is no regular file; move it out of the way");
    const auto text = read_file_if_there(file, 16 << 20);
    if (!text && chosen && file == files.back())
      throw invalid_argument("there is no configuration file " + file +
                             (request.config_file ? " (--config)" : " (OSTLER_CONFIG)"));
    if (!text) return;
    Value document = parse_yaml(*text, file);
    for (const std::string& key : request.ignored_keys) {
      if (document.find(key) != nullptr) ignored.push_back(key);
      document.erase(key);
    }
    check_keys(document, request.schema, "", faults);
    for (const std::string& key : request.code_keys) {
      if (!has_key(document, key)) continue;
      const std::string why = why_not_trusted(file, variable("OSTLER_TRUST").value_or(""));
      if (!why.empty()) throw Error(StatusCode::permission_denied, why);
    }
    if (document.is_null()) return;
    merge(configuration.values, document);
    configuration.files.push_back(file);
  };
  for (const std::string& file : files) {
    try {
      read(file);
    } catch (const Error& error) {
      faults.push_back(error);
    }
  }
  if (!ignored.empty())
    configuration.warnings.push_back(
        "these keys of the configuration are caikit's and mean nothing to ostler: " + join(ignored, ", "));
  try {
    apply_environment(request, configuration, faults);
  } catch (const Error& error) {
    faults.push_back(error);
  }
  report(faults, kept_faults);
  return configuration;
}

std::string path_in_configuration(const Value& value, const std::string& working_directory) {
  const auto& file = value.origin().file;
  return absolute_path(value.as_string(),
                       file && starts_with(*file, "/") ? parent_path(*file) : working_directory);
}

std::optional<std::string> environment_value(const std::vector<std::string>& environment,
                                             std::string_view name) {
  for (const std::string& entry : environment)
    if (entry.size() > name.size() && entry[name.size()] == '=' && starts_with(entry, name))
      return entry.substr(name.size() + 1);
  return std::nullopt;
}

std::vector<std::string> process_environment() {
  std::vector<std::string> entries;
  for (char** entry = environ; *entry != nullptr; ++entry) entries.emplace_back(*entry);
  return entries;
}

}  // namespace ostler
