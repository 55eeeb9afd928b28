// ostler train MODULE DATA...: submits a training.

#include <algorithm>

#include "commands/job_options.h"
#include "commands/jobs.h"
#include "commands/output.h"
#include "lib/base/files.h"

namespace ostler {

namespace {

constexpr int kRequirementNotMet = 7;

// -p k=v (text or YAML-like scalar), -p k:=JSON; --params FILE below them; --label is -p label=.
Value read_parameters(const Invocation& invocation) {
  Value parameters = Value::object();
  if (const auto file = invocation.value("--params")) {
    const auto text = read_file_if_there(*file);
    if (!text) throw invalid_argument("there is no file " + *file + " (--params)");
    const Value given = parse_yaml(*text, *file);  // JSON is YAML
    if (!given.is_null()) parameters = Value(given.as_object(*file));
  }
  for (const std::string& given : invocation.values("--param")) {
    const std::size_t equals = given.find('=');
    if (equals == std::string::npos || equals == 0)
      throw invalid_argument("-p " + given + ": a parameter is given as NAME=VALUE, or NAME:=JSON");
    if (given[equals - 1] == ':') {
      const std::string name = given.substr(0, equals - 1);
      try {
        parameters[name] = parse_json(std::string_view(given).substr(equals + 1), "-p");
      } catch (const Error&) {
        throw invalid_argument(
            "-p '" + given +
            "': what follows := is not JSON, such as 3, true, null, \"text\" or [\"a\", \"b\"]");
      }
    } else {
      parameters[given.substr(0, equals)] = given.substr(equals + 1);
    }
  }
  if (const auto label = invocation.value("--label")) parameters["label"] = *label;
  return parameters;
}

// --validation FILE, repeatable, or a part of the data: 0.2.
void read_validation(const Invocation& invocation, TrainArguments& arguments) {
  for (const std::string& given : invocation.values("--validation")) {
    if (given.empty()) throw invalid_argument("--validation is empty; is a shell variable unset?");
    const auto fraction = parse_number(given);
    if (!fraction && !file_status(given) && given.find_first_not_of("0123456789.,% ") == std::string::npos)
      throw invalid_argument("--validation \"" + given + "\": a part of the data is a number, such as 0.2");
    if (!fraction) {
      arguments.validation.push_back(given);
      continue;
    }
    if (!(*fraction > 0 && *fraction < 1))
      throw invalid_argument(
          "--validation " + given +
          ": a part of the data is more than 0 and less than 1, such as 0.2; a file of that "
          "name is ./" +
          given);
    if (arguments.validation_fraction > 0)
      throw invalid_argument("--validation takes one part of the data, and two were given");
    arguments.validation_fraction = *fraction;
  }
}

// What is allowed, and yet hardly what is meant.
void note_doubts(const Invocation& invocation, const TrainArguments& arguments) {
  if (invocation.quiet()) return;
  if (arguments.validation_fraction > 0 && !arguments.keep_best.empty())
    say("note: --keep-best with a part of the data: the model at the save path may have learned from rows "
        "that it "
        "is now measured on, and then looks better than it is; a file that no model learns from is fair");
  for (const std::string& file : arguments.validation)
    if (std::find(arguments.data.begin(), arguments.data.end(), file) != arguments.data.end())
      say("note: " + printable(file) +
          " is learned from, too: the metrics on it tell nothing about new data");
}

// --skip-unchanged, where nothing has changed: the exit code.
std::optional<int> skipped(const Invocation& invocation, const TrainArguments& arguments) {
  if (!invocation.has("--skip-unchanged")) return std::nullopt;
  const auto unchanged = invocation.manager().find_unchanged(invocation.arguments[0][0], arguments);
  if (!unchanged) return std::nullopt;
  if (!invocation.quiet())
    say("nothing is trained: " + printable(unchanged->model_path) +
        " was made from the same data and parameters by the same module" +
        (unchanged->job ? "; its training is " + unchanged->job->id : ""));
  for (const std::string& failure : unchanged->failures) say(failure);
  if (invocation.json() || invocation.has("--format")) {
    std::vector<JobInfo> jobs;
    if (unchanged->job) jobs.push_back(*unchanged->job);
    print_structured(invocation, jobs_document(jobs, static_cast<std::int64_t>(jobs.size())), "jobs");
  } else if (unchanged->job) {
    print(unchanged->job->id + "\n");
  }
  return unchanged->failures.empty() ? 0 : kRequirementNotMet;
}

int run(const Invocation& invocation) {
  check_job_format(invocation);
  TrainArguments arguments;
  arguments.data = invocation.arguments[1];
  for (const std::string& data : invocation.values("--data")) arguments.data.push_back(data);
  for (const std::string& data : arguments.data)
    if (data.empty()) throw invalid_argument("the name of a data file is empty; is a shell variable unset?");
  arguments.standard_input = 0;
  arguments.data_format = invocation.value_or("--input-format", "");
  arguments.parameters = read_parameters(invocation);
  arguments.save_path = invocation.value_or("--save-path", "");
  arguments.save_with_id = invocation.has("--save-with-id");
  arguments.model_name = invocation.value_or("--model-name", "");
  read_validation(invocation, arguments);
  arguments.require = invocation.values("--require");
  arguments.keep_best = invocation.value_or("--keep-best", "");
  arguments.keep_previous = static_cast<int>(invocation.number("--keep-previous", 0, 1000).value_or(0));
  arguments.job = read_job_options(invocation);
  if (invocation.has("--wait") && invocation.has("--detach"))
    throw invalid_argument("--wait and --detach exclude each other");
  invocation.duration("--timeout");  // refused now, not after the submit
  for (const char* option : {"--timeout", "--cancel-on-interrupt"})
    if (invocation.has(option) && !invocation.has("--wait"))
      throw invalid_argument(std::string(option) + " is about waiting: add --wait, or leave it out");
  if (const auto code = skipped(invocation, arguments)) return *code;
  note_doubts(invocation, arguments);
  const auto future = invocation.manager().train(invocation.arguments[0][0], arguments,
                                                 invocation.value_or("--trainer", "default"));
  return submitted(invocation, *future, invocation.has("--wait"));
}

// The parameters of the module on the line; nothing where there is none, or none that is known.
std::string help_of_module(const Invocation& invocation) {
  try {
    ModelManager::Options options;
    options.config_file = invocation.value("--config");
    options.keep_faults = true;
    const ModelManager manager(options);
    const std::string& module = invocation.arguments.at(0).at(0);
    if (module.empty() || module.find('/') != std::string::npos) return {};  // a script, which declares none
    return parameters_of(manager.modules().find(module));
  } catch (const Error& error) {
    // Mistyped, or the word MODULE itself.
    return error.code() == StatusCode::not_found ? std::string("Its parameters: ") + error.what() + "\n" : "";
  } catch (const std::exception&) {
    return {};
  }
}

}  // namespace

CommandSpec train_command() {
  CommandSpec command;
  command.name = "train";
  command.summary = "Train a model in the background; prints the job's id at once";
  command.usage = "ostler train MODULE DATA... --label COLUMN --save-path DIR";
  command.examples = {"ostler train xgboost penguins.train.csv --label species --save-path models/penguins",
                      "ostler train linear iris.train.csv --label target --wait --save-path models/iris",
                      "ostler train xgboost data.csv --label y -p eta=0.05 -p max_depth=6"};
  command.arguments = {{"MODULE", "a module's short name or id: ostler modules lists them"},
                       {"DATA", "files, directories, quoted patterns; - for standard input", 0, -1}};
  command.options =
      std::vector<OptionSpec>{
          {"--data", "", "FILE", "same as DATA", "Data and parameters", true},
          {"--input-format", "", "FORMAT", "csv, tsv, jsonl, json or text (default: by extension)",
           "Data and parameters"},
          {"--label", "", "COLUMN", "the column to predict, same as -p label=COLUMN", "Data and parameters"},
          {"--param", "-p", "NAME=VALUE", "a parameter of the module; NAME:=JSON for lists and null",
           "Data and parameters", true},
          {"--params", "", "FILE", "parameters as a YAML or JSON map; -p wins", "Data and parameters"},
          {"--validation", "", "FILE|PART",
           "measure on this file, or on a part of the data (0.2), which is not learned from", "Metrics",
           true},
          {"--require", "", "CONDITION",
           "what the model must meet, quoted: 'accuracy>=0.95'; else it is ERRORED, exit 7", "Metrics", true},
          {"--keep-best", "", "METRIC",
           "replace the model at --save-path only by a better one (of a program's own metric: min:NAME, "
           "max:NAME)",
           "Metrics"},
          {"--skip-unchanged", "", "",
           "train nothing where the model at --save-path was made from the same data and parameters",
           "Metrics"},
          {"--keep-previous", "", "N",
           "keep the last N models that were replaced, for ostler rollback (default: 0)", "The model"},
          {"--save-path", "", "DIR", "where the model goes (default: the job's directory)", "The model"},
          {"--save-with-id", "", "", "below --save-path, in a directory named by the job's uuid",
           "The model"},
          {"--model-name", "", "NAME", "below --save-path, in a directory of this name", "The model"},
          {"--trainer", "", "NAME", "the trainer to use (default: default)", "The model"}} +
      job_options();
  command.notes =
      "A directory stands for the data files in it, by extension: those of --input-format, else .json files, "
      "else those\n"
      "of the one format that is there. In .json is one array of objects, in .jsonl an object a line.\n\n"
      "The job outlives this shell: ask for it from any other with ostler status, wait, result, logs, "
      "cancel.\n\n"
      "What is wrong with module, parameters, columns or save path is refused before there is a job (exit 2 "
      "or 3).";
  command.group = "Models";
  command.exit_codes = {3, 4, 5, 6, 7, 124, 130};
  command.more_help = help_of_module;
  command.run = run;
  return command;
}

}  // namespace ostler
