#pragma once

// What may stand at the cursor of a command line: the body of `ostler __complete POSITION WORD...`, which the
// files in completions/ call. WORD... are the words after "ostler" as the shell would pass them, POSITION
// counts from 0 and names the one at the cursor, of which only what is before the cursor is given; it may be
// one past the last.
//
// A candidate is a line: the whole word, a tab, a description. Those that end with "=" are to be followed by
// more. A line that begins with a tab is for the shell: "files" or "directories", a tab and the beginning of
// the word that is no part of the path ("--save-path=").
//
// It only looks: nothing is settled, started, made or waited for. Whatever fails is silent.

#include <string>
#include <vector>

namespace ostler {

// The exit code, always 0.
int complete(const std::vector<std::string>& arguments);

}  // namespace ostler
