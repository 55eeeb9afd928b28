// ostler find [MODEL]: asks the finder.

#include "commands/command.h"
#include "commands/models.h"
#include "commands/output.h"

namespace ostler {

namespace {

int find_one(const Invocation& invocation, const std::string& name, const std::string& finder) {
  FoundModel found = invocation.manager().find_model(name, finder);
  if (!invocation.quiet() && !found.config.note().empty()) say("note: " + found.config.note());
  const Value model = model_to_value(invocation.manager().modules().list(),
                                     {name, std::move(found.config), "", found.finder});
  if (!print_structured(invocation, document_of_all("models", {model}), "models"))
    print(model_details(model));
  return 0;
}

int list_all(const Invocation& invocation, const std::string& finder) {
  std::vector<std::string> where;
  const std::vector<ListedModel> listed = invocation.manager().list_models(where, finder);
  const std::vector<ModuleManifest> modules = invocation.manager().modules().list();
  std::vector<Value> models;
  for (const ListedModel& model : listed) models.push_back(model_to_value(modules, model));
  if (invocation.json() || invocation.has("--format")) {
    print_structured(invocation, document_of_all("models", std::move(models)), "models");
  } else if (!models.empty()) {
    print(model_table(models));
  } else if (!invocation.quiet()) {
    say(where.empty() ? "the finder \"" + finder + "\" lists no models"
                      : "no models in " + join(where, ", "));
  }
  for (const ListedModel& model : listed)
    if (!model.problem.empty() && !invocation.quiet())
      say("note: " + printable(model.name) + " is broken: " + printable(model.problem));
  return 0;
}

int run(const Invocation& invocation) {
  const std::string finder = invocation.value_or("--finder", "default");
  const std::vector<std::string>& names = invocation.arguments[0];
  return names.empty() ? list_all(invocation, finder) : find_one(invocation, names[0], finder);
}

}  // namespace

CommandSpec find_command() {
  CommandSpec command;
  command.name = "find";
  command.summary =
      "Ask the finder about a model: where it is, what made it, how good it is; or list all models";
  command.usage = "ostler find [MODEL]";
  command.examples = {"ostler find", "ostler find models/penguins",
                      "ostler find penguins  # a name under the load path (./models)",
                      "ostler find models/penguins --format '{metrics.accuracy}'"};
  command.arguments = {model_argument()};
  command.arguments[0].minimum = 0;
  command.options = {{"--finder", "", "NAME", "the finder to ask (default: default)", "Options"}};
  command.notes =
      "Without MODEL: every directory with a config.yml below the load path (./models), at any depth; "
      "archives "
      "are not\nlooked into. What cannot be read is listed as broken, with the reason on stderr and in "
      "--json.";
  command.group = "Models";
  command.exit_codes = {3};
  command.run = run;
  return command;
}

}  // namespace ostler
