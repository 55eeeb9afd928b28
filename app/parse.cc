// The one source that compiles the option parser's library.

#include "app/parse.h"

#include <CLI/CLI.hpp>

#include "commands/output.h"
#include "lib/base/install.h"
#include "lib/manager/plugin_catalog.h"

namespace ostler {

namespace {

// Where the parser puts what it found; the addresses must not change while it runs.
struct Slot {
  const OptionSpec* spec;
  std::vector<std::string> values;
  bool flag = false;
  CLI::Option* option = nullptr;
};

void add_options(CLI::App& app, const std::vector<OptionSpec>& specs,
                 std::vector<std::unique_ptr<Slot>>& slots) {
  for (const OptionSpec& spec : specs) {
    Slot& slot = *slots.emplace_back(std::make_unique<Slot>());
    slot.spec = &spec;
    const std::string names = spec.short_name.empty() ? spec.name : spec.short_name + "," + spec.name;
    if (spec.value.empty()) {
      slot.option = app.add_flag(names, slot.flag)->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    } else {
      // One value each, whatever follows: a shell's glob never swallows a later argument.
      slot.option = app.add_option(names, slot.values)->expected(1)->allow_extra_args(false);
      slot.option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    }
  }
}

// What other tools call a command, and what is meant here.
constexpr std::pair<std::string_view, std::string_view> kOtherNames[] = {
    {"delete", "ostler prune forgets jobs that have ended"},
    {"fit", "ostler train trains a model"},
    {"history", "ostler status lists jobs"},
    {"init", "there is nothing to set up; ostler train trains a model"},
    {"inspect", "ostler status ID tells about a job, ostler find MODEL about a model"},
    {"install", "ostler modules lists what is installed"},
    {"jobs", "ostler status lists jobs"},
    {"kill", "ostler cancel ends jobs"},
    {"list", "ostler status lists jobs, ostler find models"},
    {"ls", "ostler status lists jobs, ostler find models"},
    {"models", "ostler find lists models"},
    {"ps", "ostler status lists jobs"},
    {"queue", "ostler status lists jobs"},
    {"remove", "ostler prune forgets jobs that have ended"},
    {"rm", "ostler prune forgets jobs that have ended"},
    {"run", "ostler train trains a model, ostler predict runs one"},
    {"show", "ostler status ID tells about a job, ostler find MODEL about a model"},
    {"start", "ostler train starts a training"},
    {"stop", "ostler cancel ends jobs"},
    {"submit", "ostler train submits a training, ostler predict --detach a prediction"},
    {"tail", "ostler logs -f ID follows a job's log"},
    {"test", "ostler evaluate measures a model on labelled data"},
    {"top", "ostler status --watch shows jobs as they go on"},
    {"version", "ostler --version tells it"},
};

[[noreturn]] void unknown_words(const std::vector<std::string>& words, const CommandSpec* command) {
  std::vector<std::string> names;
  const std::string help = command == nullptr ? "ostler --help" : "ostler " + command->name + " --help";
  for (const std::string& word : words) {
    if (!starts_with(word, "-")) {
      if (command == nullptr) break;  // its options are not known either
      continue;
    }
    for (const OptionSpec& option : global_options()) names.push_back(option.name);
    if (command != nullptr)
      for (const OptionSpec& option : command->options) names.push_back(option.name);
    const std::string name = word.substr(0, word.find('='));
    throw invalid_argument("unknown option " + name + did_you_mean(name, names) + " (" + help +
                           " lists them)");
  }
  if (command != nullptr)
    throw invalid_argument("\"" + words[0] + "\" is one argument too many for ostler " + command->name +
                           " (" + help + ")");
  for (const auto& [other, meant] : kOtherNames)
    if (words[0] == other)
      throw invalid_argument("there is no command \"" + words[0] + "\": " + std::string(meant) +
                             " (ostler --help lists all)");
  for (const CommandSpec& candidate : all_commands()) names.push_back(candidate.name);
  throw invalid_argument("there is no command \"" + words[0] + "\"" + did_you_mean(words[0], names) +
                         " (ostler --help lists them)");
}

// Gives each of the command's arguments its words; returns how many there was room for.
std::size_t divide(const CommandSpec& command, const std::vector<std::string>& words,
                   Invocation& invocation) {
  invocation.arguments.clear();
  auto word = words.begin();
  for (const ArgumentSpec& argument : command.arguments) {
    std::vector<std::string>& taken = invocation.arguments.emplace_back();
    while (word != words.end() && (argument.maximum < 0 || static_cast<int>(taken.size()) < argument.maximum))
      taken.push_back(*word++);
  }
  return static_cast<std::size_t>(word - words.begin());
}

std::vector<ModuleManifest> installed_modules() {
  PluginCatalog::Options options;
  options.directories = {modules_directory()};
  options.trusted = kTrustAll;  // nothing is opened
  return PluginCatalog(options).list();
}

// Ostler's own version, and that of each installed module with its library's, from the manifests.
std::string version_text() {
  std::string text = "ostler " + version() + "\n";
  for (const ModuleManifest& module : installed_modules()) {
    text += module.name + " " + module.version;
    if (!module.library.empty())
      text +=
          " (" + module.library + (module.library_version.empty() ? "" : " " + module.library_version) + ")";
    text += "\n";
  }
  return text;
}

Value version_document() {
  const auto or_null = [](const std::string& text) { return text.empty() ? Value() : Value(text); };
  Value::Array modules;
  for (const ModuleManifest& module : installed_modules())
    modules.push_back(Value::object({{"name", module.name},
                                     {"version", module.version},
                                     {"library", or_null(module.library)},
                                     {"library_version", or_null(module.library_version)}}));
  return Value::object({{"schema", 1}, {"version", version()}, {"modules", std::move(modules)}});
}

// "--wait=false": the parser would take it for a flag that is given, whatever follows.
void refuse_values_of_flags(int argc, char** argv) {
  const auto is_flag = [&](const std::vector<OptionSpec>& options, std::string_view name) {
    return std::any_of(options.begin(), options.end(),
                       [&](const OptionSpec& option) { return option.name == name && option.value.empty(); });
  };
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const std::size_t equals = word.find('=');
    if (!starts_with(word, "--") || equals == std::string_view::npos) continue;
    const std::string_view name = word.substr(0, equals);
    bool flag = is_flag(global_options(), name);
    for (const CommandSpec& command : all_commands())
      if (!flag && std::find(argv + 1, argv + argc, command.name) != argv + argc)
        flag = is_flag(command.options, name);
    if (flag)
      throw invalid_argument(std::string(name) + " takes no value: leave out \"" +
                             std::string(word.substr(equals)) + "\"");
  }
}

}  // namespace

Parsed parse_command_line(int argc, char** argv) {
  Parsed parsed;
  // The quickest of all commands does not wait for the parser.
  if (argc == 2 && (std::string_view(argv[1]) == "--version" || std::string_view(argv[1]) == "-V")) {
    parsed.text = version_text();
    return parsed;
  }
  if (argc == 1) {
    parsed.text = help_text();
    return parsed;
  }
  // "help CMD" is "CMD --help", and no command of its own.
  std::vector<char*> turned(argv, argv + argc);
  std::string help_option = "--help";
  if (std::string_view(argv[1]) == "help") {
    if (argc == 2) {
      parsed.text = help_text();
      return parsed;
    }
    turned.erase(turned.begin() + 1);
    turned.push_back(help_option.data());
    argv = turned.data();
  }
  // After "--" nothing is an option. It is taken off here: the parser would give what follows to the wrong
  // one of its two levels.
  std::vector<std::string> after_dashes;
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) != "--") continue;
    after_dashes.assign(argv + i + 1, argv + argc);
    argc = i;
  }

  refuse_values_of_flags(argc, argv);
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  app.prefix_command(false);
  std::vector<std::unique_ptr<Slot>> global_slots;
  add_options(app, global_options(), global_slots);

  std::vector<std::vector<std::unique_ptr<Slot>>> slots(all_commands().size());
  std::vector<std::vector<std::string>> words(all_commands().size());  // what is no option
  std::vector<CLI::App*> subcommands;
  for (std::size_t i = 0; i < all_commands().size(); ++i) {
    const CommandSpec& command = all_commands()[i];
    CLI::App* subcommand = app.add_subcommand(command.name);
    subcommand->set_help_flag();
    subcommand->fallthrough();
    subcommand->allow_extras();
    subcommands.push_back(subcommand);
    // Filled by the parser for the chosen command alone: the others cost nothing but their name.
    const bool chosen = std::find(argv + 1, argv + argc, command.name) != argv + argc;
    if (!chosen) continue;
    add_options(*subcommand, command.options, slots[i]);
    subcommand->add_option("ARGUMENTS", words[i])->expected(0, CLI::detail::expected_max_vector_size);
  }

  try {
    app.parse(argc, argv);
  } catch (const CLI::ArgumentMismatch& error) {
    // "--limit: 1 required TEXT missing"
    const std::string text = error.what();
    throw invalid_argument(text.substr(0, text.find(':')) + " needs a value (ostler --help)");
  } catch (const CLI::ParseError& error) {
    throw invalid_argument(std::string(error.what()) + " (ostler --help)");
  }

  std::size_t index = all_commands().size();
  for (std::size_t i = 0; i < subcommands.size(); ++i)
    if (subcommands[i]->parsed()) index = i;
  const CommandSpec* command = index < all_commands().size() ? &all_commands()[index] : nullptr;

  Invocation& invocation = parsed.invocation;
  const auto take = [&](std::vector<std::unique_ptr<Slot>>& list) {
    for (const auto& slot : list)
      if (slot->option->count() > 0)
        invocation.options.emplace_back(slot->spec->name, std::move(slot->values));
  };
  take(global_slots);
  if (invocation.json() && invocation.has("--format"))
    throw invalid_argument("--json and --format exclude each other: one document, or a line for each item");
  const bool structured = invocation.json() || invocation.has("--format");
  if (invocation.has("--version")) {
    if (const auto more = app.remaining(); command == nullptr && !more.empty()) unknown_words(more, nullptr);
    parsed.text = version_text();
    if (structured) parsed.document = version_document();
    parsed.items = "modules";
    return parsed;
  }
  if (invocation.has("--help") && structured) {
    parsed.document = help_document(command);
    parsed.items = "commands";
  }
  std::vector<std::string> extras = app.remaining();
  if (command != nullptr && invocation.has("--help")) {
    divide(*command, words[index], invocation);
    parsed.text = help_text(*command, invocation);
    return parsed;
  }
  if (command != nullptr) {
    const std::vector<std::string> more = subcommands[index]->remaining();
    extras.insert(extras.end(), more.begin(), more.end());
  }
  if (command == nullptr && extras == std::vector<std::string>{"help"}) {  // after options: -q help
    if (structured) parsed.document = help_document(nullptr);
    parsed.items = "commands";
    parsed.text = help_text();
    return parsed;
  }
  if (!extras.empty()) unknown_words(extras, command);
  if (command == nullptr) {
    if (!invocation.has("--help")) throw invalid_argument("no command is given (ostler --help lists them)");
    parsed.text = help_text();
    return parsed;
  }

  take(slots[index]);
  invocation.command = command->name;
  invocation.line.assign(argv, argv + argc);
  invocation.line[0] = "ostler";
  if (!after_dashes.empty()) invocation.line.emplace_back("--");
  invocation.line.insert(invocation.line.end(), after_dashes.begin(), after_dashes.end());
  words[index].insert(words[index].end(), after_dashes.begin(), after_dashes.end());
  const std::size_t divided = divide(*command, words[index], invocation);
  for (std::size_t i = 0; i < command->arguments.size(); ++i)
    if (static_cast<int>(invocation.arguments[i].size()) < command->arguments[i].minimum)
      throw invalid_argument(command->arguments[i].name + " is missing: " + command->usage);
  if (divided < words[index].size()) unknown_words({words[index][divided]}, command);
  parsed.command = command;
  return parsed;
}

}  // namespace ostler
