// The texts of --help, made from the commands' descriptions.

#include <algorithm>

#include "app/parse.h"
#include "commands/output.h"

namespace ostler {

namespace {

std::string option_names(const OptionSpec& option) {
  std::string names =
      option.short_name.empty() ? "    " + option.name : option.short_name + ", " + option.name;
  return option.value.empty() ? names : names + " " + option.value;
}

// Two columns; the help of a long name starts on the next line.
std::string two_columns(const std::vector<std::pair<std::string, std::string>>& lines) {
  constexpr std::size_t kWidth = 27;
  std::string text;
  for (const auto& [name, help] : lines) {
    std::string line = "  " + name;
    if (line.size() + 1 < kWidth) {
      line.append(kWidth - line.size(), ' ');
    } else {
      line += "\n" + std::string(kWidth, ' ');
    }
    text += line + help + "\n";
  }
  return text;
}

std::string option_groups(const std::vector<OptionSpec>& options) {
  std::vector<std::string> groups;
  for (const OptionSpec& option : options)
    if (std::find(groups.begin(), groups.end(), option.group) == groups.end()) groups.push_back(option.group);
  std::string text;
  for (const std::string& group : groups) {
    std::vector<std::pair<std::string, std::string>> lines;
    for (const OptionSpec& option : options)
      if (option.group == group) lines.emplace_back(option_names(option), option.help);
    text += "\n" + group + ":\n" + two_columns(lines);
  }
  return text;
}

constexpr char kExitCodes[] =
    "\nExit codes:\n"
    "  0 done    1 ostler or what is around it failed    2 usage, configuration or data    3 no such job, "
    "model, module\n"
    "  4 not finished yet    5 canceled    6 errored    7 a requirement was not met    124 --timeout    130 "
    "interrupted\n";

}  // namespace

std::string help_text() {
  std::string text =
      "ostler trains and runs machine-learning models in the background, and lets you walk away.\n\n"
      "  id=$(ostler train xgboost penguins.train.csv --label species --save-path models/penguins)\n"
      "  ostler wait \"$id\" && ostler predict models/penguins penguins.test.csv > predictions.csv\n\n"
      "Commands:\n";
  std::vector<std::pair<std::string, std::string>> lines;
  for (const CommandSpec& command : all_commands()) lines.emplace_back(command.name, command.summary);
  text += two_columns(lines);
  text += option_groups(global_options());
  return text + kExitCodes + "\nostler COMMAND --help tells more about each.\n";
}

std::string help_text(const CommandSpec& command) {
  std::string text = command.summary + ".\n\n  " + command.usage + "\n\nExamples:\n";
  for (const std::string& example : command.examples) text += "  " + example + "\n";
  if (!command.arguments.empty()) {
    std::vector<std::pair<std::string, std::string>> lines;
    for (const ArgumentSpec& argument : command.arguments) lines.emplace_back(argument.name, argument.help);
    text += "\nArguments:\n" + two_columns(lines);
  }
  text += option_groups(command.options);
  if (!command.notes.empty()) text += "\n" + command.notes + "\n";
  return text + option_groups(global_options()) + kExitCodes;
}

}  // namespace ostler
