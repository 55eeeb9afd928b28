#pragma once

// What a subcommand is: a description, from which the parser, --help and the "did you mean" are made, and a
// function. One file a command; commands.cc lists them, sorted.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/value.h"
#include "lib/data/records.h"
#include "lib/manager/model_manager.h"

namespace ostler {

struct OptionSpec {
  std::string name;         // "--param"
  std::string short_name;   // "-p" or empty
  std::string value;        // the value's name in help; empty: a flag
  std::string help;         // one line
  std::string group;        // heading in help
  bool repeatable = false;  // else the last one wins
};

struct ArgumentSpec {
  std::string name;  // "MODEL"
  std::string help;
  int minimum = 1, maximum = 1;  // -1: any number
};

// A parsed command line.
class Invocation {
 public:
  std::string command;
  std::vector<std::vector<std::string>> arguments;                        // by ArgumentSpec
  std::vector<std::pair<std::string, std::vector<std::string>>> options;  // by name; a flag has no values
  std::vector<std::string> line;                                          // argv, for the job's record

  bool has(const std::string& option) const;
  // The last value; nothing when it was not given. An empty value is an Error naming the option, since it is
  // nearly always an unset shell variable.
  std::optional<std::string> value(const std::string& option) const;
  std::string value_or(const std::string& option, const std::string& fallback) const;
  std::vector<std::string> values(const std::string& option) const;
  // As a duration (lib/base/clock.h) or whole number; Error (invalid_argument) that says what it must be.
  std::optional<Duration> duration(const std::string& option) const;
  std::optional<long long> number(const std::string& option, long long minimum, long long maximum) const;

  bool quiet() const { return has("--quiet"); }
  bool verbose() const { return has("--verbose"); }
  bool json() const { return has("--json"); }

  // Made at the first use: reads the configuration and says its warnings on stderr. `keep_faults`: see there.
  ModelManager& manager(bool keep_faults = false) const;

 private:
  mutable std::unique_ptr<ModelManager> manager_;
};

struct CommandSpec {
  std::string name;
  std::string summary;                // one sentence
  std::string usage;                  // the usual call: "ostler train MODULE DATA... --save-path DIR"
  std::vector<std::string> examples;  // whole lines; a comment follows after "  # "
  std::vector<ArgumentSpec> arguments;
  std::vector<OptionSpec> options;   // its own, beside global_options()
  std::string notes;                 // after the options: paragraphs, parted by an empty line
  int (*run)(const Invocation&);     // the exit code; failures are thrown
  std::string group = "More";        // heading in ostler --help
  std::vector<int> exit_codes = {};  // that it can give beside 0, 1, 2 and 141
  // What --help tells beside the above because of the arguments on the line, as far as they are there; may be
  // null. Must not fail.
  std::string (*more_help)(const Invocation&) = nullptr;
};

// What DATA means: files, those of directories and patterns, and standard input for - or where none are
// given, which is said on a terminal.
std::vector<RecordSource> data_sources(const Invocation& invocation, const std::vector<std::string>& given,
                                       const std::string& format);

// All commands, by name.
const std::vector<CommandSpec>& all_commands();
const std::vector<OptionSpec>& global_options();
// Arguments and options that several commands share.
ArgumentSpec model_argument();
ArgumentSpec rows_argument();  // DATA that is read at once; data_sources() gives it
std::vector<OptionSpec> waiting_options();
// The list of a module's parameters with types, defaults and help, under a heading.
std::string parameters_of(const ModuleManifest& manifest);
std::vector<OptionSpec> operator+(std::vector<OptionSpec> left, const std::vector<OptionSpec>& right);

// One for each file of this folder.
CommandSpec cancel_command();
CommandSpec config_command();
CommandSpec dispatch_command();
CommandSpec doctor_command();
CommandSpec evaluate_command();
CommandSpec export_command();
CommandSpec find_command();
CommandSpec load_command();
CommandSpec logs_command();
CommandSpec modules_command();
CommandSpec predict_command();
CommandSpec prune_command();
CommandSpec report_command();
CommandSpec result_command();
CommandSpec rollback_command();
CommandSpec status_command();
CommandSpec train_command();
CommandSpec wait_command();

}  // namespace ostler
