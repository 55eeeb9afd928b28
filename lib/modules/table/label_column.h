#pragma once

// The label, while the training data is read: numbers until a cell is none, then texts (and the pass starts
// again).

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/core/module.h"
#include "lib/modules/table/schema.h"

namespace ostler {

class LabelColumn {
 public:
  LabelColumn(std::string name, std::optional<TableTask> task) : name_(std::move(name)), task_(task) {}

  const std::string& name() const { return name_; }
  void start_pass();
  // Takes one cell that is not missing. False when it shows that the labels are texts: start a new pass.
  // Throws Error for what is no number where regression was asked for.
  bool add(const RecordBatch& batch, std::size_t row, std::string_view cell);

  // After the last pass: decides the task, says so in the log, fills the schema's task, classes and
  // numeric_label, and gives the labels: class numbers, or the values. Throws Error for labels that cannot be
  // learned from.
  std::vector<double> finish(TableSchema& schema, TrainReporter& reporter);

 private:
  TableTask decide() const;
  void name_classes(TableSchema& schema);
  void check_classes(const TableSchema& schema) const;

  std::string name_;
  std::optional<TableTask> task_;
  bool text_ = false;
  std::vector<double> values_;  // numbers, or codes in the order of appearance
  std::map<std::string, int, std::less<>> codes_;
  std::string not_a_number_;  // the first text of a pass that began with numbers, with its place
  std::string not_finite_;    // the first number that is infinite or NaN, with its place
};

}  // namespace ostler
