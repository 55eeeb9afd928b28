#include "commands/models.h"

#include "commands/output.h"

namespace ostler {

Value model_to_value(const ModuleCatalog& modules, const FoundModel& found) {
  const Value& values = found.config.values();
  const auto member = [&](const char* key) {
    const Value* value = values.find(key);
    return value == nullptr ? Value() : *value;
  };
  Value installed = false;
  Value module = member("name");
  for (const ModuleManifest& manifest : modules.list()) {
    if (manifest.module_id != found.config.module_id()) continue;
    installed = true;
    module = manifest.name;
  }
  Value size;
  if (const Value* files = values.find("files"); files != nullptr && files->is_object()) {
    std::int64_t total = 0;
    for (const auto& [name, entry] : files->as_object()) total += entry.get_integer("size");
    size = total;
  }
  return Value::object({{"path", found.config.model_path()},
                        {"module", Value::object({{"name", module},
                                                  {"id", found.config.module_id()},
                                                  {"class", member("module_class")},
                                                  {"version", member("version")},
                                                  {"installed", installed}})},
                        {"finder", found.finder},
                        {"created", member("created")},
                        {"saved", member("saved")},
                        {"tracking_id", member("tracking_id")},
                        {"ostler_version", member("ostler_version")},
                        {"library", member("library")},
                        {"metrics", member("metrics").is_null() ? Value::object() : member("metrics")},
                        {"train", member("train")},
                        {"files", member("files")},
                        {"size", size}});
}

std::string model_details(const Value& model) {
  const auto text = [](const Value& value) {
    return value.is_null() ? std::string() : value.is_string() ? value.as_string() : to_json(value);
  };
  const Value& module = model.at("module");
  std::vector<std::pair<std::string, std::string>> lines = {
      {"path", text(model.at("path"))},
      {"module", text(module.at("name")) + (module.at("installed").as_boolean() ? "" : " (not installed)")},
      {"module_id", text(module.at("id"))},
      {"version", text(module.at("version"))},
      {"finder", text(model.at("finder"))},
      {"saved", text(model.at("saved"))},
      {"tracking_id", text(model.at("tracking_id"))}};
  if (const Value& library = model.at("library"); library.is_object())
    lines.emplace_back("library", library.get_string("name") + " " + library.get_string("version"));
  if (const Value& size = model.at("size"); !size.is_null())
    lines.emplace_back("size", shown_bytes(static_cast<double>(size.as_integer())));
  if (const Value& metrics = model.at("metrics"); metrics.is_object())
    for (const auto& [name, value] : metrics.as_object())
      lines.emplace_back(name, value.is_number() ? number_to_text(value.as_number()) : text(value));
  if (const Value& train = model.at("train"); train.is_object()) {
    if (const Value* job = train.find("job")) lines.emplace_back("trained_by", text(*job));
    if (const Value* parameters = train.find("parameters"))
      lines.emplace_back("parameters", text(*parameters));
  }
  return format_details(lines);
}

}  // namespace ostler
