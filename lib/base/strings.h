#pragma once

// Text, names and ids. Nothing here depends on the locale.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ostler {

std::vector<std::string> split(std::string_view text, char separator);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string_view trim(std::string_view text);  // blanks, tabs, line ends
bool starts_with(std::string_view text, std::string_view prefix);
bool ends_with(std::string_view text, std::string_view suffix);

// Position of the first byte that is not UTF-8, or npos. Overlong forms and surrogates are refused.
std::size_t find_invalid_utf8(std::string_view text);

// Numbers in the C locale; the whole text must be one. "nan", "inf" and a leading "+" are accepted by
// parse_number.
std::optional<double> parse_number(std::string_view text);
std::optional<long long> parse_integer(std::string_view text);
// The number that a float's shortest text names: of 0.1F it is 0.1, not 0.10000000149011612. So a float is
// written with the digits that it has.
double shortest(float number);

// The candidate that a mistyped `name` most likely meant: the smallest Damerau-Levenshtein distance, at most
// a third of the longer length (at least 1, at most 3); ties go to the first. Before that, the one that
// begins with it, where there is one.
std::optional<std::string> nearest(std::string_view name, const std::vector<std::string>& candidates);
// "; did you mean \"x\"?" or nothing: for the end of a message.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates);
// All candidates, the nearest first: for "known: a, b, c".
std::vector<std::string> by_nearness(std::string_view name, std::vector<std::string> candidates);

// A random UUID (version 4, RFC 9562) from getrandom(2).
std::string make_uuid4();
bool is_uuid(std::string_view text);

// One plain component of a path: not empty, not "." or "..", without "/" or NUL, at most 255 bytes.
bool is_path_component(std::string_view text);

// In single quotes for a shell where it needs them.
std::string shell_quote(std::string_view text);

}  // namespace ostler
