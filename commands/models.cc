#include "commands/models.h"

#include <algorithm>

#include "commands/output.h"
#include "lib/base/files.h"

namespace ostler {

namespace {

// What the model's files take. Of a model without a manifest (caikit's) they are counted.
Value size_of(const ModuleConfig& config) {
  std::int64_t total = 0;
  if (const Value* files = config.values().find("files"); files != nullptr && files->is_object()) {
    for (const auto& [name, entry] : files->as_object()) total += entry.get_integer("size");
    return total;
  }
  if (!is_directory(config.model_path())) return {};
  for (const std::string& name : list_tree(config.model_path()))
    if (const auto status = file_status(join_path(config.model_path(), name), Links::keep))
      total += static_cast<std::int64_t>(status->size);
  return total;
}

std::string text_of(const Value& value) {
  return value.is_null() ? std::string() : value.is_string() ? value.as_string() : to_json(value);
}

// "2026-11-22T13:10:44Z" as people read it; what is no such time (caikit's has no zone) as it stands.
std::string shown_saved(const Value& saved) {
  const auto time = saved.is_string() ? parse_time(saved.as_string()) : std::nullopt;
  return time ? shown_time(*time, stdout_is_terminal()) : text_of(saved);
}

}  // namespace

Value model_to_value(const std::vector<ModuleManifest>& modules, const ListedModel& model) {
  // Keys of config.yml that have a place of their own below; the others are the module's, or caikit's.
  static const std::vector<std::string> kPlaced = {
      "name",    "module_id",   "module_class",   "version",      "created",
      "saved",   "tracking_id", "ostler_version", "train",        "metrics",
      "library", "files",       "complete",       "module_paths", "target"};
  const ModuleConfig& config = model.config;
  const Value& values = config.values();
  const auto member = [&](const char* key) {
    const Value* value = values.find(key);
    return value == nullptr ? Value() : *value;
  };
  const auto manifest = std::find_if(modules.begin(), modules.end(), [&](const ModuleManifest& installed) {
    return installed.module_id == config.module_id();
  });
  Value inner = Value::object(), other = Value::object();
  for (const auto& [key, path] : config.module_paths()) inner[key] = path;
  if (values.is_object())
    for (const auto& [key, value] : values.as_object())
      if (std::find(kPlaced.begin(), kPlaced.end(), key) == kPlaced.end()) other[key] = value;
  const Value id = member("module_id");
  return Value::object(
      {{"name", model.name},
       {"path", config.model_path()},
       {"module", Value::object({{"name", manifest != modules.end() ? Value(manifest->name) : member("name")},
                                 {"id", id},
                                 {"class", member("module_class")},
                                 {"version", member("version")},
                                 {"installed", manifest != modules.end()}})},
       {"finder", model.finder},
       {"created", member("created")},
       {"saved", member("saved")},
       {"tracking_id", member("tracking_id")},
       {"ostler_version", member("ostler_version")},
       {"library", member("library")},
       {"target", member("target")},
       {"metrics", member("metrics").is_null() ? Value::object() : member("metrics")},
       {"train", member("train")},
       {"files", member("files")},
       {"size", model.problem.empty() ? size_of(config) : Value()},
       {"module_paths", inner},
       {"other", other},
       {"problem", model.problem.empty() ? Value() : Value(model.problem)}});
}

std::string model_table(const std::vector<Value>& models) {
  std::vector<std::vector<std::string>> rows = {{"NAME", "MODULE", "VERSION", "SAVED", "METRICS", "SIZE"}};
  for (const Value& model : models) {
    const Value& module = model.at("module");
    if (!model.at("problem").is_null()) {
      rows.push_back({in_one_line(model.at("name").as_string()), "(broken)"});
      continue;
    }
    rows.push_back({in_one_line(model.at("name").as_string()), in_one_line(text_of(module.at("name"))),
                    in_one_line(text_of(module.at("version"))), in_one_line(shown_saved(model.at("saved"))),
                    in_one_line(shown_metrics(model.at("metrics"))),
                    model.at("size").is_null() ? "" : shown_bytes(model.at("size").as_number())});
  }
  return format_table(std::move(rows), {{4, 20}, {2, 0}, {4, 10}, {4, 0}, {5, 0}, {3, 0}});
}

std::string model_details(const Value& model) {
  const Value& module = model.at("module");
  std::vector<std::pair<std::string, std::string>> lines = {
      {"path", text_of(model.at("path"))},
      {"module",
       text_of(module.at("name")) + (module.at("installed").as_boolean() ? "" : " (not installed)")},
      {"module_id", text_of(module.at("id"))},
      {"module_class", module.at("installed").as_boolean() ? "" : text_of(module.at("class"))},
      {"version", text_of(module.at("version"))},
      {"finder", text_of(model.at("finder"))},
      {"created", model.at("created") == model.at("saved") ? "" : text_of(model.at("created"))},
      {"saved", text_of(model.at("saved"))},
      {"tracking_id", text_of(model.at("tracking_id"))}};
  if (const Value& library = model.at("library"); library.is_object())
    lines.emplace_back("library", library.get_string("name") + " " + library.get_string("version"));
  if (const Value& size = model.at("size"); !size.is_null())
    lines.emplace_back("size", shown_bytes(static_cast<double>(size.as_integer())));
  if (const Value& metrics = model.at("metrics"); metrics.is_object())
    for (const auto& [name, value] : metrics.as_object())
      lines.emplace_back(name, value.is_number() ? number_to_text(value.as_number()) : text_of(value));
  if (const Value& train = model.at("train"); train.is_object()) {
    if (const Value* job = train.find("job")) lines.emplace_back("trained_by", text_of(*job));
    if (const Value* parameters = train.find("parameters"))
      lines.emplace_back("parameters", text_of(*parameters));
  }
  for (const auto& [key, path] : model.at("module_paths").as_object())
    lines.emplace_back("module_paths." + key, text_of(path));
  for (const auto& [key, value] : model.at("other").as_object()) lines.emplace_back(key, text_of(value));
  return format_details(lines);
}

}  // namespace ostler
