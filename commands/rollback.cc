// ostler rollback PATH: brings a model back that a training with --keep-previous has replaced.

#include <algorithm>

#include "commands/command.h"
#include "commands/models.h"
#include "commands/output.h"
#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/base/strings.h"
#include "lib/core/model_directory.h"

namespace ostler {

namespace {

constexpr std::size_t kShortestPrefix = 4;
constexpr const char* kHowToKeep =
    "a training keeps the model that it replaces with --keep-previous N (ostler train --help)";

// A number from 1, the newest.
Value to_value(const std::vector<ModuleManifest>& modules, const PreviousModel& model, std::size_t number) {
  Value value = model_to_value(modules, {file_name(model.path), model.config, model.problem, ""});
  value["number"] = number;
  value["replaced"] = format_time(model.replaced);
  value["kept"] = Value();
  return value;
}

std::string short_id(const std::string& tracking_id) { return tracking_id.substr(0, 8); }

std::string table(const std::vector<Value>& models) {
  std::vector<std::vector<std::string>> rows = {{"NR", "REPLACED", "MODULE", "METRICS", "TRACKING", "PATH"}};
  for (const Value& model : models) {
    const bool whole = model.at("problem").is_null();
    const auto text = [](const Value& value) {
      return value.is_string() ? in_one_line(value.as_string()) : std::string();
    };
    rows.push_back({std::to_string(model.at("number").as_integer()),
                    shown_time(*parse_time(model.at("replaced").as_string()), stdout_is_terminal()),
                    whole ? text(model.at("module").at("name")) : "(broken)",
                    whole ? in_one_line(shown_metrics(model.at("metrics"))) : "",
                    whole ? short_id(text(model.at("tracking_id"))) : "", text(model.at("path"))});
  }
  return format_table(rows);
}

const PreviousModel& choose(const std::vector<PreviousModel>& kept, const std::string& which,
                            const std::string& place) {
  const std::string list = "; ostler rollback " + place + " --list shows them";
  const auto number = parse_integer(which);
  if (number && *number >= 1 && *number <= static_cast<long long>(kept.size()))
    return kept[static_cast<std::size_t>(*number - 1)];
  if (which.size() < kShortestPrefix && !number)
    throw invalid_argument("--to \"" + which +
                           "\" is neither a number nor 4 or more characters of a tracking id" + list);
  std::vector<const PreviousModel*> found;
  for (const PreviousModel& model : kept)
    if (which.size() >= kShortestPrefix && starts_with(model.config.tracking_id(), which))
      found.push_back(&model);
  if (found.empty())
    throw not_found("--to " + which + ": none of the " + std::to_string(kept.size()) +
                    " models that are kept at " + place + " is that one" + list);
  if (found.size() > 1)
    throw invalid_argument("--to " + which + " means " + std::to_string(found.size()) +
                           " of the models that are kept at " + place + list);
  return *found[0];
}

bool is_whole(const PreviousModel& model) {
  try {
    ModelDirectory::open(model.path).verify();
    return true;
  } catch (const Error&) {
    return false;
  }
}

// A damaged one is not brought back; is there another?
Error with_advice(const Error& error, const std::vector<PreviousModel>& kept, const std::string& place) {
  for (std::size_t i = 0; i < kept.size(); ++i)
    if (is_whole(kept[i]))
      return Error(error.code(), std::string(error.what()) + "; nothing was changed. Number " +
                                     std::to_string(i + 1) + " is whole: ostler rollback " + place +
                                     " --to " + std::to_string(i + 1));
  return Error(error.code(),
               std::string(error.what()) + "; nothing was changed, and no other one that is kept is whole");
}

int list(const Invocation& invocation, const std::vector<PreviousModel>& kept, const std::string& place) {
  const std::vector<ModuleManifest> modules = invocation.manager().modules().list();
  std::vector<Value> models;
  for (std::size_t i = 0; i < kept.size(); ++i) models.push_back(to_value(modules, kept[i], i + 1));
  if (!print_structured(invocation, document_of_all("models", models), "models") && !models.empty())
    print(table(models));
  if (models.empty() && !invocation.quiet()) say("no models are kept at " + place + "; " + kHowToKeep);
  for (const PreviousModel& model : kept)
    if (!model.problem.empty() && !invocation.quiet())
      say("note: " + printable(model.path) + " is broken: " + printable(model.problem));
  return 0;
}

int run(const Invocation& invocation) {
  ModelManager& manager = invocation.manager();
  const std::string place = manager.place_of_model(invocation.arguments[0][0]);
  const std::vector<PreviousModel> kept = manager.previous_models(place);
  const auto which = invocation.value("--to");
  if (invocation.has("--list")) {
    if (which)
      throw invalid_argument("--list shows what there is and --to brings one back: give one of them");
    return list(invocation, kept, place);
  }
  if (kept.empty()) throw not_found("no model that was replaced is kept at " + place + "; " + kHowToKeep);
  const PreviousModel& chosen = which ? choose(kept, *which, place) : kept[0];
  Value model = to_value(manager.modules().list(), chosen, 1);
  model["name"] = invocation.arguments[0][0];
  model["path"] = place;
  model["kept"] = Value();
  check_format(invocation, model);
  std::string replaced;
  try {
    replaced = manager.rollback(place, chosen);
  } catch (const Error& error) {
    if (error.code() == StatusCode::data_loss) throw with_advice(error, kept, place);
    throw;
  }
  const std::string metrics = shown_metrics(model.at("metrics"));
  if (!invocation.quiet())
    say("brought back the model " + short_id(chosen.config.tracking_id()) + ", which was replaced at " +
        format_time(chosen.replaced) + (metrics.empty() ? "" : " (" + printable(metrics) + ")") +
        (replaced.empty() ? "; there was no other at " + place
                          : "; the one that was there is kept as " + replaced +
                                ", and the next rollback "
                                "brings it back"));
  if (!replaced.empty()) model["kept"] = replaced;
  if (!print_structured(invocation, document_of_all("models", {model}), "models")) print(place + "\n");
  return 0;
}

}  // namespace

CommandSpec rollback_command() {
  CommandSpec command;
  command.name = "rollback";
  command.summary = "Bring back a model that a training with --keep-previous has replaced";
  command.usage = "ostler rollback PATH [--list] [--to WHICH]";
  command.examples = {"ostler rollback models/churn --list", "ostler rollback models/churn",
                      "ostler rollback models/churn --to 3  # the third newest",
                      "ostler rollback models/churn --to 5f1c09ab  # by the beginning of its tracking id"};
  command.arguments = {{"PATH", "where the model is or was: a directory, or a name under the load path"}};
  command.options = {
      {"--list", "", "", "show the models that are kept there, the newest first, and change nothing",
       "Options"},
      {"--to", "", "WHICH", "which one: its number in the list, or 4 or more characters of its tracking id",
       "Options"}};
  command.notes =
      "Without --to it is the newest. The model that was there is kept in its place, so a second rollback "
      "brings the\nfirst back. Who is reading the model goes on with the one that it has. Nothing is lost "
      "whenever this is killed;\ndo the same again. A damaged model is not brought back; --list calls it "
      "(broken) where "
      "a file is missing or has not\nits size.\n"
      "Exit codes: 3 where none is kept; 4 while something is being published there.";
  command.group = "Models";
  command.exit_codes = {3, 4};
  command.run = run;
  return command;
}

}  // namespace ostler
