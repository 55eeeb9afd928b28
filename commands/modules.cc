// ostler modules [NAME]: the modules there are and their parameters; --new writes one.

#include "commands/command.h"
#include "commands/new_module.h"
#include "commands/output.h"
#include "lib/base/files.h"

namespace ostler {

namespace {

Value module_to_value(const ModuleManifest& manifest) {
  Value value = to_value(manifest);
  value.erase("ostler_manifest");
  value["manifest"] = manifest.manifest_path;
  // A manifest leaves out what does not apply; here every key is there.
  for (Value& parameter : value["parameters"].as_array()) {
    for (const char* key : {"minimum", "maximum"})
      if (parameter.find(key) == nullptr) parameter[key] = Value();
    if (parameter.find("minimum_exclusive") == nullptr) parameter["minimum_exclusive"] = false;
    if (parameter.find("choices") == nullptr) parameter["choices"] = Value::array();
  }
  return value;
}

// "LOCAL, PROCESS (models made with LOCAL)", and the words of a command.
std::string shown_backends(const ModuleManifest& manifest) {
  std::vector<std::string> names;
  for (const ModuleBackend& backend : manifest.backends)
    names.push_back(backend.type + " (loads what was made with " + join(backend.loads, ", ") + ")");
  return join(names, ", ");
}

std::string shown_words(const ModuleManifest& manifest, const char* role) {
  const Value* words = manifest.command.find(role);
  if (words == nullptr) return {};
  std::vector<std::string> quoted;
  for (const Value& word : words->as_array()) quoted.push_back(shell_quote(word.as_string()));
  return join(quoted, " ");
}

std::string shown_library(const ModuleManifest& manifest) {
  return manifest.library + (manifest.library_version.empty() ? "" : " " + manifest.library_version);
}

std::string module_details(const ModuleManifest& manifest) {
  std::string text =
      format_details({{"name", manifest.name},
                      {"module_id", manifest.module_id},
                      {"version", manifest.version},
                      {"task", manifest.task},
                      {"description", manifest.description},
                      {"library", shown_library(manifest)},
                      {"input", manifest.input},
                      {"cpus", manifest.cpus == 0 ? "all" : std::to_string(manifest.cpus)},
                      {"backends", shown_backends(manifest)},
                      {"train", shown_words(manifest, "train")},
                      {"run", shown_words(manifest, "run")},
                      {"file", manifest.is_command() ? manifest.manifest_path : manifest.file}});
  return text + "\n" + parameters_of(manifest);
}

int write_new(const Invocation& invocation) {
  if (!invocation.arguments[0].empty())
    throw invalid_argument("--new NAME writes a new module; it takes no other name");
  if (invocation.has("--python") == invocation.has("--shell"))
    throw invalid_argument("--new writes either --python or --shell scripts: say which");
  if (invocation.json() || invocation.has("--format"))
    throw invalid_argument(
        "--new prints the names of the files that it writes; leave out --json and --format");
  const std::string name = *invocation.value("--new");
  const std::vector<std::string> written = write_new_module(
      name, invocation.has("--shell") ? ScriptLanguage::shell : ScriptLanguage::python, working_directory());
  print(join(written, "\n") + "\n");
  if (!invocation.quiet() && written.back() != "ostler.yml")
    say("note: there is an ostler.yml already: add the module of " + written.back() +
        " to it (its paths begin with " + name + "/ there), or give --config " + written.back());
  return 0;
}

int run(const Invocation& invocation) {
  if (invocation.has("--new")) return write_new(invocation);
  for (const char* option : {"--python", "--shell"})
    if (invocation.has(option)) throw invalid_argument(std::string(option) + " belongs to --new NAME");
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
  Value::Array list;
  for (const ModuleManifest& manifest : manifests) list.push_back(module_to_value(manifest));
  if (print_structured(invocation, document_of_all("modules", std::move(list)), "modules")) return 0;
  if (one) {
    print(module_details(manifests[0]));
    return 0;
  }
  std::vector<std::vector<std::string>> rows = {{"NAME", "VERSION", "LIBRARY", "TASK"}};
  for (const ModuleManifest& manifest : manifests)
    rows.push_back({manifest.name, manifest.version, shown_library(manifest), manifest.task});
  print(format_table(std::move(rows), {{3, 24}, {1, 0}, {2, 0}, {3, 10}}));
  return 0;
}

}  // namespace

std::string parameters_of(const ModuleManifest& manifest) {
  if (manifest.any_parameters) return "Parameters of " + manifest.name + " (-p NAME=VALUE): any\n";
  std::vector<std::vector<std::string>> rows;
  for (const ParameterSpec& spec : manifest.parameters)
    rows.push_back({"  " + spec.name, describe(spec), spec.help});
  return "Parameters of " + manifest.name + " (-p NAME=VALUE):\n" + format_table(rows);
}

CommandSpec modules_command() {
  CommandSpec command;
  command.name = "modules";
  command.summary = "List the installed modules, or one module's parameters";
  command.usage = "ostler modules [NAME]";
  command.options = {
      {"--new", "", "NAME", "write a module of scripts: NAME/ and its configuration", "A new module"},
      {"--python", "", "", "with --new: in Python", "A new module"},
      {"--shell", "", "", "with --new: for the shell", "A new module"}};
  command.examples = {"ostler modules", "ostler modules xgboost",
                      "ostler modules --format '{name} {module_id}'", "ostler modules --new churn --python"};
  command.arguments = {{"NAME", "a module's short name or id", 0, 1}};
  command.group = "Installation";
  command.exit_codes = {3};
  command.run = run;
  return command;
}

}  // namespace ostler
