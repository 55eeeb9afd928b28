#include "commands/terminal.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <iterator>

#include "lib/base/end_signals.h"

namespace ostler {

namespace {

struct Range {
  char32_t first, last;
};

// Marks that stand over or under the character before them, and what is not seen at all.
constexpr Range kNoColumn[] = {
    {0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD},   {0x0610, 0x061A}, {0x064B, 0x065F},
    {0x06D6, 0x06DC}, {0x0900, 0x0902}, {0x093C, 0x093C},   {0x0941, 0x0948}, {0x094D, 0x094D},
    {0x0E31, 0x0E31}, {0x0E34, 0x0E3A}, {0x0E47, 0x0E4E},   {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF},
    {0x200B, 0x200F}, {0x202A, 0x202E}, {0x2060, 0x2064},   {0x20D0, 0x20FF}, {0xFE00, 0xFE0F},
    {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF}, {0xE0001, 0xE01EF},
};
// East Asian wide and fullwidth characters, and emoji.
constexpr Range kTwoColumns[] = {
    {0x1100, 0x115F},   {0x231A, 0x231B},   {0x23E9, 0x23EC},   {0x25FD, 0x25FE},   {0x2614, 0x2615},
    {0x2648, 0x2653},   {0x26AA, 0x26AB},   {0x26BD, 0x26BE},   {0x26C4, 0x26C5},   {0x2705, 0x2705},
    {0x270A, 0x270B},   {0x2728, 0x2728},   {0x274C, 0x274C},   {0x2753, 0x2755},   {0x2795, 0x2797},
    {0x2B1B, 0x2B1C},   {0x2B50, 0x2B50},   {0x2E80, 0x303E},   {0x3041, 0x33FF},   {0x3400, 0x4DBF},
    {0x4E00, 0x9FFF},   {0xA000, 0xA4CF},   {0xA960, 0xA97F},   {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},
    {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},   {0x1F004, 0x1F004}, {0x1F0CF, 0x1F0CF},
    {0x1F18E, 0x1F18E}, {0x1F191, 0x1F19A}, {0x1F200, 0x1F320}, {0x1F32D, 0x1F64F}, {0x1F680, 0x1F6FF},
    {0x1F7E0, 0x1F7EB}, {0x1F90C, 0x1F9FF}, {0x1FA70, 0x1FAFF}, {0x20000, 0x3FFFD},
};

template <std::size_t size>
bool is_in(const Range (&ranges)[size], char32_t point) {
  const auto* range = std::lower_bound(std::begin(ranges), std::end(ranges), point,
                                       [](const Range& one, char32_t p) { return one.last < p; });
  return range != std::end(ranges) && range->first <= point;
}

// What is drawn as one: a character, or a colour's escape sequence, which takes no column.
struct Glyph {
  std::size_t bytes, columns;
};

Glyph glyph_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
  };
  const unsigned first = byte(0);
  if (first == 0x1B) return {std::min(text.find('m', at), text.size() - 1) - at + 1, 0};
  if (first < 0x80) return {1, 1};
  const std::size_t bytes = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1;
  if (bytes == 1 || at + bytes > text.size()) return {1, 1};  // not UTF-8
  char32_t point = first & (0xFFU >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) point = point << 6U | (byte(i) & 0x3FU);
  if (is_in(kNoColumn, point)) return {bytes, 0};
  return {bytes, is_in(kTwoColumns, point) ? 2U : 1U};
}

bool is_plain_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<signed char>(c) >= 0x20; });
}

void write_to(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;  // nobody can be told that the terminal is gone
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

void install(int signal, void (*handler)(int), struct sigaction* before) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;  // a poll comes back all the same
  sigemptyset(&action.sa_mask);
  ::sigaction(signal, &action, before);
}

void on_resize(int) {}

// Stops this process as Ctrl-Z does without a handler, from within its handler; returns when it goes on.
void stop_now(void (*handler)(int)) {
  install(SIGTSTP, SIG_DFL, nullptr);
  ::raise(SIGTSTP);
  sigset_t stop, before;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTSTP);
  ::sigprocmask(SIG_UNBLOCK, &stop, &before);
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  install(SIGTSTP, handler, nullptr);
}

struct sigaction g_resize_before, g_stop_before, g_hangup_before;

}  // namespace

TerminalSize terminal_size(int fd) {
  TerminalSize size;
  winsize told{};
  if (::ioctl(fd, TIOCGWINSZ, &told) != 0) return size;
  if (told.ws_col > 0) size.columns = told.ws_col;
  if (told.ws_row > 0) size.rows = told.ws_row;
  return size;
}

bool is_live_terminal(int fd) {
  const char* term = ::getenv("TERM");
  return term != nullptr && *term != '\0' && std::string_view(term) != "dumb" && ::isatty(fd) == 1;
}

bool unicode_is_shown() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = ::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    std::string lower;
    for (const char* c = value; *c != '\0'; ++c)
      if (*c != '-') lower += static_cast<char>(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
    return lower.find("utf8") != std::string::npos;
  }
  return false;
}

std::size_t columns_of(std::string_view text) {
  if (is_plain_ascii(text)) return text.size();
  std::size_t columns = 0;
  for (std::size_t at = 0; at < text.size();) {
    const Glyph glyph = glyph_at(text, at);
    columns += glyph.columns;
    at += glyph.bytes;
  }
  return columns;
}

std::string cut_to(std::string_view text, std::size_t columns, Cut where) {
  std::size_t all = columns_of(text);
  if (all <= columns) return std::string(text);
  std::string_view mark = unicode_is_shown() ? "…" : "...";
  if (columns_of(mark) > columns) mark = std::string_view("...").substr(0, columns);
  const std::size_t room = columns - columns_of(mark), first = where == Cut::end ? room : room / 2;
  std::size_t head = 0, taken = 0;
  bool in_colour = false;
  for (;;) {
    const Glyph glyph = glyph_at(text, head);
    if (taken + glyph.columns > first) break;
    in_colour = in_colour || text[head] == '\x1b';
    taken += glyph.columns;
    head += glyph.bytes;
  }
  std::size_t tail = text.size();
  if (where == Cut::middle)
    for (tail = head; all - taken > room - first;) {
      const Glyph glyph = glyph_at(text, tail);
      all -= glyph.columns;
      tail += glyph.bytes;
    }
  return std::string(text.substr(0, head)) + std::string(mark) + std::string(text.substr(tail)) +
         (in_colour ? "\x1b[0m" : "");
}

std::string progress_bar(double part, std::size_t width) {
  const bool unicode = unicode_is_shown();
  const double filled = std::clamp(std::isfinite(part) ? part : 0.0, 0.0, 1.0) * static_cast<double>(width);
  std::string bar;
  for (std::size_t i = 0; i < width; ++i) {
    const bool full = static_cast<double>(i + 1) <= filled + 1e-9;
    bar += unicode ? (full ? "━" : "─") : (full ? "#" : ".");
  }
  return bar;
}

namespace {

// The line first: tmux keeps what "the rest of the screen" erases of a whole screen.
constexpr std::string_view kErase = "\r\x1b[K\x1b[J";
volatile sig_atomic_t g_lines_shown = 0;

void erase_now() {
  if (g_lines_shown != 0) write_to(2, kErase);
}

void on_stop_of_lines(int) {
  const int error = errno;
  erase_now();
  g_lines_shown = 0;
  stop_now(on_stop_of_lines);
  errno = error;
}

}  // namespace

LiveLines::LiveLines() {
  install(SIGWINCH, on_resize, &g_resize_before);
  install(SIGTSTP, on_stop_of_lines, &g_stop_before);
  if (g_stop_before.sa_handler == SIG_IGN) ::sigaction(SIGTSTP, &g_stop_before, nullptr);
}

LiveLines::~LiveLines() {
  clear();
  ::sigaction(SIGWINCH, &g_resize_before, nullptr);
  ::sigaction(SIGTSTP, &g_stop_before, nullptr);
}

void LiveLines::draw(const std::vector<std::string>& lines) {
  const pid_t owner = ::tcgetpgrp(2);
  if (lines.empty() || (owner >= 0 && owner != ::getpgrp())) return;
  const std::size_t columns = terminal_size(2).columns;
  std::string text = "\r";
  for (std::size_t i = 0; i < lines.size(); ++i)
    text += (i > 0 ? "\r\n" : "") + cut_to(lines[i], columns - 1) + "\x1b[K";
  text += "\x1b[J\r";
  if (lines.size() > 1) text += fmt::format("\x1b[{}A", lines.size() - 1);
  g_lines_shown = 1;
  erase_on_signal(true);
  write_to(2, text);
}

void LiveLines::clear() {
  erase_now();
  g_lines_shown = 0;
  erase_on_signal(false);
}

namespace {

volatile sig_atomic_t g_stopping = 0, g_resized = 0;
void on_stop_of_screen(int) { g_stopping = 1; }
void on_resize_of_screen(int) { g_resized = 1; }
termios g_terminal_before;
bool g_has_keys = false;

void leave_now() {
  write_to(1, "\x1b[?25h\x1b[?1049l");
  if (g_has_keys) ::tcsetattr(0, TCSADRAIN, &g_terminal_before);
}

// Who sends it by hand still looks at the terminal.
void on_hangup_of_screen(int) {
  leave_now();
  ::sigaction(SIGHUP, &g_hangup_before, nullptr);
  ::raise(SIGHUP);  // heeded when this returns
}

}  // namespace

Screen::Screen() {
  install(SIGWINCH, on_resize_of_screen, &g_resize_before);
  install(SIGTSTP, on_stop_of_screen, &g_stop_before);
  g_has_keys = ::tcgetattr(0, &g_terminal_before) == 0;
  install(SIGHUP, on_hangup_of_screen, &g_hangup_before);
  if (g_hangup_before.sa_handler == SIG_IGN) ::sigaction(SIGHUP, &g_hangup_before, nullptr);
  enter();
}

Screen::~Screen() {
  leave_now();
  ::sigaction(SIGHUP, &g_hangup_before, nullptr);
  ::sigaction(SIGWINCH, &g_resize_before, nullptr);
  ::sigaction(SIGTSTP, &g_stop_before, nullptr);
}

void Screen::enter() {
  termios keys = g_terminal_before;
  keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  keys.c_cc[VMIN] = 1;
  keys.c_cc[VTIME] = 0;
  if (g_has_keys) ::tcsetattr(0, TCSADRAIN, &keys);
  write_to(1, "\x1b[?1049h\x1b[?25l\x1b[H\x1b[J");
  drawn_.clear();
}

void Screen::draw(const std::vector<std::string>& lines) {
  const TerminalSize size = terminal_size(1);
  std::string text = "\x1b[H";
  for (std::size_t i = 0; i < std::min(lines.size(), size.rows); ++i)
    text += (i > 0 ? "\r\n" : "") + cut_to(lines[i], size.columns) + "\x1b[K";
  text += "\x1b[J";
  if (text == drawn_ && g_resized == 0) return;
  g_resized = 0;
  write_to(1, text);
  drawn_ = text;
}

char Screen::key(int milliseconds) {
  pollfd input = {g_has_keys ? 0 : -1, POLLIN, 0};
  const int ready = g_stopping != 0 || g_resized != 0 ? 0 : ::poll(&input, 1, milliseconds);
  if (g_stopping != 0) {
    leave_now();
    g_stopping = 0;
    stop_now(on_stop_of_screen);
    enter();
    return 0;
  }
  if (ready <= 0) return 0;
  char key = 0;
  const ssize_t count = ::read(0, &key, 1);
  if (count < 0) return 0;
  return count == 0 ? kEnd : key;
}

}  // namespace ostler
