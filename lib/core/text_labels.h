#pragma once

// Labels in a line of text, as fastText has them: a word that begins with __label__ is one, and no word.

#include <string_view>

namespace ostler {

inline constexpr std::string_view kLabelPrefix = "__label__";

inline bool is_between_words(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\v' || c == '\f' || c == '\r' || c == '\0';
}

// Calls on_word(word, is_label) for each, in order; of a label with its name alone, which may be empty.
template <typename OnWord>
void for_each_word(std::string_view line, OnWord&& on_word) {
  for (std::size_t at = 0;;) {
    while (at < line.size() && is_between_words(line[at])) ++at;
    if (at == line.size()) return;
    const std::size_t begin = at;
    while (at < line.size() && !is_between_words(line[at])) ++at;
    std::string_view word = line.substr(begin, at - begin);
    const bool is_label = word.substr(0, kLabelPrefix.size()) == kLabelPrefix;
    if (is_label) word.remove_prefix(kLabelPrefix.size());
    on_word(word, is_label);
  }
}

}  // namespace ostler
