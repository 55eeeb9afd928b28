#include "lib/manager/validation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include "lib/base/error.h"
#include "lib/base/strings.h"
#include "lib/core/text_labels.h"
#include "lib/data/records.h"

namespace ostler {

namespace {

// With more different labels than this there is nothing to keep in proportion.
constexpr std::size_t kMostClasses = 1000;

// The rows of all files, one after the other, and what each is labelled with.
class LabelledRows {
 public:
  LabelledRows(const JobSpec& spec, const std::vector<std::string>& data) : spec_(spec) {
    for (const std::string& path : data) read(path);
  }

  std::size_t labelled() const { return labelled_; }
  const std::vector<std::size_t>& rows_of_files() const { return rows_of_files_; }

  // Nothing of lines of text and where there is no label.
  std::optional<LearningTask> task() const {
    if (text_ || labelled_ == 0 || spec_.parameters.get_string("label").empty()) return std::nullopt;
    if (const auto given = learning_task_from(spec_.parameters.get_string("task"))) return given;
    return numbers_ ? task_of_numbers(whole_, codes_.size(), labelled_) : LearningTask::classification;
  }

  // The rows of each class, or all of them as one.
  std::vector<std::vector<std::size_t>> groups() const {
    const bool by_class = codes_.size() <= kMostClasses && (text_ || task() == LearningTask::classification);
    std::vector<std::vector<std::size_t>> groups(by_class ? codes_.size() : 1);
    for (std::size_t row = 0; row < labels_.size(); ++row)
      if (labels_[row] != kNone) groups[by_class ? static_cast<std::size_t>(labels_[row]) : 0].push_back(row);
    // In the order of the labels, so that it does not depend on the order of the rows.
    std::vector<std::vector<std::size_t>> sorted;
    if (!by_class) return groups;
    for (const auto& [label, code] : codes_)
      sorted.push_back(std::move(groups[static_cast<std::size_t>(code)]));
    return sorted;
  }

 private:
  static constexpr int kNone = -1, kSome = -2;

  void read(const std::string& path) {
    ReadOptions options;
    options.format = spec_.data_format.empty() ? format_of(path) : spec_.data_format;
    if (options.format.empty()) options.format = spec_.module.input == "text" ? "text" : "csv";
    const std::string label = spec_.parameters.get_string("label");
    const bool text = options.format == "text";
    text_ = text_ || text;
    if (text) {
      options.columns = {{"text", ColumnKind::text}};
    } else if (!label.empty()) {
      options.columns = {{label, ColumnKind::text}};
    }
    const auto stream = read_ahead(open_records({{path}}, options), 4);
    RecordBatch batch;
    std::size_t rows = 0;
    while (stream->next(batch)) {
      rows += batch.rows;
      const auto& cells = batch.columns.at(0).texts;
      for (std::size_t row = 0; row < batch.rows; ++row) {
        if (text)
          add(label_in(cells[row]));
        else
          add(label.empty() ? std::string_view("?") : cells[row]);
      }
    }
    rows_of_files_.push_back(rows);
  }

  // The first "__label__x" of a line.
  static std::string_view label_in(std::string_view line) {
    std::string_view first;
    for_each_word(line, [&](std::string_view word, bool is_label) {
      if (is_label && first.empty()) first = word;
    });
    return first;
  }

  void add(std::string_view label) {
    if (label.empty()) {
      labels_.push_back(kNone);
      return;
    }
    ++labelled_;
    double number = 0;
    numbers_ = numbers_ && parse_number_cell(label, number);
    whole_ = whole_ && number == std::floor(number);
    if (codes_.size() > kMostClasses) {
      labels_.push_back(kSome);
      return;
    }
    auto place = codes_.find(label);
    if (place == codes_.end())
      place = codes_.emplace(std::string(label), static_cast<int>(codes_.size())).first;
    labels_.push_back(place->second);
  }

  const JobSpec& spec_;
  std::vector<int> labels_;
  std::map<std::string, int, std::less<>> codes_;
  std::vector<std::size_t> rows_of_files_;
  std::size_t labelled_ = 0;
  bool text_ = false, numbers_ = true, whole_ = true;
};

// std::shuffle leaves to the library how numbers are drawn; what is learned from must not depend on that.
void shuffle(std::vector<std::size_t>& rows, std::mt19937_64& random) {
  for (std::size_t i = rows.size(); i > 1; --i) std::swap(rows[i - 1], rows[random() % i]);
}

}  // namespace

DividedData divide_data(const JobSpec& spec, const std::vector<std::string>& data) {
  DividedData divided;
  divided.learned.paths = data;
  for (const DataFile& file : spec.validation) divided.validation.paths.push_back(file.path);
  if (!(spec.validation_fraction > 0)) return divided;

  const LabelledRows rows(spec, data);
  std::size_t total = 0;
  for (const std::size_t count : rows.rows_of_files()) total += count;
  std::vector<bool> marked(total);
  std::size_t measured = 0;
  std::mt19937_64 random(static_cast<std::uint64_t>(spec.parameters.get_integer("seed")));
  for (std::vector<std::size_t>& group : rows.groups()) {
    shuffle(group, random);
    const auto wanted =
        static_cast<std::size_t>(std::lround(spec.validation_fraction * static_cast<double>(group.size())));
    const std::size_t taken = std::min(wanted, group.size() - std::min<std::size_t>(group.size(), 1));
    for (std::size_t i = 0; i < taken; ++i) marked[group[i]] = true;
    measured += taken;
  }
  if (measured == 0)
    throw invalid_argument(
        fmt::format("--validation {}: of {} rows with a label that part of each class is none to measure on: "
                    "take a larger part, more data, or name validation files",
                    spec.validation_fraction, rows.labelled()));
  divided.task = rows.task();
  divided.validation.paths = data;
  std::size_t first = 0;
  for (const std::size_t count : rows.rows_of_files()) {
    const auto begin = marked.begin() + static_cast<std::ptrdiff_t>(first);
    const auto marks =
        std::make_shared<const std::vector<bool>>(begin, begin + static_cast<std::ptrdiff_t>(count));
    divided.validation.rows.push_back({marks, true});
    divided.learned.rows.push_back({marks, false});
    first += count;
  }
  return divided;
}

}  // namespace ostler
