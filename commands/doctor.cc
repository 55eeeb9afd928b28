// ostler doctor: tells what is wrong, and how to mend it; --repair mends what can be.

#include <algorithm>

#include "commands/command.h"
#include "commands/output.h"

namespace ostler {

namespace {

// What is looked at, in this order: a further subject is a further line.
using Look = std::vector<Finding> (*)(const Invocation&);
constexpr Look kLooks[] = {
    [](const Invocation& invocation) { return invocation.manager(/*keep_faults=*/true).jobs().examine(); },
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
  command.summary = "Tell what is wrong with the job store, and how to mend it";
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
