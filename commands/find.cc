// ostler find MODEL: asks the finder.

#include "commands/command.h"
#include "commands/models.h"
#include "commands/output.h"

namespace ostler {

namespace {

int run(const Invocation& invocation) {
  const FoundModel found =
      invocation.manager().find_model(invocation.arguments[0][0], invocation.value_or("--finder", "default"));
  if (!invocation.quiet() && !found.config.note().empty()) say("note: " + found.config.note());
  const Value model = model_to_value(invocation.manager().modules(), found);
  const Value document = Value::object({{"schema", 1}, {"models", Value::array({model})}});
  if (!print_structured(invocation, document, "models")) print(model_details(model));
  return 0;
}

}  // namespace

CommandSpec find_command() {
  CommandSpec command;
  command.name = "find";
  command.summary = "Ask the finder about a model: where it is, what made it, how good it is";
  command.usage = "ostler find MODEL";
  command.examples = {"ostler find models/penguins",
                      "ostler find penguins  # a name under the load path (./models)",
                      "ostler find models/penguins --format '{metrics.accuracy}'"};
  command.arguments = {model_argument()};
  command.options = {{"--finder", "", "NAME", "the finder to ask (default: default)", "Options"}};
  command.run = run;
  return command;
}

}  // namespace ostler
