#pragma once

// What a text model must know besides the native file: how texts were cut into words, and the classes' own
// names. It lies beside it as text.json:
//
//   {"ostler_text": 1, "text": "description", "label": "topic", "normalize": true,
//    "classes": [{"name": "web design", "label": "__label__web_design"}, ...]}

#include <string>
#include <vector>

namespace ostler {

struct TextClass {
  std::string name;   // as in the training data
  std::string label;  // of the native model
};

struct TextSchema {
  std::string text = "text";  // the column of tables
  std::string label;          // likewise; empty in models of older versions
  bool normalize = true;      // lib/modules/fasttext/words.h
  std::vector<TextClass> classes;
};

void save_text_schema(const TextSchema& schema, const std::string& directory);
// Throws Error (data_loss) naming the file.
TextSchema load_text_schema(const std::string& directory);

}  // namespace ostler
