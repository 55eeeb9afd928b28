#include "lib/core/module_config.h"

#include <algorithm>

#include "lib/base/error.h"
#include "lib/base/files.h"

namespace ostler {

namespace {

constexpr char kConfigFile[] = "config.yml";

bool is_reserved(std::string key) {
  std::transform(key.begin(), key.end(), key.begin(), [](unsigned char c) { return std::tolower(c); });
  return key == "model_path";
}

}  // namespace

ModuleConfig::ModuleConfig(Value values, std::string model_path)
    : values_(std::move(values)), model_path_(std::move(model_path)) {
  for (const auto& [key, value] : values_.as_object("a model's configuration"))
    if (is_reserved(key))
      throw invalid_argument(value.where() + "the key \"" + key +
                             "\" is reserved: where a model lies is told by where it was found");
}

ModuleConfig ModuleConfig::load(const std::string& model_path, const std::string& shown_path) {
  const std::string& shown = shown_path.empty() ? model_path : shown_path;
  const std::string file = join_path(shown, kConfigFile);
  const auto text = read_file_if_there(join_path(model_path, kConfigFile), 16 << 20);
  if (!text) throw not_found(shown + " has no config.yml: it is no model");
  const Value values = parse_yaml(*text, file);
  if (values.is_null())
    throw invalid_argument(file + ":1: the file is empty; a model's configuration names its module_id");
  if (!values.is_object())
    throw invalid_argument(values.where() + "a model's configuration is a map of keys, not " +
                           std::string(values.kind_name()));
  ModuleConfig config(values, shown);
  if (values.find("module_id") == nullptr) {
    for (const char* legacy : {"block_id", "workflow_id", "resource_id"}) {
      const Value* found = values.find(legacy);
      if (found == nullptr) continue;
      config.values_["module_id"] = *found;
      config.note_ =
          found->where() + legacy + " is an old name of module_id; save the model again to renew it";
      break;
    }
  }
  const Value* id = config.values_.find("module_id");
  if (id == nullptr && values.find("ostler_version") != nullptr)
    throw Error(StatusCode::data_loss,
                "the model " + shown + " is damaged: " + file +
                    " was cut short (it has no module_id); train it again or restore it");
  if (id == nullptr)
    throw invalid_argument(file + ": the key module_id is missing: which module made this model?");
  if (id->as_string("module_id").empty()) throw invalid_argument(id->where() + "module_id is empty");
  return config;
}

std::vector<std::pair<std::string, std::string>> ModuleConfig::module_paths() const {
  std::vector<std::pair<std::string, std::string>> paths;
  const Value* listed = values_.find("module_paths");
  if (listed != nullptr && listed->is_object())
    for (const auto& [key, path] : listed->as_object())
      if (path.is_string()) paths.emplace_back(key, path.as_string());
  return paths;
}

void ModuleConfig::save(const std::string& model_path) const {
  write_file(join_path(model_path, kConfigFile), to_yaml(values_), Sync::yes, 0666);
}

}  // namespace ostler
