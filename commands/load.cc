// ostler load MODEL: proves that a model can be initialized.

#include <unistd.h>

#include <fmt/format.h>

#include "commands/command.h"
#include "commands/output.h"
#include "commands/stdout_guard.h"
#include "lib/base/end_signals.h"
#include "lib/base/files.h"

namespace ostler {

namespace {

long long resident_bytes() {
  const std::vector<std::string> fields = split(read_file("/proc/self/statm"), ' ');
  return parse_integer(fields.at(1)).value_or(0) * ::sysconf(_SC_PAGESIZE);
}

int run(const Invocation& invocation) {
  ModelManager& manager = invocation.manager();
  StdoutGuard rows;
  end_cleanly_on_signals();
  const long long before = resident_bytes();
  const Duration start = Clock::system().steady();
  const std::string& name = invocation.arguments[0][0];
  const std::string finder = invocation.value_or("--finder", "default");
  const std::string initializer = invocation.value_or("--initializer", "default");
  const LoadedModel model = name == "-" ? manager.load_archive(0, "standard input", finder, initializer)
                                        : manager.load(name, finder, initializer);
  model.module->check();
  const double load_seconds = seconds(Clock::system().steady() - start);
  const long long memory = std::max(0LL, resident_bytes() - before);
  rows.restore();
  const Value loaded = Value::object({{"path", model.config.model_path()},
                                      {"module", Value::object({{"name", model.manifest.name},
                                                                {"id", model.manifest.module_id},
                                                                {"version", model.manifest.version}})},
                                      {"backend", model.load_backend},
                                      {"finder", model.finder},
                                      {"initializer", model.initializer},
                                      {"load_seconds", load_seconds},
                                      {"memory_bytes", std::int64_t{memory}}});
  if (print_structured(invocation, document_of_all("models", {loaded}), "models")) return 0;
  print(format_details({{"path", model.config.model_path()},
                        {"module", model.manifest.name},
                        {"version", model.manifest.version},
                        {"backend", model.load_backend},
                        {"load_seconds", fmt::format("{:.4f}", load_seconds)},
                        {"memory_bytes", std::to_string(memory)}}));
  return 0;
}

}  // namespace

CommandSpec load_command() {
  CommandSpec command;
  command.name = "load";
  command.summary = "Load a model and say how that went: the gate before a deployment";
  command.usage = "ostler load MODEL";
  command.examples = {"ostler load models/penguins",
                      "ostler load models/penguins && cp -r models/penguins /srv/models/",
                      "ostler load penguins.zip --json", "curl -s $url | ostler load -"};
  command.arguments = {model_argument()};
  command.options = {{"--finder", "", "NAME", "the finder to ask (default: default)", "Options"},
                     {"--initializer", "", "NAME", "the initializer to use (default: default)", "Options"},
                     {"--trust-code", "", "", "run the program that the model itself names", "Options"}};
  command.notes =
      "Its files are held against the sizes and checksums in the model's config.yml first. The MODEL - is a "
      "zip\n"
      "on standard input.";
  command.group = "Models";
  command.exit_codes = {3};
  command.run = run;
  return command;
}

}  // namespace ostler
