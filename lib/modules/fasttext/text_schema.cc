#include "lib/modules/fasttext/text_schema.h"

#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/modules/table/schema.h"

namespace ostler {

namespace {

constexpr char kFile[] = "text.json";

}  // namespace

void save_text_schema(const TextSchema& schema, const std::string& directory) {
  Value classes = Value::array();
  for (const TextClass& item : schema.classes)
    classes.push_back(Value::object({{"name", item.name}, {"label", item.label}}));
  const Value value = Value::object({{"ostler_text", 1},
                                     {"text", schema.text},
                                     {"label", schema.label},
                                     {"normalize", schema.normalize},
                                     {"classes", classes}});
  write_file(join_path(directory, kFile), to_json(value, true) + "\n", Sync::no, 0666);
}

TextSchema load_text_schema(const std::string& directory) {
  const std::string path = join_path(directory, kFile);
  const Value value = load_model_json(path);
  try {
    if (value.at("ostler_text").as_integer() != 1)
      throw invalid_argument("it is of another version; a newer ostler wrote it");
    TextSchema schema;
    schema.text = value.at("text").as_string("text");
    schema.label = value.get_string("label");
    schema.normalize = value.at("normalize").as_boolean("normalize");
    for (const Value& item : value.at("classes").as_array("classes"))
      schema.classes.push_back({item.at("name").as_string("name"), item.at("label").as_string("label")});
    return schema;
  } catch (const Error& error) {
    throw Error(StatusCode::data_loss, path + " cannot be read: " + error.what());
  }
}

}  // namespace ostler
