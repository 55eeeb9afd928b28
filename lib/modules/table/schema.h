#pragma once

// What a trained table model knows of its columns: which it reads, how their cells become numbers, and what
// its outputs mean. It lies beside the native model file as schema.json:
//
//   {"ostler_table": 1, "task": "classification", "label": "species", "label_kind": "text",
//    "classes": ["Adelie", "Gentoo"],
//    "features": [{"name": "island", "kind": "text", "categories": ["Biscoe", "Dream"]},
//                 {"name": "year", "kind": "number"}],
//    "weight": null, "left_out": ["id"]}
//
// A text cell is the position of its text in `categories`, a number cell itself, a missing one and an unknown
// text NaN; features stand in the order in which the native model has them. Plain data: const access from
// several threads is safe.

#include <string>
#include <vector>

#include "lib/base/value.h"
#include "lib/core/module.h"
#include "lib/modules/table/parameters.h"

namespace ostler {

struct TableFeature {
  std::string name;
  ColumnKind kind = ColumnKind::number;
  std::vector<std::string> categories;  // of a text column, sorted
};

struct TableSchema {
  TableTask task = TableTask::classification;
  std::string label;
  bool numeric_label = false;        // classes are numbers: the predictions are written as numbers
  std::vector<std::string> classes;  // in the order of the model's outputs; empty for regression
  std::vector<TableFeature> features;
  std::string weight;                 // empty: none
  std::vector<std::string> left_out;  // columns of the training data that the model does not read

  // Scores of one row: a probability for each class, or the predicted number.
  std::size_t outputs() const { return task == TableTask::classification ? classes.size() : 1; }
};

Value to_value(const TableSchema& schema);
TableSchema table_schema_from(const Value& value);

inline constexpr char kSchemaFile[] = "schema.json";
void save_table_schema(const TableSchema& schema, const std::string& directory);
// Throws Error (data_loss) naming the file where it is not such a schema.
TableSchema load_table_schema(const std::string& directory);

// Reads a JSON file of a model directory. Throws Error (data_loss) naming it where it is no JSON.
Value load_model_json(const std::string& path);

}  // namespace ostler
