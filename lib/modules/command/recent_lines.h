#pragma once

// The newest lines of a stream of bytes by their number, so that a message can show one.

#include <algorithm>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "lib/base/strings.h"

namespace ostler {

class RecentLines {
 public:
  // Pieces as they come. Whoever asks at() asks for a line of the last few pieces.
  void add(std::string_view bytes) {
    if (first_.size() < kShown && !first_ends_) {
      const std::string_view start = bytes.substr(0, kShown);
      first_.append(start.substr(0, start.find('\n')));
      first_ends_ = start.find('\n') != std::string_view::npos;
    }
    pieces_.emplace_back(bytes);
    size_ += bytes.size();
    while (size_ - pieces_.front().size() > kKept) {
      before_ += static_cast<std::uint64_t>(std::count(pieces_.front().begin(), pieces_.front().end(), '\n'));
      size_ -= pieces_.front().size();
      pieces_.pop_front();
    }
  }
  bool empty() const { return pieces_.empty(); }
  std::string first() const { return "\"" + shown(first_) + "\""; }
  // Line `number`, from 1, in quotes and cut; "line N" where it is remembered no more.
  std::string at(std::uint64_t number) const {
    if (number <= before_ + (before_ > 0 ? 1 : 0)) return "line " + std::to_string(number);
    std::uint64_t line = before_ + 1;
    std::string text;
    for (const std::string& piece : pieces_)
      for (const char c : piece) {
        if (line == number && c != '\n' && text.size() < kShown) text += c;
        if (c == '\n' && ++line > number) return "\"" + shown(text) + "\"";
      }
    return "\"" + shown(text) + "\"";
  }

 private:
  static constexpr std::size_t kKept = 4 << 20;  // more than a reader has in its hands
  static constexpr std::size_t kShown = 200;
  static std::string shown(std::string_view text) { return std::string(trim(text)); }

  std::deque<std::string> pieces_;
  std::size_t size_ = 0;
  std::uint64_t before_ = 0;  // line ends that were forgotten
  std::string first_;
  bool first_ends_ = false;
};

}  // namespace ostler
