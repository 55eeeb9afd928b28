#include "commands/output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cmath>
#include <cstring>
#include <numeric>

#include "commands/command.h"

namespace ostler {

namespace {

// The value at "module.name" in an item, as text. A name may itself have dots.
std::string field(const Value& item, const std::string& path) {
  std::string rest = path;
  if (path == "duration" && item.find("completion_time") != nullptr) {
    const auto taken =
        time_taken(parse_time(item.get_string("start_time")), parse_time(item.get_string("completion_time")));
    return taken ? number_to_text(seconds(*taken)) : "";
  }
  // As --columns and --sort have them.
  for (const auto& [one, all] : {std::pair("metric.", "metrics"), {"param.", "params"}, {"tag.", "tags"}})
    if (starts_with(path, one) && item.find(all) != nullptr)
      rest = all + path.substr(std::string_view(one).size() - 1);
  const Value* value = &item;
  while (!rest.empty()) {
    const std::size_t dot = rest.find('.');
    const Value* below = value->find(rest);
    std::string next;
    if (below == nullptr && dot != std::string::npos) {
      below = value->find(rest.substr(0, dot));
      next = rest.substr(dot + 1);
    }
    if (below == nullptr && value == &item) {
      std::vector<std::string> known;
      for (const auto& [name, member] : item.as_object()) known.push_back(name);
      throw invalid_argument("--format: there is no field {" + path + "}" +
                             did_you_mean(rest.substr(0, dot), known) + "; --json shows all that there are");
    }
    if (below == nullptr) return "";
    value = below;
    rest = std::move(next);
  }
  if (value == &item || value->is_null()) return "";
  return value->is_string() ? printable(value->as_string()) : to_json(*value);
}

std::string fill_template(const std::string& text, const Value& item) {
  std::string line;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '\\' && at + 1 < text.size() && (text[at + 1] == 't' || text[at + 1] == 'n')) {
      line += text[at + 1] == 't' ? '\t' : '\n';
      at += 2;
    } else if (text[at] == '{') {
      const std::size_t end = text.find('}', at);
      if (end == std::string::npos) throw invalid_argument("--format: a { without its }: " + text);
      const std::string path = text.substr(at + 1, end - at - 1);
      line += field(item, path);
      at = end + 1;
    } else {
      line += text[at++];
    }
  }
  return line + "\n";
}

// Whether it is ASCII that can be shown as it is, as nearly all text is.
bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

using Rows = std::vector<std::vector<std::string>>;

std::vector<std::size_t> widths_of(const Rows& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns_of(row[i]));
  }
  return widths;
}

// Columns that are left out are gone from `rows`.
void fit(Rows& rows, const std::vector<TableCut>& cuts, std::size_t columns) {
  constexpr std::size_t kGone = static_cast<std::size_t>(-1);
  std::vector<std::size_t> widths = widths_of(rows);
  const auto is_empty = [&](std::size_t column) {
    return std::all_of(rows.begin() + 1, rows.end(),
                       [&](const auto& row) { return column >= row.size() || row[column].empty(); });
  };
  for (const TableCut& cut : cuts)
    if (cut.least == 0 && is_empty(cut.column)) widths[cut.column] = kGone;
  const std::vector<std::size_t> natural = widths;
  const auto missing = [&] {  // columns of the terminal; negative: that are left
    std::ptrdiff_t all = -2 - static_cast<std::ptrdiff_t>(columns);
    for (const std::size_t width : widths)
      if (width != kGone) all += static_cast<std::ptrdiff_t>(width) + 2;
    return all;
  };
  for (const TableCut& cut : cuts) {
    std::size_t& width = widths[cut.column];
    const std::ptrdiff_t excess = missing();
    if (excess <= 0) break;
    if (width == kGone || width <= cut.least) continue;
    width = cut.least == 0 ? kGone
                           : std::max(cut.least, width - std::min(width, static_cast<std::size_t>(excess)));
  }
  // What was left out may have made room for what was cut before it.
  for (auto cut = cuts.rbegin(); cut != cuts.rend(); ++cut) {
    std::size_t& width = widths[cut->column];
    if (width != kGone && missing() < 0)
      width = std::min(natural[cut->column], width + static_cast<std::size_t>(-missing()));
  }
  for (const TableCut& cut : cuts)
    if (widths[cut.column] < natural[cut.column])
      for (auto& row : rows)
        if (cut.column < row.size()) row[cut.column] = cut_to(row[cut.column], widths[cut.column], cut.where);
  for (auto& row : rows) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < row.size(); ++i)
      if (widths[i] != kGone && kept++ != i) row[kept - 1] = std::move(row[i]);
    row.resize(kept);
  }
}

}  // namespace

void print(std::string_view text, int fd, const std::string& name) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EPIPE) throw ReaderGone();
    if (count < 0) throw system_error(errno, "cannot write to " + name);
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

void say(const std::string& text) {
  const std::string line = "ostler: " + printable(text) + "\n";
  // Nobody can be told that stderr is gone.
  [[maybe_unused]] const ssize_t written = ::write(2, line.data(), line.size());
}

bool stdout_is_coloured(const Invocation& invocation) {
  const std::vector<std::string> choices = {"auto", "always", "never"};
  const std::string when = invocation.value_or("--color", "auto");
  if (std::find(choices.begin(), choices.end(), when) == choices.end())
    throw invalid_argument("--color is auto, always or never, not \"" + when + "\"" +
                           did_you_mean(when, choices));
  if (when != "auto") return when == "always";
  const char* no_color = ::getenv("NO_COLOR");
  const char* term = ::getenv("TERM");
  if ((no_color != nullptr && *no_color != '\0') || term == nullptr || std::string_view(term) == "dumb")
    return false;
  return stdout_is_terminal();
}

std::string coloured(const std::string& text, Colour colour) {
  switch (colour) {
    case Colour::none:
      return text;
    case Colour::green:
      return "\x1b[32m" + text + "\x1b[0m";
    case Colour::yellow:
      return "\x1b[33m" + text + "\x1b[0m";
    case Colour::red:
      return "\x1b[31m" + text + "\x1b[0m";
    case Colour::bold:
      return "\x1b[1m" + text + "\x1b[0m";
  }
  return text;
}

bool stdout_is_terminal() { return ::isatty(1) == 1; }
bool stderr_is_terminal() { return ::isatty(2) == 1; }

std::string printable(std::string_view text) {
  if (is_plain(text)) return std::string(text);
  std::string clean;
  std::size_t invalid = std::min(find_invalid_utf8(text), text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool is_control = (byte < 0x20 && text[i] != '\n' && text[i] != '\t') || byte == 0x7F;
    if (i == invalid) {
      invalid = i + 1 + std::min(find_invalid_utf8(text.substr(i + 1)), text.size() - i - 1);
      clean += fmt::format("\\x{:02x}", byte);
    } else if (byte == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0) {
      clean += fmt::format("\\u{:04x}", static_cast<unsigned char>(text[++i]));
    } else if (is_control) {
      clean += fmt::format("\\x{:02x}", byte);
    } else {
      clean += text[i];
    }
  }
  return clean;
}

std::string in_one_line(std::string_view text) {
  if (is_plain(text)) return std::string(text);
  std::string line;
  for (char c : printable(text))
    line += c == '\n' ? std::string("\\n") : c == '\t' ? std::string("\\t") : std::string(1, c);
  return line;
}

std::string format_table(Rows rows, const std::vector<TableCut>& cuts) {
  if (!cuts.empty() && stdout_is_terminal()) fit(rows, cuts, terminal_size(1).columns);
  const std::vector<std::size_t> widths = widths_of(rows);
  std::string text;
  text.reserve(rows.size() *
               (std::accumulate(widths.begin(), widths.end(), std::size_t{0}) + 2 * widths.size()));
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += row[i];
      if (i + 1 < row.size()) text.append(widths[i] - columns_of(row[i]) + 2, ' ');
    }
    while (!text.empty() && text.back() == ' ') text.pop_back();
    text += '\n';
  }
  return text;
}

std::string short_path(const std::string& path) {
  char here[PATH_MAX];
  if (::getcwd(here, sizeof here) != nullptr && starts_with(path, std::string(here) + "/"))
    return path.substr(std::strlen(here) + 1);
  const char* home = ::getenv("HOME");
  if (home != nullptr && *home == '/' && starts_with(path, std::string(home) + "/"))
    return "~" + path.substr(std::strlen(home));
  return path;
}

std::string format_details(const std::vector<std::pair<std::string, std::string>>& lines) {
  std::string text;
  for (const auto& [key, value] : lines) {
    if (value.empty()) continue;
    std::string shown = printable(value);
    for (std::size_t at = 0; (at = shown.find('\n', at)) != std::string::npos; at += 3)
      shown.replace(at, 1, "\n  ");
    text += key + ": " + shown + "\n";
  }
  return text;
}

Value document_of_all(const std::string& name, Value::Array items) {
  const auto total = static_cast<std::int64_t>(items.size());
  return Value::object({{"schema", 1}, {name, std::move(items)}, {"total", total}, {"truncated", false}});
}

void check_format(const Invocation& invocation, const Value& item) {
  if (const auto given = invocation.value("--format")) fill_template(*given, item);
}

bool print_structured(const Invocation& invocation, const Value& document, const std::string& name) {
  if (const auto given = invocation.value("--format")) {
    std::string text;
    for (const Value& item : document.at(name).as_array()) text += fill_template(*given, item);
    print(text);
    return true;
  }
  if (!invocation.json()) return false;
  print(to_json(document, true) + "\n");
  return true;
}

std::string shown_time(Time time, bool relative) {
  if (!relative) return format_time(time);
  const Duration ago = std::chrono::floor<std::chrono::seconds>(Clock::system().now() - time);
  const auto largest_part = [](Duration duration) { return split(format_duration(duration), ' ')[0]; };
  return ago < Duration(0) ? "in " + largest_part(-ago) : largest_part(ago) + " ago";
}

std::optional<Duration> time_taken(std::optional<Time> start, std::optional<Time> end) {
  if (!start) return std::nullopt;
  return std::max(Duration(0), end.value_or(Clock::system().now()) - *start);
}

std::string shown_number(double number) {
  if (std::isfinite(number) && number == std::floor(number) && std::fabs(number) < 1e15)
    return fmt::format("{:.0f}", number);
  return fmt::format("{:.4g}", number);
}

std::string shown_bytes(double bytes) {
  const char* units[] = {"bytes", "kB", "MB", "GB", "TB"};
  int unit = 0;
  while (bytes >= 1000 && unit < 4) {
    bytes /= 1000;
    ++unit;
  }
  return unit == 0 ? fmt::format("{:.0f} bytes", bytes) : fmt::format("{:.1f} {}", bytes, units[unit]);
}

std::string shown_metrics(const Value& metrics) {
  std::string text;
  if (!metrics.is_object()) return text;
  for (const auto& [name, value] : metrics.as_object()) {
    if (!text.empty()) text += " ";
    text += name + "=" + (value.is_number() ? shown_number(value.as_number()) : to_json(value));
  }
  return text;
}

std::vector<std::string> metric_words(const Value& metrics) {
  std::vector<std::string> words;
  if (!metrics.is_object()) return words;
  for (const bool of_training : {false, true})
    for (const auto& [name, value] : metrics.as_object())
      if (value.is_number() && starts_with(name, "train_") == of_training)
        words.push_back(in_one_line(name) + "=" + shown_number(value.as_number()));
  return words;
}

}  // namespace ostler
