#include "lib/modules/fasttext/corpus.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <unordered_set>

#include "lib/base/error.h"
#include "lib/base/strings.h"
#include "lib/data/records.h"
#include "lib/modules/fasttext/words.h"

namespace ostler {

namespace {

// With fewer lines a held-back part says nothing.
constexpr std::size_t kFewestLines = 10;
// Below this many rows any number of classes will do: toy data.
constexpr std::size_t kFewRows = 20;

// std::shuffle leaves to the library how numbers are drawn; a model must not depend on that.
template <typename Item>
void mix(std::vector<Item>& items, std::mt19937_64& random) {
  for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[random() % i]);
}

const Column& text_column(const RecordBatch& batch, const std::string& name) {
  const Column* column = batch.find(name);
  if (column == nullptr || column->kind != ColumnKind::text)
    throw internal_error("the reader gives no text column \"" + name + "\"");
  return *column;
}

}  // namespace

Corpus::Corpus(const TrainRequest& request, const TextColumns& columns, TrainReporter& reporter) {
  if (request.data.paths.empty()) throw invalid_argument("there is no data to learn from");
  for (std::size_t i = 0; i < request.data.paths.size(); ++i) {
    const std::string& path = request.data.paths[i];
    std::string format = request.data_format.empty() ? format_of(path) : request.data_format;
    if (format.empty()) format = "text";
    read({path, -1, {}, request.data.rows_of(i)}, format, columns);
  }
  check(request, reporter);
  name_classes();
  content_ = words_.content();
}

void Corpus::read(const RecordSource& source, const std::string& format, const TextColumns& columns) {
  const bool text = format == "text";
  ReadOptions options;
  options.format = format;
  if (text) {
    options.columns = {{"text", ColumnKind::text}};
  } else {
    if (columns.text == columns.label)
      throw invalid_argument(
          fmt::format("the column \"{}\" cannot be both the text and the label", columns.text));
    options.columns = {{columns.text, ColumnKind::text}, {columns.label, ColumnKind::text}};
    table_ = true;
  }
  const auto stream = open_records({source}, options);
  RecordBatch batch;
  std::vector<std::string_view> labels;
  while (stream->next(batch)) {
    const Column& texts = text_column(batch, options.columns[0].name);
    const Column* names = text ? nullptr : &text_column(batch, columns.label);
    for (std::size_t row = 0; row < batch.rows; ++row) {
      labels.clear();
      line_.clear();
      append_words(line_, texts.texts[row], columns.normalize, text ? &labels : nullptr);
      if (names != nullptr && !names->texts[row].empty()) labels.push_back(names->texts[row]);
      if (labels.empty())
        ++without_label_;
      else
        add(labels);
    }
  }
}

// Takes line_ with these labels.
void Corpus::add(const std::vector<std::string_view>& labels) {
  Line line{};
  line.offset = words_.size();
  line.bytes = static_cast<std::uint32_t>(line_.size());
  line.first_label = static_cast<std::uint32_t>(labels_.size());
  for (const std::string_view label : labels) {
    const int code = code_of(label);
    const auto begin = labels_.begin() + line.first_label;
    if (std::find(begin, labels_.end(), code) == labels_.end()) labels_.push_back(code);
  }
  line.label_count = static_cast<std::uint32_t>(labels_.size() - line.first_label);
  several_labels_ = several_labels_ || line.label_count > 1;
  lines_.push_back(line);
  count_words(line_);
  words_.append(line_);
}

int Corpus::code_of(std::string_view label) {
  return codes_.try_emplace(std::string(label), static_cast<int>(codes_.size())).first->second;
}

void Corpus::count_words(std::string_view words) {
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(' '), words.size());
    ++counts_[std::hash<std::string_view>()(words.substr(0, end))];
    ++word_count_;
    words.remove_prefix(std::min(end + 1, words.size()));
  }
}

void Corpus::check(const TrainRequest& request, TrainReporter& reporter) const {
  const std::string& source = request.data.paths[0];
  const std::size_t rows = lines_.size(), classes = codes_.size();
  if (rows == 0 && without_label_ == 0) throw invalid_argument(source + ": there are no lines to learn from");
  if (rows == 0)
    throw invalid_argument(
        table_ ? fmt::format("{}: the label is missing in every row", source)
               : fmt::format("{}: no line has a label; a line to learn from is \"{}NAME the text\", or name "
                             "the columns of a table (--input-format csv)",
                             source, kLabelPrefix));
  if (without_label_ > 0)
    reporter.log(fmt::format("{} of {} lines {} left out: they have no label", without_label_,
                             rows + without_label_, without_label_ == 1 ? "is" : "are"));
  if (classes == 1)
    throw invalid_argument(fmt::format(
        "the label is \"{}\" in all {} lines: classification needs at least two classes to tell apart",
        codes_.begin()->first, rows));
  if (table_ && rows >= kFewRows && 2 * classes > rows)
    throw invalid_argument(
        fmt::format("the label has {} different values in {} rows, too many to be classes", classes, rows));
  if (word_count_ == 0) throw invalid_argument(source + ": the texts hold no words to learn from");
}

// Classes are sorted, so that their order does not depend on the order of the lines.
void Corpus::name_classes() {
  for (const auto& [name, code] : codes_) classes_.push_back(name);
  std::sort(classes_.begin(), classes_.end());
  std::vector<int> position(classes_.size());
  std::unordered_set<std::string> taken;
  for (std::size_t i = 0; i < classes_.size(); ++i) {
    position[static_cast<std::size_t>(codes_.at(classes_[i]))] = static_cast<int>(i);
    std::string label = std::string(kLabelPrefix) + classes_[i];
    std::replace_if(
        label.begin(), label.end(), [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }, '_');
    // "a b" must not be taken for "a_b".
    const std::string first_choice = label;
    const auto is_free = [&] {
      const std::string name = label.substr(kLabelPrefix.size());
      return taken.count(label) == 0 && (name == classes_[i] || codes_.count(name) == 0);
    };
    for (int number = 2; !is_free(); ++number) label = fmt::format("{}_{}", first_choice, number);
    taken.insert(label);
    native_labels_.push_back(label);
  }
  for (int& label : labels_) label = position[static_cast<std::size_t>(label)];
}

std::size_t Corpus::shuffle(double fraction, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<std::vector<std::uint32_t>> groups(classes_.size());
  for (std::size_t line = 0; line < lines_.size(); ++line)
    groups[static_cast<std::size_t>(labels_[lines_[line].first_label])].push_back(
        static_cast<std::uint32_t>(line));
  std::vector<std::uint32_t> front, held;
  for (std::vector<std::uint32_t>& group : groups) {
    mix(group, random);
    std::size_t wanted = 0;
    if (lines_.size() >= kFewestLines && !group.empty())
      wanted = std::min(static_cast<std::size_t>(std::lround(fraction * static_cast<double>(group.size()))),
                        group.size() - 1);
    const auto middle = group.begin() + static_cast<std::ptrdiff_t>(wanted);
    held.insert(held.end(), group.begin(), middle);
    front.insert(front.end(), middle, group.end());
  }
  mix(front, random);
  mix(held, random);
  std::vector<Line> ordered;
  ordered.reserve(lines_.size());
  for (const auto* part : {&front, &held})
    for (const std::uint32_t line : *part) ordered.push_back(lines_[line]);
  lines_ = std::move(ordered);
  return front.size();
}

std::string_view Corpus::words(std::size_t line) const {
  return content_.substr(lines_[line].offset, lines_[line].bytes);
}

std::span<const int> Corpus::labels(std::size_t line) const {
  return std::span(labels_).subspan(lines_[line].first_label, lines_[line].label_count);
}

std::size_t Corpus::vocabulary(std::uint32_t least_count) const {
  return static_cast<std::size_t>(std::count_if(
      counts_.begin(), counts_.end(), [&](const auto& word) { return word.second >= least_count; }));
}

void Corpus::write(ScratchFile& file, std::size_t first, std::size_t end) const {
  std::string text;
  for (std::size_t line = first; line < end; ++line) {
    text.clear();
    for (const int label : labels(line)) {
      text += native_labels_[static_cast<std::size_t>(label)];
      text += ' ';
    }
    text += words(line);
    text += '\n';
    file.append(text);
  }
  file.flush();
}

}  // namespace ostler
