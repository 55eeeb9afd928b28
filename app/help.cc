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

constexpr std::size_t kWidth = 80;

// Broken at blanks, every line but the first indented.
std::string wrapped(const std::string& text, std::size_t indent) {
  std::string lines;
  std::size_t column = indent;
  for (const std::string& word : split(text, ' ')) {
    if (word.empty()) continue;
    if (column > indent && column + 1 + word.size() > kWidth) {
      lines += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      lines += " ";
      ++column;
    }
    lines += word;
    column += word.size();
  }
  return lines;
}

std::string paragraphs(std::string text) {
  std::string all;
  for (std::size_t end = 0; end != std::string::npos;) {
    end = text.find("\n\n");
    std::string paragraph = text.substr(0, end);
    text.erase(0, end + 2);
    std::replace(paragraph.begin(), paragraph.end(), '\n', ' ');
    all += "\n" + wrapped(paragraph, 0) + "\n";
  }
  return all;
}

constexpr std::size_t kOptionColumn = 27, kCommandColumn = 12;

// Two columns; the help of a long name starts on the next line.
std::string two_columns(const std::vector<std::pair<std::string, std::string>>& lines,
                        std::size_t column = kOptionColumn) {
  std::string text;
  for (const auto& [name, help] : lines) {
    std::string line = "  " + name;
    if (line.size() + 1 < column) {
      line.append(column - line.size(), ' ');
    } else {
      line += "\n" + std::string(column, ' ');
    }
    text += line + wrapped(help, column) + "\n";
  }
  return text;
}

// By group, in the order in which the groups first appear.
template <typename Spec, typename Line>
std::string in_groups(const std::vector<Spec>& specs, std::size_t column, Line&& line_of) {
  std::vector<std::string> groups;
  for (const Spec& spec : specs)
    if (std::find(groups.begin(), groups.end(), spec.group) == groups.end()) groups.push_back(spec.group);
  std::string text;
  for (const std::string& group : groups) {
    std::vector<std::pair<std::string, std::string>> lines;
    for (const Spec& spec : specs)
      if (spec.group == group) lines.push_back(line_of(spec));
    text += "\n" + group + ":\n" + two_columns(lines, column);
  }
  return text;
}

std::string option_groups(const std::vector<OptionSpec>& options) {
  return in_groups(options, kOptionColumn,
                   [](const OptionSpec& option) { return std::pair(option_names(option), option.help); });
}

// The table of ostler(1).
constexpr std::pair<int, const char*> kExitCodes[] = {
    {0, "done"},
    {1, "ostler, or what is around it, failed: the store, the disk, a library"},
    {2, "usage, configuration, or data that cannot be used"},
    {3, "no such job, model or module"},
    {4, "not finished yet, or an active job has that id"},
    {5, "the job was canceled"},
    {6, "the job is ERRORED"},
    {7, "a requirement was not met"},
    {124, "--timeout ran out; the job goes on"},
    {130, "interrupted; the job goes on"},
    {141, "the reader of standard output went away"},
};

// Those that `may_be` takes.
template <typename Condition>
std::string exit_codes(Condition&& may_be) {
  std::string text = "\nExit codes:\n";
  for (const auto& [code, meaning] : kExitCodes)
    if (may_be(code)) {
      std::string line = "  " + std::to_string(code);
      line.append(7 - line.size(), ' ');
      text += line + meaning + "\n";
    }
  return text;
}

}  // namespace

std::string help_text() {
  std::string text =
      "ostler trains and runs machine-learning models in the background, and lets you\nwalk away.\n\n"
      "  id=$(ostler train xgboost data.csv --label species --save-path models/m)\n"
      "  ostler wait \"$id\" && ostler predict models/m new.csv > predictions.csv\n";
  // The most used first.
  constexpr const char* kOrder[] = {"train",  "predict",  "evaluate", "find",     "load",
                                    "export", "rollback", "status",   "wait",     "result",
                                    "logs",   "cancel",   "prune",    "dispatch", "modules"};
  std::vector<CommandSpec> commands = all_commands();
  std::stable_sort(commands.begin(), commands.end(), [&](const CommandSpec& a, const CommandSpec& b) {
    return std::find(std::begin(kOrder), std::end(kOrder), a.name) <
           std::find(std::begin(kOrder), std::end(kOrder), b.name);
  });
  text += in_groups(commands, kCommandColumn,
                    [](const CommandSpec& command) { return std::pair(command.name, command.summary); });
  text += option_groups(global_options());
  return text + exit_codes([](int) { return true; }) +
         "\nostler COMMAND --help, or ostler help COMMAND, tells about one; ostler train\n"
         "MODULE --help about a module's parameters, too; man ostler about all.\n";
}

Value help_document(const CommandSpec* command) {
  const auto options_of = [](const std::vector<OptionSpec>& options) {
    Value::Array list;
    for (const OptionSpec& option : options)
      list.push_back(
          Value::object({{"name", option.name},
                         {"short_name", option.short_name.empty() ? Value() : Value(option.short_name)},
                         {"value", option.value.empty() ? Value() : Value(option.value)},
                         {"help", option.help},
                         {"repeatable", option.repeatable}}));
    return list;
  };
  Value::Array commands;
  for (const CommandSpec& spec : all_commands()) {
    if (command != nullptr && spec.name != command->name) continue;
    Value::Array examples, arguments;
    for (const std::string& example : spec.examples) examples.push_back(example);
    for (const ArgumentSpec& argument : spec.arguments)
      arguments.push_back(
          Value::object({{"name", argument.name},
                         {"help", argument.help},
                         {"minimum", argument.minimum},
                         {"maximum", argument.maximum < 0 ? Value() : Value(argument.maximum)}}));
    commands.push_back(Value::object({{"name", spec.name},
                                      {"summary", spec.summary},
                                      {"usage", spec.usage},
                                      {"examples", std::move(examples)},
                                      {"arguments", std::move(arguments)},
                                      {"options", options_of(spec.options)}}));
  }
  return Value::object(
      {{"schema", 1}, {"commands", std::move(commands)}, {"options", options_of(global_options())}});
}

std::string help_text(const CommandSpec& command, const Invocation& invocation) {
  std::string text = wrapped(command.summary + ".", 0) + "\n\n  " + command.usage + "\n\nExamples:\n";
  for (const std::string& example : command.examples) text += "  " + example + "\n";
  if (!command.arguments.empty()) {
    std::vector<std::pair<std::string, std::string>> lines;
    for (const ArgumentSpec& argument : command.arguments) lines.emplace_back(argument.name, argument.help);
    text += "\nArguments:\n" + two_columns(lines);
  }
  if (command.more_help != nullptr)
    if (const std::string more = command.more_help(invocation); !more.empty()) text += "\n" + more;
  text += option_groups(command.options);
  if (std::any_of(command.options.begin(), command.options.end(),
                  [](const OptionSpec& option) { return option.value == "D"; }))
    text += "\nD is a duration: 90 or 1.5s (seconds), 2m30s, 1d12h, 2w.\n";
  if (!command.notes.empty()) text += paragraphs(command.notes);
  text += option_groups(global_options());
  return text + exit_codes([&](int code) {
           return code < 3 || code == 141 ||
                  std::find(command.exit_codes.begin(), command.exit_codes.end(), code) !=
                      command.exit_codes.end();
         });
}

}  // namespace ostler
