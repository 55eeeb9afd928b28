#include "commands/command.h"

#include <unistd.h>

#include <algorithm>

#include "commands/output.h"

namespace ostler {

namespace {

const std::vector<std::string>* find_option(const Invocation& invocation, const std::string& option) {
  for (const auto& [name, values] : invocation.options)
    if (name == option) return &values;
  return nullptr;
}

}  // namespace

bool Invocation::has(const std::string& option) const { return find_option(*this, option) != nullptr; }

std::optional<std::string> Invocation::value(const std::string& option) const {
  const auto* given = find_option(*this, option);
  if (given == nullptr || given->empty()) return std::nullopt;
  if (given->back().empty())
    throw invalid_argument(option + " has an empty value; is a shell variable unset?");
  return given->back();
}

std::string Invocation::value_or(const std::string& option, const std::string& fallback) const {
  return value(option).value_or(fallback);
}

std::vector<std::string> Invocation::values(const std::string& option) const {
  const auto* given = find_option(*this, option);
  return given == nullptr ? std::vector<std::string>() : *given;
}

std::optional<Duration> Invocation::duration(const std::string& option) const {
  const auto text = value(option);
  if (!text) return std::nullopt;
  const auto parsed = parse_duration(*text);
  if (!parsed)
    throw invalid_argument(option + " \"" + *text + "\" is no duration; write 90, 1.5s, 2m30s, 1d12h or 2w");
  return parsed;
}

std::optional<long long> Invocation::number(const std::string& option, long long minimum,
                                            long long maximum) const {
  const auto text = value(option);
  if (!text) return std::nullopt;
  const auto parsed = parse_integer(*text);
  if (!parsed || *parsed < minimum || *parsed > maximum)
    throw invalid_argument(option + " must be a whole number from " + std::to_string(minimum) + " to " +
                           std::to_string(maximum) + ", not \"" + *text + "\"");
  return parsed;
}

ModelManager& Invocation::manager(bool keep_faults) const {
  if (!manager_) {
    ModelManager::Options manager_options;
    manager_options.config_file = value("--config");
    manager_options.keep_faults = keep_faults;
    if (has("--home")) manager_options.home = value("--home");
    manager_options.trust_code = has("--trust-code");
    manager_ = std::make_unique<ModelManager>(manager_options);
    if (!quiet())
      for (const std::string& warning : manager_->configuration().warnings) say("warning: " + warning);
  }
  return *manager_;
}

const std::vector<CommandSpec>& all_commands() {
  static const std::vector<CommandSpec> commands = {
      cancel_command(),  config_command(), dispatch_command(), doctor_command(), evaluate_command(),
      export_command(),  find_command(),   load_command(),     logs_command(),   modules_command(),
      predict_command(), prune_command(),  report_command(),   result_command(), rollback_command(),
      status_command(),  train_command(),  wait_command(),
  };
  return commands;
}

const std::vector<OptionSpec>& global_options() {
  static const std::vector<OptionSpec> options = {
      {"--help", "-h", "", "show this help", "Everywhere"},
      {"--version", "-V", "", "show the version", "Everywhere"},
      {"--quiet", "-q", "", "no notes and no progress on stderr", "Everywhere"},
      {"--verbose", "-v", "", "say more", "Everywhere"},
      {"--json", "", "", "one JSON document on stdout", "Everywhere"},
      {"--format", "", "TEMPLATE", "a line for each item, such as '{id} {status}'", "Everywhere"},
      {"--color", "", "WHEN", "auto, always or never", "Everywhere"},
      {"--config", "", "FILE", "a configuration file, merged over the others", "Everywhere"},
      {"--home", "", "DIR", "the job store (default: $OSTLER_HOME, else ~/.local/state/ostler)",
       "Everywhere"},
  };
  return options;
}

ArgumentSpec model_argument() {
  return {"MODEL", "a path with a config.yml, a zip of one, a name under the load path, or a training's id"};
}

ArgumentSpec rows_argument() {
  return {"DATA", "files, directories, quoted patterns; without any, and for -, standard input", 0, -1};
}

std::vector<RecordSource> data_sources(const Invocation& invocation, const std::vector<std::string>& given,
                                       const std::string& format) {
  if (std::find(given.begin(), given.end(), "") != given.end())
    throw invalid_argument("the name of a data file is empty; is a shell variable unset?");
  std::vector<RecordSource> sources;
  for (const std::string& path : invocation.manager().expand_data(given, format))
    sources.push_back(path == "-" ? RecordSource{"standard input", 0} : RecordSource{path, -1});
  if (sources.empty()) {
    if (::isatty(0) == 1 && !invocation.quiet()) say("reading rows from the terminal; Ctrl-D ends them");
    sources.push_back({"standard input", 0});
  }
  return sources;
}

std::vector<OptionSpec> waiting_options() {
  return {
      {"--timeout", "", "D", "wait no longer than this (exit 124; the job goes on)", "Waiting"},
      {"--cancel-on-interrupt", "", "", "Ctrl-C cancels the job", "Waiting"},
  };
}

std::vector<OptionSpec> operator+(std::vector<OptionSpec> left, const std::vector<OptionSpec>& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

}  // namespace ostler
