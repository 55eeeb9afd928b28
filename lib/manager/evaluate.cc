#include "lib/manager/evaluate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <set>
#include <utility>

#include "lib/base/error.h"
#include "lib/base/strings.h"
#include "lib/core/metrics.h"
#include "lib/core/text_labels.h"
#include "lib/data/stream.h"
#include "lib/manager/predicted_rows.h"

namespace ostler {

namespace {

constexpr std::size_t kMostUnknownNamed = 10;
constexpr std::size_t kMostClassesInDetails = 1000;

// A stream with its columns put another way.
class Reshaped : public RecordStream, public Interruptible {
 public:
  // `reshape` also gets a batch without rows, for the columns.
  Reshaped(std::unique_ptr<RecordStream> stream, std::function<void(RecordBatch&)> reshape)
      : stream_(std::move(stream)), reshape_(std::move(reshape)) {
    RecordBatch empty;
    empty.columns = stream_->columns();
    reshape_(empty);
    columns_ = std::move(empty.columns);
  }
  const std::vector<Column>& columns() const override { return columns_; }
  std::vector<std::string> source_columns() const override { return stream_->source_columns(); }
  bool next(RecordBatch& batch) override {
    if (!stream_->next(batch)) return false;
    reshape_(batch);
    return true;
  }
  void interrupt() override {
    if (auto* waiting = dynamic_cast<Interruptible*>(stream_.get())) waiting->interrupt();
  }

 private:
  std::unique_ptr<RecordStream> stream_;
  std::function<void(RecordBatch&)> reshape_;
  std::vector<Column> columns_;
};

// Takes the labels out of lines of text: a column of them, a blank between two, is put behind the text's.
void take_labels_from_lines(RecordBatch& batch) {
  Column& labels = batch.add_texts("label");
  Column& lines = batch.columns.front();
  std::string words, names;
  for (std::size_t row = 0; row < batch.rows; ++row) {
    const std::string_view line = lines.texts[row];
    if (line.find(kLabelPrefix) == std::string_view::npos) continue;
    words.clear();
    names.clear();
    for_each_word(line, [&](std::string_view word, bool is_label) {
      std::string& to = is_label ? names : words;
      if (word.empty()) return;
      if (!to.empty()) to += ' ';
      to += word;
    });
    lines.texts[row] = batch.store(words);
    if (!names.empty()) labels.texts[row] = batch.store(names);
  }
}

void put_last(RecordBatch& batch, const std::string& name) {
  const auto column = std::find_if(batch.columns.begin(), batch.columns.end(),
                                   [&](const Column& candidate) { return candidate.name == name; });
  if (column != batch.columns.end()) std::rotate(column, column + 1, batch.columns.end());
}

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string missing_column(const std::string& source, const std::vector<std::string>& names,
                           const std::string& name, std::string_view what) {
  return fmt::format("{} has no column \"{}\", the {}{}; it has: {}", source, name, what,
                     did_you_mean(name, names), join(names, ", "));
}

// What is wrong is told before the first row is predicted, which may take long.
void check_later_sources(const EvaluationPlan& plan, const std::string& format, const ModelTarget& target) {
  if (format != "csv" && format != "tsv") return;  // of lines and objects the first says little of the others
  for (std::size_t i = 1; i < plan.sources.size(); ++i) {
    if (plan.sources[i].fd >= 0) continue;
    const std::vector<std::string> names = read_column_names(plan.sources[i], format);
    if (!has(names, target.label))
      throw invalid_argument(missing_column(plan.sources[i].path, names, target.label, "label"));
    if (!target.weight.empty() && !has(names, target.weight))
      throw invalid_argument(missing_column(plan.sources[i].path, names, target.weight, "weight"));
  }
}

// How class names are compared.
class ClassNames {
 public:
  // `numbers`: as numbers, where all of them are different ones.
  explicit ClassNames(const std::vector<std::string>& classes) {
    std::set<double> numbers;
    for (const std::string& name : classes)
      if (const auto number = parse_number(name); number && std::isfinite(*number)) numbers.insert(*number);
    use_ = classes.empty()                    ? Use::written_numbers
           : numbers.size() == classes.size() ? Use::numbers
                                              : Use::texts;
  }

  std::string name(double number) const { return number_to_text(number + 0.0); }  // -0 is 0
  std::string name(std::string_view text) const {
    if (use_ == Use::texts) return std::string(text);
    const std::string_view cell = trim(text);
    const auto number = parse_number(cell);
    if (!number || !std::isfinite(*number)) return std::string(text);
    // Where nobody says what the classes are, 007 is a name, and 1.0 the number that a program made of 1.
    const std::string_view digits = cell.substr(starts_with(cell, "-") ? 1 : 0);
    if (use_ == Use::written_numbers && (starts_with(digits, "+") || starts_with(cell, "+") ||
                                         (digits.size() > 1 && digits[0] == '0' && is_digit(digits[1]))))
      return std::string(text);
    return name(*number);
  }

 private:
  enum class Use { texts, numbers, written_numbers };
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  Use use_;
};

class Measurement {
 public:
  Measurement(ModelTarget target, bool lines, bool weighted)
      : target_(std::move(target)), lines_(lines), weighted_(weighted) {}

  // `read`: the label's column, and the weight's.
  void add(const RecordBatch& read, const RecordBatch& predictions) {
    const Column* prediction = predictions.find("prediction");
    if (prediction == nullptr) throw internal_error("the module gave no column \"prediction\"");
    if (!begun_) begin(predictions, *prediction);
    for (std::size_t row = 0; row < read.rows; ++row) {
      const std::string_view label = read.columns[0].texts[row];
      double number = 0;
      if (label.data() == nullptr || (regression() && !number_of_label(read, row, number))) {
        ++result_.without_label;
        continue;
      }
      if (is_missing(*prediction, row))
        throw invalid_argument(read.place(row) + ": the model predicts nothing for this row");
      const double weight = weighted_ ? weight_of(read, row) : 1;
      ++result_.rows;
      if (regression())
        numbers_.add(number, number_of_prediction(read, *prediction, row), weight);
      else
        add_class(read, predictions, *prediction, row, weight);
    }
  }

  Evaluation finish() {
    if (result_.rows == 0)
      throw invalid_argument(result_.without_label == 0
                                 ? "there are no rows in the data: nothing can be measured"
                                 : fmt::format("none of the {} rows has a label: nothing can be measured",
                                               result_.without_label));
    result_.metrics = regression() ? numbers_.metrics() : classes_->metrics();
    if (result_.metrics.size() == 0)
      throw invalid_argument("the weight is 0 in every row: nothing can be measured");
    if (regression())
      result_.details = numbers_.error_histogram();
    else if (!several_ && classes_->classes().size() <= kMostClassesInDetails)
      result_.details = classes_->confusion();
    if (several_) result_.metrics = Value::object({{"accuracy", result_.metrics.at("accuracy")}});
    return std::move(result_);
  }

 private:
  bool regression() const { return result_.task == LearningTask::regression; }

  void begin(const RecordBatch& predictions, const Column& prediction) {
    begun_ = true;
    std::vector<std::string> classes;
    for (const Column& column : predictions.columns)
      if (column.role == ColumnRole::probability) {
        probabilities_.push_back(static_cast<std::size_t>(&column - predictions.columns.data()));
        classes.push_back(column.name);
      }
    result_.task = target_.task.value_or(prediction.kind == ColumnKind::number && classes.empty()
                                             ? LearningTask::regression
                                             : LearningTask::classification);
    if (regression()) return;
    if (classes.empty()) classes = target_.classes;
    numbered_ = !classes.empty() && std::all_of(classes.begin(), classes.end(), [](const std::string& name) {
      return parse_number(name).has_value();
    });
    names_.emplace(classes);
    for (std::string& name : classes) name = names_->name(name);
    knows_classes_ = !classes.empty();
    row_probabilities_.resize(probabilities_.size());
    classes_.emplace(std::move(classes),
                     ClassificationMetrics::Wanted{.probabilities = !probabilities_.empty()});
  }

  static bool is_missing(const Column& column, std::size_t row) {
    return column.kind == ColumnKind::number ? std::isnan(column.numbers[row])
                                             : column.texts[row].data() == nullptr;
  }

  bool number_of_label(const RecordBatch& read, std::size_t row, double& number) const {
    const std::string_view cell = read.columns[0].texts[row];
    const auto fail = [&](std::string_view what) {
      throw invalid_argument(cell_text(read, row, read.columns[0].name, cell) + std::string(what));
    };
    if (trim(cell).empty() || trim(cell) == "NA") return false;
    if (!parse_number_cell(cell, number))
      fail(" is not a number, which the label must be where the model estimates numbers");
    if (!std::isfinite(number)) fail(" cannot be measured as a label: leave the cell empty, or the row out");
    return true;
  }

  // As in a training: where classes are numbers, NaN and infinities are none.
  void check_class(const RecordBatch& read, std::size_t row) const {
    const std::string_view cell = read.columns[0].texts[row];
    const auto number = parse_number(trim(cell));
    if (number && !std::isfinite(*number))
      throw invalid_argument(cell_text(read, row, read.columns[0].name, cell) +
                             " cannot be measured as a label: leave the cell empty, or the row out");
  }

  static double weight_of(const RecordBatch& read, std::size_t row) {
    const std::string_view cell = read.columns[1].texts[row];
    const auto fail = [&](std::string_view what) {
      throw invalid_argument(cell_text(read, row, read.columns[1].name, cell) + std::string(what));
    };
    double weight = 0;
    if (!parse_number_cell(cell, weight)) fail(" is not a number, which the weight must be");
    if (std::isnan(weight)) fail(" is missing, but every row needs its weight");
    if (weight < 0 || weight > FLT_MAX) fail(" is no weight: it must be 0 or more, and finite");
    return weight;
  }

  static double number_of_prediction(const RecordBatch& read, const Column& prediction, std::size_t row) {
    const bool is_number = prediction.kind == ColumnKind::number;
    double number = is_number ? prediction.numbers[row] : 0;
    if ((!is_number && !parse_number_cell(prediction.texts[row], number)) || !std::isfinite(number))
      throw invalid_argument(
          fmt::format("{}: the model predicts \"{}\", which is not a finite number", read.place(row),
                      is_number ? number_to_text(number) : std::string(prediction.texts[row])));
    return number;
  }

  void add_class(const RecordBatch& read, const RecordBatch& predictions, const Column& prediction,
                 std::size_t row, double weight) {
    const std::string_view label = read.columns[0].texts[row];
    const std::size_t predicted =
        classes_->class_of(prediction.kind == ColumnKind::number ? names_->name(prediction.numbers[row])
                                                                 : names_->name(prediction.texts[row]));
    std::size_t truth = 0;
    if (lines_ && label.find(' ') != std::string_view::npos) {
      several_ = true;
      const std::vector<std::string> all = split(label, ' ');
      truth = classes_->class_of(names_->name(all.front()));
      for (const std::string& one : all)
        if (classes_->class_of(names_->name(one)) == predicted) truth = predicted;
    } else {
      truth = classes_->class_of(names_->name(label));
    }
    if (knows_classes_ && !classes_->knows(truth)) {
      if (numbered_) check_class(read, row);
      note_unknown(truth);
    }
    for (std::size_t k = 0; k < probabilities_.size(); ++k) {
      row_probabilities_[k] = predictions.columns[probabilities_[k]].numbers[row];
      if (std::isnan(row_probabilities_[k]))
        throw invalid_argument(read.place(row) + ": the model gives no probability for this row");
    }
    classes_->add(truth, predicted, row_probabilities_.data(), weight);
  }

  void note_unknown(std::size_t truth) {
    ++result_.unknown_rows;
    const std::string& name = classes_->classes()[truth];
    if (result_.unknown_labels.size() < kMostUnknownNamed && !has(result_.unknown_labels, name))
      result_.unknown_labels.push_back(name);
  }

  const ModelTarget target_;
  const bool lines_, weighted_;
  bool begun_ = false, knows_classes_ = false, numbered_ = false, several_ = false;
  Evaluation result_;
  RegressionMetrics numbers_;
  std::optional<ClassNames> names_;
  std::optional<ClassificationMetrics> classes_;
  std::vector<std::size_t> probabilities_;  // which columns they are
  std::vector<double> row_probabilities_;
};

}  // namespace

ModelTarget target_of(const LoadedModel& model) {
  ModelTarget target = model.module ? model.module->target() : ModelTarget();
  const auto complete = [&](const Value* from) {
    if (from == nullptr) return;
    ModelTarget more = model_target_from(*from);
    if (!target.task) target.task = more.task;
    if (target.label.empty()) target.label = std::move(more.label);
    if (target.weight.empty()) target.weight = std::move(more.weight);
    if (target.classes.empty()) target.classes = std::move(more.classes);
  };
  complete(model.config.values().find("target"));
  if (const Value* train = model.config.values().find("train")) complete(train->find("parameters"));
  if (!target.task && model.manifest.is_command()) {
    const auto names = [&](LearningTask task) {
      return model.manifest.task.find(learning_task_name(task)) != std::string::npos;
    };
    const bool classifies = names(LearningTask::classification), estimates = names(LearningTask::regression);
    if (classifies != estimates)
      target.task = classifies ? LearningTask::classification : LearningTask::regression;
  }
  return target;
}

Evaluation evaluate_model(const LoadedModel& model, const EvaluationPlan& plan,
                          const std::function<void(std::uint64_t)>& progress) {
  ModelTarget target = target_of(model);
  if (!plan.label.empty()) target.label = plan.label;
  const bool may_lack_weight = !plan.weight;
  if (plan.weight) target.weight = *plan.weight;

  ReadOptions read;
  read.format = format_for(model, plan.sources, plan.format);
  read.columns = model.module->input_columns();
  read.batch_rows = model.module->batch_rows();
  const bool lines = read.format == "text";
  std::unique_ptr<RecordStream> stream;
  std::size_t kept = 1;
  if (lines) {
    target.weight.clear();
    stream = std::make_unique<Reshaped>(open_records(plan.sources, read), take_labels_from_lines);
  } else {
    if (target.label.empty())
      throw invalid_argument("the model does not say which column it predicts: name it with --label");
    if (target.label == target.weight) {
      if (!may_lack_weight)
        throw invalid_argument(
            fmt::format("the column \"{}\" cannot be both label and weight", target.label));
      target.weight.clear();
    }
    const bool all = read.columns.empty();
    if (!all) {
      read.columns.push_back({target.label, ColumnKind::text});
      if (!target.weight.empty()) read.wanted_if_there = target.weight;
    }
    stream = open_records(plan.sources, read);
    const std::vector<std::string> names = stream->source_columns();
    if (!has(names, target.label))
      throw invalid_argument(missing_column(plan.sources[0].path, names, target.label, "label"));
    if (!target.weight.empty() && !has(names, target.weight)) {
      if (!may_lack_weight)
        throw invalid_argument(missing_column(plan.sources[0].path, names, target.weight, "weight"));
      target.weight.clear();
    }
    check_later_sources(plan, read.format, target);
    if (!target.weight.empty()) kept = 2;
    if (all)
      stream = std::make_unique<Reshaped>(std::move(stream),
                                          [label = target.label, weight = target.weight](RecordBatch& batch) {
                                            put_last(batch, label);
                                            if (!weight.empty()) put_last(batch, weight);
                                          });
  }

  RunOptions run;
  run.probabilities = target.task != LearningTask::regression;
  run.probabilities_or_none = true;
  PredictedRows rows(*model.module, std::move(stream), kept, run);
  Measurement measurement(target, lines, !target.weight.empty());
  RecordBatch labels, predictions;
  std::uint64_t done = 0;
  while (rows.next(labels, predictions)) {
    measurement.add(labels, predictions);
    done += labels.rows;
    if (progress) progress(done);
  }
  rows.finish();
  Evaluation evaluation = measurement.finish();
  evaluation.label = lines ? std::string() : target.label;
  evaluation.weight = target.weight;
  return evaluation;
}

}  // namespace ostler
