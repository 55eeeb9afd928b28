#pragma once

// The command line, parsed. The only header over the option parser's library; its exceptions and exit codes
// stop in parse.cc.

#include <string>
#include <variant>

#include "commands/command.h"

namespace ostler {

// A command to run, or a text for stdout (help, version).
struct Parsed {
  const CommandSpec* command = nullptr;  // null: print `text` and exit 0
  Invocation invocation;
  std::string text;
  Value document = {};  // the same for --json and --format, by `items`; null where they were not given
  std::string items = {};
};

// Throws Error (invalid_argument) for what cannot be understood, with the nearest name.
Parsed parse_command_line(int argc, char** argv);

std::string help_text();
// The commands as a document: all, or the one.
Value help_document(const CommandSpec* command);
// `invocation`: the line that asks for it.
std::string help_text(const CommandSpec& command, const Invocation& invocation);

}  // namespace ostler
