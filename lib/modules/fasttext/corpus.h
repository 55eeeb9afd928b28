#pragma once

// The labelled lines that are learned from, read from text (__label__x lines) or from a table's columns.
//
// The words lie in a file, so that memory holds some 24 bytes a line; the lines are put in a random order,
// since fastText learns in the order of its file and forgets what it saw long ago: a file sorted by label
// would be learned badly.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "lib/core/module.h"
#include "lib/data/records.h"
#include "lib/modules/fasttext/scratch_file.h"

namespace ostler {

struct TextColumns {
  std::string text, label;  // of tables
  bool normalize = true;
};

class Corpus {
 public:
  // Lines without a label are left out, which is said in the log. Throws Error (invalid_argument) for data
  // that cannot be learned from.
  Corpus(const TrainRequest& request, const TextColumns& columns, TrainReporter& reporter);

  // Puts the lines in a random order, a part `fraction` of them (of each class) last, and gives how many are
  // before those. Too few lines hold nothing back. The same data, fraction and seed give the same order.
  std::size_t shuffle(double fraction, std::uint64_t seed);

  std::size_t lines() const { return lines_.size(); }
  // The words of a line, separated by blanks.
  std::string_view words(std::size_t line) const;
  // Its labels, as positions in classes().
  std::span<const int> labels(std::size_t line) const;
  // At least one line has several labels.
  bool several_labels() const { return several_labels_; }

  const std::vector<std::string>& classes() const { return classes_; }
  // The same as labels of the library, which may not hold blanks: "__label__web_design".
  const std::vector<std::string>& native_labels() const { return native_labels_; }
  // How many words there are, and how many different ones that occur at least so often.
  std::uint64_t word_count() const { return word_count_; }
  std::size_t vocabulary(std::uint32_t least_count) const;

  // Appends the lines from `first` to before `end` as the library reads them.
  void write(ScratchFile& file, std::size_t first, std::size_t end) const;

 private:
  struct Line {
    std::uint64_t offset;  // of the words in words_
    std::uint32_t bytes;
    std::uint32_t first_label, label_count;  // in labels_
  };

  void read(const RecordSource& source, const std::string& format, const TextColumns& columns);
  void add(const std::vector<std::string_view>& labels);
  int code_of(std::string_view label);
  void count_words(std::string_view words);
  void name_classes();
  void check(const TrainRequest& request, TrainReporter& reporter) const;

  ScratchFile words_;
  std::string_view content_;  // of words_
  std::vector<Line> lines_;
  std::vector<int> labels_;
  std::unordered_map<std::string, int> codes_;  // label to number, in the order of appearance
  std::unordered_map<std::uint64_t, std::uint32_t>
      counts_;                                        // by the word's hash: enough for what they decide
  std::vector<std::string> classes_, native_labels_;  // sorted
  std::uint64_t word_count_ = 0;
  std::size_t without_label_ = 0;
  bool several_labels_ = false, table_ = false;
  std::string line_;
};

}  // namespace ostler
