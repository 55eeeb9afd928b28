// ostler config: the effective configuration and where each value came from; --check builds it all.

#include <algorithm>
#include <cctype>

#include "commands/command.h"
#include "commands/output.h"

namespace ostler {

namespace {

bool is_variable(const std::string& origin) { return starts_with(origin, "OSTLER_"); }

// "default", "OSTLER_LOAD_PATH" or "/etc/ostler/config.yml:3".
std::string shown_origin(const Value& value) {
  const Value::Origin& origin = value.origin();
  if (!origin.file) return "default";
  return is_variable(*origin.file) ? *origin.file : *origin.file + ":" + std::to_string(origin.line);
}

// As YAML reads it back: plain where that is surely the same text, else as JSON, which is YAML.
std::string shown_scalar(const Value& value) {
  if (!value.is_string()) return to_json(value);
  const std::string& text = value.as_string();
  const auto is_plain = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '/';
  };
  const bool plain =
      !text.empty() && (is_plain(text[0]) || starts_with(text, "./")) &&
      std::all_of(text.begin(), text.end(), [&](char c) { return is_plain(c) || c == '.' || c == '-'; }) &&
      parse_yaml(text, "").is_string();
  return plain ? text : to_json(value);
}

bool has_members(const Value& value) { return value.is_object() && value.size() > 0; }

void write_map(const Value& map, const std::string& indent, std::string& text) {
  for (const auto& [key, value] : map.as_object()) {
    text += indent + shown_scalar(key) + ":";
    if (has_members(value)) {
      text += "\n";
      write_map(value, indent + "  ", text);
    } else {
      text += " " + shown_scalar(value) + "  # " + in_one_line(shown_origin(value)) + "\n";
    }
  }
}

// Each value that is no map of others: {key, value, origin, file, line, variable}.
void collect(const Value& map, const std::string& path, Value& list) {
  for (const auto& [key, value] : map.as_object()) {
    const std::string full = path.empty() ? key : path + "." + key;
    if (has_members(value)) {
      collect(value, full, list);
      continue;
    }
    const Value::Origin& origin = value.origin();
    const bool from_variable = origin.file && is_variable(*origin.file);
    const bool from_file = origin.file && !from_variable;
    list.push_back(Value::object({{"key", full},
                                  {"value", value},
                                  {"origin", shown_origin(value)},
                                  {"file", from_file ? Value(*origin.file) : Value()},
                                  {"line", from_file ? Value(origin.line) : Value()},
                                  {"variable", from_variable ? Value(*origin.file) : Value()}}));
  }
}

int check(const Invocation& invocation) {
  if (invocation.json() || invocation.has("--format"))
    throw invalid_argument("--check answers by its exit code; leave out --json and --format");
  ModelManager& manager = invocation.manager(/*keep_faults=*/true);
  manager.initialize_components();
  if (!invocation.quiet()) print("OK\n");
  return 0;
}

int run(const Invocation& invocation) {
  if (invocation.has("--check")) return check(invocation);
  const Configuration& configuration = invocation.manager().configuration();
  Value values = Value::array(), files = Value::array();
  collect(configuration.values, "", values);
  for (const std::string& file : configuration.files) files.push_back(file);
  const Value document =
      Value::object({{"schema", 1}, {"values", values}, {"config", configuration.values}, {"files", files}});
  if (print_structured(invocation, document, "values")) return 0;
  std::string text;
  for (const std::string& file : configuration.files) text += "# read: " + in_one_line(file) + "\n";
  write_map(configuration.values, "", text);
  print(text);
  return 0;
}

}  // namespace

CommandSpec config_command() {
  CommandSpec command;
  command.name = "config";
  command.summary = "Show the effective configuration and where each value came from, or check it";
  command.usage = "ostler config";
  command.examples = {"ostler config", "ostler config --check && systemctl restart my-service",
                      "ostler config --format '{key}={value} ({origin})'"};
  command.options = {
      {"--check", "", "", "build all components and tell every fault at once (exit 2)", "Options"}};
  command.notes =
      "Merged, later ones win: the defaults, /etc/ostler/config.yml, ~/.config/ostler/config.yml, "
      "./ostler.yml,\n"
      "the file of --config (or OSTLER_CONFIG), environment variables such as OSTLER_LOAD_PATH.";
  command.group = "Installation";
  command.run = run;
  return command;
}

}  // namespace ostler
