// ostler export MODEL -o FILE.zip: a model as one file.

#include <fcntl.h>
#include <unistd.h>

#include "commands/command.h"
#include "commands/output.h"
#include "commands/output_file.h"
#include "lib/base/end_signals.h"
#include "lib/base/temporary_directory.h"

namespace ostler {

namespace {

// A whole archive or none: a reader that cannot seek cannot tell that one was cut short.
void export_to_stdout(ModelManager& manager, const FoundModel& model) {
  const UniqueFd file = open_temporary_file();
  manager.export_model(model, file.get(), "the archive");
  char block[1 << 16];
  if (::lseek(file.get(), 0, SEEK_SET) != 0) throw system_error(errno, "cannot read the archive");
  for (;;) {
    const ssize_t got = ::read(file.get(), block, sizeof block);
    if (got < 0) throw system_error(errno, "cannot read the archive");
    if (got == 0) return;
    print({block, static_cast<std::size_t>(got)});
  }
}

int run(const Invocation& invocation) {
  auto output = invocation.value("--output");
  if (output && descriptor_named(*output) == 1) output = "-";
  if (!output)
    throw invalid_argument("say where to: ostler export MODEL -o FILE.zip (or -o - for standard output)");
  if (*output == "-" && stdout_is_terminal())
    throw invalid_argument("an archive is not for a terminal: -o FILE.zip, or send it somewhere");
  const bool structured = invocation.json() || invocation.has("--format");
  if (*output == "-" && structured)
    throw invalid_argument("standard output is the archive: with --json and --format, -o names a file");
  end_cleanly_on_signals();
  ModelManager& manager = invocation.manager();
  const FoundModel model =
      manager.find_model(invocation.arguments[0][0], invocation.value_or("--finder", "default"));
  if (*output == "-") {
    export_to_stdout(manager, model);
    return 0;
  }
  const std::string file = absolute_path(*output, working_directory());
  Value done = Value::object({{"model", invocation.arguments[0][0]},
                              {"path", model.directory->path()},
                              {"file", file},
                              {"bytes", Value()}});
  check_format(invocation, done);
  manager.export_model(model, *output);
  if (const auto status = file_status(file)) done["bytes"] = status->size;
  print_structured(invocation, document_of_all("exports", {done}), "exports");
  return 0;
}

}  // namespace

CommandSpec export_command() {
  CommandSpec command;
  command.name = "export";
  command.summary = "Write a model as one zip file, which every command takes as a MODEL";
  command.usage = "ostler export MODEL -o FILE.zip";
  command.examples = {"ostler export models/penguins -o penguins.zip", "ostler predict penguins.zip new.csv",
                      "ostler export penguins -o - | ssh server ostler load -"};
  command.arguments = {model_argument()};
  command.options = {{"--output", "-o", "FILE", "the file to write; - for standard output", "Options"},
                     {"--finder", "", "NAME", "the finder to ask (default: default)", "Options"}};
  command.notes = "A file that is there is not replaced. The model's files are verified first.";
  command.group = "Models";
  command.exit_codes = {3};
  command.run = run;
  return command;
}

}  // namespace ostler
