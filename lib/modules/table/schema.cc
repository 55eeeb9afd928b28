#include "lib/modules/table/schema.h"

#include <algorithm>

#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/base/strings.h"

namespace ostler {

namespace {

Value to_list(const std::vector<std::string>& texts) {
  Value list = Value::array();
  for (const std::string& text : texts) list.push_back(text);
  return list;
}

std::vector<std::string> from_list(const Value& list, std::string_view what) {
  std::vector<std::string> texts;
  for (const Value& text : list.as_array(what)) texts.push_back(text.as_string(what));
  return texts;
}

void require(bool holds, const char* message) {
  if (!holds) throw invalid_argument(message);
}

}  // namespace

Value to_value(const TableSchema& schema) {
  Value features = Value::array();
  for (const TableFeature& feature : schema.features) {
    const bool text = feature.kind == ColumnKind::text;
    Value item = Value::object({{"name", feature.name}, {"kind", text ? "text" : "number"}});
    if (text) item["categories"] = to_list(feature.categories);
    features.push_back(std::move(item));
  }
  return Value::object({{"ostler_table", 1},
                        {"task", learning_task_name(schema.task)},
                        {"label", schema.label},
                        {"label_kind", schema.numeric_label ? "number" : "text"},
                        {"classes", to_list(schema.classes)},
                        {"features", std::move(features)},
                        {"weight", schema.weight.empty() ? Value() : Value(schema.weight)},
                        {"left_out", to_list(schema.left_out)}});
}

TableSchema table_schema_from(const Value& value) {
  require(value.at("ostler_table").as_integer() == 1,
          "it is of another version than 1; a newer ostler wrote it");
  TableSchema schema;
  const std::string& task = value.at("task").as_string();
  require(task == "classification" || task == "regression", "its task is unknown");
  schema.task = task == "classification" ? TableTask::classification : TableTask::regression;
  schema.label = value.at("label").as_string();
  schema.numeric_label = value.at("label_kind").as_string() == "number";
  schema.classes = from_list(value.at("classes"), "classes");
  require(schema.task == TableTask::regression || schema.classes.size() >= 2,
          "it has fewer than two classes");
  for (const std::string& name : schema.classes)
    require(!schema.numeric_label || parse_number(name).has_value(), "one of its classes is no number");
  for (const Value& item : value.at("features").as_array()) {
    TableFeature& feature = schema.features.emplace_back();
    feature.name = item.at("name").as_string();
    feature.kind = item.at("kind").as_string() == "text" ? ColumnKind::text : ColumnKind::number;
    if (feature.kind == ColumnKind::text) feature.categories = from_list(item.at("categories"), "categories");
    require(std::is_sorted(feature.categories.begin(), feature.categories.end()),
            "its categories are not sorted");
  }
  require(!schema.features.empty(), "it has no features");
  schema.weight = value.get_string("weight");
  if (const Value* left_out = value.find("left_out")) schema.left_out = from_list(*left_out, "left_out");
  return schema;
}

void save_table_schema(const TableSchema& schema, const std::string& directory) {
  write_file(join_path(directory, kSchemaFile), to_json(to_value(schema), true) + "\n", Sync::no, 0666);
}

TableSchema load_table_schema(const std::string& directory) {
  const std::string path = join_path(directory, kSchemaFile);
  const Value value = load_model_json(path);
  try {
    return table_schema_from(value);
  } catch (const Error& error) {
    throw Error(StatusCode::data_loss, path + " cannot be read: " + error.what());
  }
}

Value load_model_json(const std::string& path) {
  const std::string text = read_file(path);
  try {
    return parse_json(text, path);
  } catch (const Error& error) {
    throw Error(StatusCode::data_loss, path + " cannot be read: " + error.what());
  }
}

}  // namespace ostler
