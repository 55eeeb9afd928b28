#pragma once

// What a command prints. Data goes to stdout, words for people to stderr.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "commands/terminal.h"
#include "lib/base/clock.h"
#include "lib/base/value.h"

namespace ostler {

class Invocation;

// Thrown where the reader of stdout has gone away: the program ends with 141, quietly.
struct ReaderGone {};

// Writes all of it to stdout (descriptor `fd`) at once. Throws ReaderGone, or Error for a full disk.
void print(std::string_view text, int fd = 1, const std::string& name = "standard output");
// "ostler: TEXT" on stderr, made printable.
void say(const std::string& text);

// Whether --color, NO_COLOR, TERM and what stdout is have it coloured.
bool stdout_is_coloured(const Invocation& invocation);
bool stdout_is_terminal();
bool stderr_is_terminal();

// Control characters (C0 but for line ends and tabs, DEL, C1) and what is no UTF-8 made visible, so that a
// name or message from elsewhere cannot play with the terminal.
std::string printable(std::string_view text);

// The same for a cell of a table, in which a line end would make a second row.
std::string in_one_line(std::string_view text);

enum class Colour { none, green, yellow, red, bold };
std::string coloured(const std::string& text, Colour colour);

// A column that can be narrower, down to `least` columns of the terminal; 0: that can be left out.
struct TableCut {
  std::size_t column, least;
  Cut where = Cut::end;
};
// A table: columns padded, two blanks between. The first row is the header. Nothing is cut but on a terminal,
// and there only what `cuts` allow, in that order and until it fits; empty columns that may be left out are.
std::string format_table(std::vector<std::vector<std::string>> rows, const std::vector<TableCut>& cuts = {});

// A path as one would type it here: below the working directory, or with ~.
std::string short_path(const std::string& path);
// "key: value" lines; empty values are left out; a value of several lines is indented.
std::string format_details(const std::vector<std::pair<std::string, std::string>>& lines);

// {"schema": 1, name: [...], "total": n, "truncated": false}: a document of all there is.
Value document_of_all(const std::string& name, Value::Array items);

// A document's items by --json or --format, when one of them was given: true. `name` is "jobs", "models",
// "modules"; `document` is {"schema": 1, name: [...], ...}.
bool print_structured(const Invocation& invocation, const Value& document, const std::string& name);
// Error (invalid_argument) for a --format that could not print `item`: for a command that does something,
// before it does. `item` has every member of the later ones.
void check_format(const Invocation& invocation, const Value& item);

// As people write it ("3m ago", "2d ago"), or as RFC 3339.
std::string shown_time(Time time, bool relative);
std::string shown_number(double number);  // at most 4 significant decimals

// What a job has taken, until now while it goes on; nothing before its start. Never less than zero: the clock
// may have been set back.
std::optional<Duration> time_taken(std::optional<Time> start, std::optional<Time> end);
std::string shown_bytes(double bytes);  // "12.3 MB"
std::string shown_metrics(const Value& metrics);
// "accuracy=0.97" of each number, those on data that was not trained on first.
std::vector<std::string> metric_words(const Value& metrics);

}  // namespace ostler
