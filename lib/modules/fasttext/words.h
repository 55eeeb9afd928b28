#pragma once

// Text as fastText takes it: words separated by blanks. Training and prediction must cut a text in the same
// way, so both do it here; what was chosen is stored with the model.
//
// normalize: letters of Latin, Greek, Cyrillic and Armenian become lower case; each punctuation mark and
// symbol stands as a word of its own, and so does each Han or kana character (nothing else tells where their
// words end). What has been normalized stays as it is when it is normalized again. Nothing depends on the
// locale.
//
// Not normalized, words are what stands between blanks (ASCII's), as it is.

#include <string>
#include <string_view>
#include <vector>

#include "lib/core/text_labels.h"

namespace ostler {

// Appends the words of `text` to `line`, a blank between two; no line end. Words that mean something to the
// library are no words: labels (__label__x) and its mark for the end of a line. Where `labels` is given it
// gets the names of the labels (x), pointing into `text`.
void append_words(std::string& line, std::string_view text, bool normalize,
                  std::vector<std::string_view>* labels = nullptr);

}  // namespace ostler
