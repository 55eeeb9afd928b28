// ostler doctor: tells what is wrong, and how to mend it; --repair mends what can be.

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "commands/command.h"
#include "commands/output.h"
#include "lib/base/files.h"
#include "lib/base/install.h"
#include "lib/base/process.h"
#include "lib/base/temporary_directory.h"

namespace ostler {

namespace {

using State = Finding::State;

std::vector<Finding> look_at_configuration(const Invocation& invocation) {
  ModelManager& manager = invocation.manager(/*keep_faults=*/true);
  std::vector<Finding> findings;
  for (const std::string& warning : manager.configuration().warnings)
    findings.push_back({"configuration", State::note, warning, ""});
  try {
    manager.initialize_components();
  } catch (const Error& error) {
    for (const std::string& fault : split(error.what(), '\n'))
      findings.push_back({"configuration", State::wrong, fault, ""});
  }
  const std::vector<std::string>& files = manager.configuration().files;
  if (findings.empty())
    findings.push_back(
        {"configuration", State::well, files.empty() ? "the defaults" : join(files, ", "), ""});
  return findings;
}

// What keeps a library from being opened; "" when nothing. It is opened by a process of its own, since a
// broken one may do anything to the process that opens it.
std::string fault_of_library(const ModuleManifest& manifest) {
  const UniqueFd told(::memfd_create("ostler-doctor", MFD_CLOEXEC));
  SpawnRequest request;
  request.arguments = {job_program_path(), "open", manifest.manifest_path};
  request.standard_error = told.get();
  const int status = wait_for(spawn(request));
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return "";
  std::string text(4096, '\0');
  text.resize(
      static_cast<std::size_t>(std::max<ssize_t>(0, ::pread(told.get(), text.data(), text.size(), 0))));
  text = trim(text);
  if (WIFSIGNALED(status))
    return "opening it ended with " + signal_text(WTERMSIG(status)) + (text.empty() ? "" : ": " + text);
  constexpr std::string_view own = "ostler-job: ";
  return starts_with(text, own) ? text.substr(own.size()) : text;
}

std::vector<Finding> look_at_modules(const Invocation& invocation) {
  const ModuleCatalog& catalog = invocation.manager(/*keep_faults=*/true).modules();
  std::vector<Finding> findings;
  for (const std::string& fault : catalog.faults()) findings.push_back({"modules", State::wrong, fault, ""});
  for (const ModuleManifest& manifest : catalog.list()) {
    const std::string name = "module " + manifest.name;
    if (manifest.is_command()) {
      findings.push_back({name, State::well, "a program, declared in " + manifest.manifest_path, ""});
      continue;
    }
    const std::string fault = fault_of_library(manifest);
    const std::string version = manifest.library_version.empty() ? "" : " " + manifest.library_version;
    // That a built-in one lacks its library is a matter of packages; what mends another's only its maker
    // knows.
    const bool built_in = parent_path(manifest.manifest_path) == modules_directory();
    if (fault.empty())
      findings.push_back({name, State::well, manifest.version + ", " + manifest.library + version, ""});
    else
      findings.push_back({name, State::wrong, fault, built_in ? "ldd " + shell_quote(manifest.file) : ""});
  }
  if (findings.empty())
    findings.push_back({"modules", State::note, "there are none in " + modules_directory(), ""});
  return findings;
}

bool in_data_directories(const std::string& directory) {
  const char* given = ::getenv("XDG_DATA_DIRS");
  const std::vector<std::string> all = split(given == nullptr ? "" : given, ':');
  return std::find(all.begin(), all.end(), directory) != all.end();
}

// Manual pages and completions, where this very program was installed with them.
std::vector<Finding> look_at_shells(const Invocation&) {
  const std::string prefix = parent_path(parent_path(parent_path(job_program_path())));
  const std::string share = join_path(prefix, "share");
  std::vector<Finding> findings;
  const std::string page = join_path(share, "man/man1/ostler.1");
  if (file_status(page) || file_status(page + ".gz"))
    findings.push_back({"manual pages", State::well, join_path(share, "man"), ""});
  else
    findings.push_back({"manual pages", State::note, "there are none in " + join_path(share, "man"), ""});
  std::vector<std::string> found;
  constexpr std::pair<const char*, const char*> files[] = {{"bash", "bash-completion/completions/ostler"},
                                                           {"zsh", "zsh/vendor-completions/_ostler"},
                                                           {"fish", "fish/vendor_completions.d/ostler.fish"}};
  for (const auto& [shell, file] : files)
    if (file_status(join_path(share, file))) found.emplace_back(shell);
  if (found.empty()) {
    findings.push_back({"completions", State::note, "there are none in " + share, ""});
  } else if (prefix != "/usr" && prefix != "/usr/local" && prefix != "/" && !in_data_directories(share)) {
    // Shells look there alone.
    findings.push_back(
        {"completions", State::note, "shells do not look in " + share,
         "export XDG_DATA_DIRS=" + shell_quote(share) + ":${XDG_DATA_DIRS:-/usr/local/share:/usr/share}"});
  } else {
    findings.push_back({"completions", State::well, join(found, ", "), ""});
  }
  return findings;
}

// What is looked at, in this order: a further subject is a further line.
using Look = std::vector<Finding> (*)(const Invocation&);
constexpr Look kLooks[] = {
    [](const Invocation& invocation) { return invocation.manager(/*keep_faults=*/true).jobs().examine(); },
    look_at_configuration,
    look_at_modules,
    look_at_shells,
};

std::string_view state_name(Finding::State state) {
  switch (state) {
    case Finding::State::well:
      return "ok";
    case Finding::State::note:
      return "note";
    case Finding::State::wrong:
      return "wrong";
  }
  return "";
}

std::string shown_state(Finding::State state) {
  const std::string name(state_name(state));
  if (state == Finding::State::wrong) return coloured(name, Colour::red);
  return state == Finding::State::note ? coloured(name, Colour::yellow) : coloured(name, Colour::green);
}

Value document_of(const std::vector<Finding>& findings) {
  Value list = Value::array();
  for (const Finding& finding : findings)
    list.push_back(Value::object({{"check", finding.check},
                                  {"state", state_name(finding.state)},
                                  {"text", finding.text},
                                  {"mend", finding.mend.empty() ? Value() : Value(finding.mend)}}));
  return Value::object({{"schema", 1}, {"checks", list}});
}

std::string table_of(const std::vector<Finding>& findings, bool colours) {
  std::vector<std::vector<std::string>> rows = {{"CHECK", "STATE", "FOUND", "MENDED BY"}};
  for (const Finding& finding : findings)
    rows.push_back({finding.check,
                    colours ? shown_state(finding.state) : std::string(state_name(finding.state)),
                    in_one_line(finding.text), finding.mend});
  return format_table(rows);
}

int run(const Invocation& invocation) {
  if (invocation.has("--repair"))
    for (const std::string& line : invocation.manager(/*keep_faults=*/true).jobs().repair())
      if (!invocation.quiet()) say(printable(line));
  std::vector<Finding> findings;
  for (const Look look : kLooks)
    for (Finding& finding : look(invocation)) findings.push_back(std::move(finding));
  // What mends must find the same store and configuration.
  std::string ostler = "ostler ";
  for (const char* option : {"--home", "--config"})
    if (const auto given = invocation.value(option)) ostler += option + (" " + shell_quote(*given)) + " ";
  for (Finding& finding : findings)
    if (starts_with(finding.mend, "ostler ")) finding.mend.replace(0, 7, ostler);
  if (!print_structured(invocation, document_of(findings), "checks"))
    print(table_of(findings, stdout_is_coloured(invocation)));
  const auto wrong = std::count_if(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.state == Finding::State::wrong;
  });
  if (wrong > 0)
    throw Error(StatusCode::failed_precondition,
                std::to_string(wrong) + (wrong == 1 ? " thing is" : " things are") +
                    " wrong; what was found, and what mends it, is told on standard output");
  return 0;
}

}  // namespace

CommandSpec doctor_command() {
  CommandSpec command;
  command.name = "doctor";
  command.summary = "Tell what is wrong with the job store or the installation, and how to mend it";
  command.usage = "ostler doctor";
  command.examples = {"ostler doctor", "ostler doctor --repair",
                      "ostler doctor --format '{state} {check}: {text}'"};
  command.options = {{"--repair", "", "", "mend what can be mended, then tell", "Options"}};
  command.notes =
      "Exits 0 when nothing is wrong, else 1. Without --repair nothing is changed.\n"
      "--repair builds a missing or damaged database anew from the jobs' directories; the damaged one is "
      "kept "
      "beside it.\n"
      "It may run at any time: jobs go on.";
  command.group = "Installation";
  command.run = run;
  return command;
}

}  // namespace ostler
