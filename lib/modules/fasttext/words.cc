#include "lib/modules/fasttext/words.h"

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "lib/base/strings.h"

namespace ostler {

namespace {

constexpr std::string_view kEndOfLine = "</s>";

struct Range {
  char32_t first, last;
};

template <std::size_t N>
bool is_in(const Range (&ranges)[N], char32_t code) {
  const Range* found = std::lower_bound(std::begin(ranges), std::end(ranges), code,
                                        [](const Range& range, char32_t c) { return range.last < c; });
  return found != std::end(ranges) && found->first <= code;
}

// Beyond ASCII, sorted.
constexpr Range kBlanks[] = {{0x85, 0x85},     {0xA0, 0xA0},     {0x1680, 0x1680},
                             {0x2000, 0x200B}, {0x2028, 0x2029}, {0x202F, 0x202F},
                             {0x205F, 0x205F}, {0x3000, 0x3000}, {0xFEFF, 0xFEFF}};
// Punctuation, symbols, and the characters of scripts that are written without blanks.
constexpr Range kAlone[] = {{0xA1, 0xA9},     {0xAB, 0xB1},     {0xB4, 0xB4},       {0xB6, 0xB8},
                            {0xBB, 0xBF},     {0xD7, 0xD7},     {0xF7, 0xF7},       {0x2010, 0x2027},
                            {0x2030, 0x205E}, {0x20A0, 0x20CF}, {0x2190, 0x2BFF},   {0x3001, 0x30FF},
                            {0x3400, 0x9FFF}, {0xF900, 0xFAFF}, {0xFF01, 0xFF0F},   {0xFF1A, 0xFF20},
                            {0xFF3B, 0xFF40}, {0xFF5B, 0xFF65}, {0x1F000, 0x1FAFF}, {0x20000, 0x3FFFF}};

// Capitals, sorted: `step` leads to the small letter; 0: capitals have the parity of `first`, each before its
// small letter.
struct Capitals {
  char32_t first, last;
  int step;
};
constexpr Capitals kCapitals[] = {
    {0xC0, 0xD6, 32},   {0xD8, 0xDE, 32},   {0x100, 0x12E, 0},    {0x130, 0x130, -199}, {0x132, 0x136, 0},
    {0x139, 0x147, 0},  {0x14A, 0x176, 0},  {0x178, 0x178, -121}, {0x179, 0x17D, 0},    {0x386, 0x386, 38},
    {0x388, 0x38A, 37}, {0x38C, 0x38C, 64}, {0x38E, 0x38F, 63},   {0x391, 0x3A1, 32},   {0x3A3, 0x3AB, 32},
    {0x400, 0x40F, 80}, {0x410, 0x42F, 32}, {0x460, 0x480, 0},    {0x48A, 0x4BE, 0},    {0x4C1, 0x4CD, 0},
    {0x4D0, 0x52E, 0},  {0x531, 0x556, 48}, {0x1E00, 0x1E94, 0},  {0x1EA0, 0x1EFE, 0}};

char32_t to_lower(char32_t code) {
  const Capitals* found = std::lower_bound(std::begin(kCapitals), std::end(kCapitals), code,
                                           [](const Capitals& range, char32_t c) { return range.last < c; });
  if (found == std::end(kCapitals) || code < found->first) return code;
  if (found->step != 0) return static_cast<char32_t>(static_cast<std::int32_t>(code) + found->step);
  return (code - found->first) % 2 == 0 ? code + 1 : code;
}

// The character at `at`, and behind it. A byte that begins none stands for itself.
struct Character {
  char32_t code;
  std::size_t bytes;
};
Character character_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned char first = byte(0);
  const std::size_t bytes = first < 0xC2 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 1;
  if (bytes == 1 || at + bytes > text.size()) return {first, 1};
  char32_t code = first & (0xFFU >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {first, 1};
    code = code << 6 | (byte(i) & 0x3FU);
  }
  return {code, bytes};
}

void append_letter(std::string& line, char32_t code) {
  // All that to_lower changes lies below 0x2000; İ becomes i.
  if (code < 0x80) {
    line += static_cast<char>(code);
  } else if (code < 0x800) {
    line += static_cast<char>(0xC0 | code >> 6);
    line += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    line += static_cast<char>(0xE0 | code >> 12);
    line += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    line += static_cast<char>(0x80 | (code & 0x3F));
  }
}

// The words of a line as they are made.
class Words {
 public:
  explicit Words(std::string& line) : line_(line), first_(line.size()) {}

  void begin() {
    if (open_) return;
    open_ = true;
    end_ = line_.size();
    if (end_ > first_) line_ += ' ';
    word_ = line_.size();
  }
  void end() {
    if (!open_) return;
    open_ = false;
    const std::string_view word = std::string_view(line_).substr(word_);
    if (word == kEndOfLine || starts_with(word, kLabelPrefix)) line_.resize(end_);
  }

 private:
  std::string& line_;
  std::size_t first_;     // where the line begins
  std::size_t word_ = 0;  // where the word does
  std::size_t end_ = 0;   // of the line before that word
  bool open_ = false;
};

void append_normalized(std::string& line, Words& words, std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_') {
      words.begin();
      line += c;
      ++at;
      continue;
    }
    if (c >= 'A' && c <= 'Z') {
      words.begin();
      line += static_cast<char>(c + ('a' - 'A'));
      ++at;
      continue;
    }
    const auto [code, bytes] = character_at(text, at);
    const bool ascii = code < 0x80;
    if (ascii ? code <= 0x20 || code == 0x7F : bytes > 1 && is_in(kBlanks, code)) {
      words.end();
    } else if (ascii || (bytes > 1 && is_in(kAlone, code))) {
      words.end();
      words.begin();
      line.append(text, at, bytes);
      words.end();
    } else {
      words.begin();
      const char32_t lower = bytes > 1 ? to_lower(code) : code;
      if (lower == code)
        line.append(text, at, bytes);
      else
        append_letter(line, lower);
    }
    at += bytes;
  }
  words.end();
}

}  // namespace

void append_words(std::string& line, std::string_view text, bool normalize,
                  std::vector<std::string_view>* labels) {
  Words words(line);
  for_each_word(text, [&](std::string_view word, bool is_label) {
    if (is_label) {
      if (labels != nullptr && !word.empty()) labels->push_back(word);
    } else if (normalize) {
      append_normalized(line, words, word);
    } else {
      words.begin();
      line += word;
      words.end();
    }
  });
}

}  // namespace ostler
