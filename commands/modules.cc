// ostler modules [NAME]: the installed modules and their parameters.

#include "commands/command.h"
#include "commands/output.h"

namespace ostler {

namespace {

Value module_to_value(const ModuleManifest& manifest) {
  Value value = to_value(manifest);
  value.erase("ostler_manifest");
  value["manifest"] = manifest.manifest_path;
  return value;
}

std::string module_details(const ModuleManifest& manifest) {
  std::string text = format_details({{"name", manifest.name},
                                     {"module_id", manifest.module_id},
                                     {"version", manifest.version},
                                     {"task", manifest.task},
                                     {"description", manifest.description},
                                     {"library", manifest.library},
                                     {"input", manifest.input},
                                     {"cpus", manifest.cpus == 0 ? "all" : std::to_string(manifest.cpus)},
                                     {"file", manifest.file}});
  text += "\nParameters (-p NAME=VALUE):\n";
  std::vector<std::vector<std::string>> rows;
  for (const ParameterSpec& spec : manifest.parameters)
    rows.push_back({"  " + spec.name, describe(spec), spec.help});
  return text + format_table(rows);
}

int run(const Invocation& invocation) {
  const ModuleCatalog& catalog = invocation.manager().modules();
  std::vector<ModuleManifest> manifests;
  const bool one = !invocation.arguments[0].empty();
  if (one) {
    if (invocation.arguments[0][0].empty()) throw invalid_argument("the module's name is empty");
    manifests.push_back(catalog.find(invocation.arguments[0][0]));
  } else {
    manifests = catalog.list();
    if (!invocation.quiet())
      for (const std::string& fault : catalog.faults()) say("warning: passed over: " + printable(fault));
  }
  Value list = Value::array();
  for (const ModuleManifest& manifest : manifests) list.push_back(module_to_value(manifest));
  const Value document = Value::object({{"schema", 1}, {"modules", list}});
  if (print_structured(invocation, document, "modules")) return 0;
  if (one) {
    print(module_details(manifests[0]));
    return 0;
  }
  std::vector<std::vector<std::string>> rows = {{"NAME", "VERSION", "LIBRARY", "TASK"}};
  for (const ModuleManifest& manifest : manifests)
    rows.push_back({manifest.name, manifest.version, manifest.library, manifest.task});
  print(format_table(rows));
  return 0;
}

}  // namespace

CommandSpec modules_command() {
  CommandSpec command;
  command.name = "modules";
  command.summary = "List the installed modules, or one module's parameters";
  command.usage = "ostler modules [NAME]";
  command.examples = {"ostler modules", "ostler modules xgboost",
                      "ostler modules --format '{name} {module_id}'"};
  command.arguments = {{"NAME", "a module's short name or id", 0, 1}};
  command.run = run;
  return command;
}

}  // namespace ostler
