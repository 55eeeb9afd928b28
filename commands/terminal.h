#pragma once

// What a terminal can show, and text that is fitted to it. Nothing here is asked where output goes elsewhere.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ostler {

struct TerminalSize {
  std::size_t columns = 80, rows = 24;
};
// As it is now; 80 by 24 where the terminal at `fd` does not tell.
TerminalSize terminal_size(int fd);

// Whether what was drawn at `fd` can be drawn over: a terminal, and TERM is neither unset nor "dumb".
bool is_live_terminal(int fd);

// Whether LC_ALL, LC_CTYPE or LANG, the first that is set, names UTF-8. Asked of the environment, so that
// the program stays in the C locale, and a container without locales shows what its terminal can.
bool unicode_is_shown();

// The columns that text takes: two for East Asian wide characters and emoji, none for combining marks and
// colours.
std::size_t columns_of(std::string_view text);

// Text that takes at most so many columns: what is too long loses its end (or middle) to "…", or to "..."
// without Unicode.
enum class Cut { end, middle };
std::string cut_to(std::string_view text, std::size_t columns, Cut where = Cut::end);

// A bar of `width` columns, filled up to `part` (0 to 1).
std::string progress_bar(double part, std::size_t width);

// Lines on stderr that are drawn over again and again, the lowest ones of the terminal. The cursor rests at
// the beginning of the first: there nothing is left to be found again after a resize that makes long lines
// wrap. While one exists a change of the window's size makes poll(2) return, Ctrl-Z takes the lines off
// first, and so does a signal for which end_cleanly_on_signals() was called. One at a time.
class LiveLines {
 public:
  LiveLines();
  ~LiveLines();
  LiveLines(const LiveLines&) = delete;
  LiveLines& operator=(const LiveLines&) = delete;
  // Each is cut to the width. Draws nothing while another program has the terminal (`ostler wait ID &`).
  void draw(const std::vector<std::string>& lines);
  // Takes them off; the cursor is where they began.
  void clear();
};

// The whole terminal as a page of its own (the alternate screen), keys read one by one. What was there comes
// back when it is destroyed; so an InterruptGuard must exist before it. Ctrl-Z leaves it for as long as the
// program is stopped. Standard output must be the terminal.
class Screen {
 public:
  Screen();
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;
  // Draws where it differs from what is there, or was resized since.
  void draw(const std::vector<std::string>& lines);
  // Waits at most so long for a key: gives it; 0 after a resize, a signal, or when the time is over; kEnd for
  // Ctrl-D and where the terminal is gone. Without a terminal on standard input there are no keys.
  char key(int milliseconds);
  static constexpr char kEnd = '\x04';

 private:
  void enter();
  std::string drawn_;
};

}  // namespace ostler
