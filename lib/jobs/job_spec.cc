#include "lib/jobs/job_spec.h"

#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/base/strings.h"

namespace ostler {

namespace {

Value text_or_null(const std::optional<std::string>& text) { return text ? Value(*text) : Value(); }

Value data_to_value(const std::vector<DataFile>& files) {
  Value list = Value::array();
  for (const DataFile& file : files)
    list.push_back(
        Value::object({{"path", file.path}, {"size", file.size}, {"modified_ns", file.modified_ns}}));
  return list;
}

std::vector<DataFile> data_from(const Value* list) {
  std::vector<DataFile> files;
  if (list == nullptr || list->is_null()) return files;
  for (const Value& file : list->as_array("data"))
    files.push_back({file.at("path").as_string("path"), static_cast<std::uint64_t>(file.get_integer("size")),
                     file.get_integer("modified_ns")});
  return files;
}

Value copy_of(const Value& value, std::string_view key) {
  const Value* found = value.find(key);
  return found != nullptr ? *found : Value();
}

}  // namespace

Value to_value(const JobSpec& spec) {
  Value value = Value::object();
  value["format"] = JobSpec::kFormat;
  value["uuid"] = spec.uuid;
  value["id"] = spec.id;
  value["external_id"] = text_or_null(spec.external_id);
  value["kind"] = job_kind_name(spec.kind);
  value["instance"] = spec.instance;
  value["executor"] = spec.executor;
  value["module"] = to_value(spec.module);
  value["module_manifest"] = spec.module.manifest_path;
  value["parameters"] = spec.parameters;
  value["data"] = data_to_value(spec.data);
  value["data_format"] = spec.data_format;
  value["save_path"] = spec.save_path;
  value["model_name"] = spec.model_name;
  value["validation"] = data_to_value(spec.validation);
  value["validation_fraction"] = spec.validation_fraction;
  value["require"] = Value::array();
  for (const std::string& condition : spec.require) value["require"].push_back(condition);
  value["keep_best"] = spec.keep_best;
  value["keep_previous"] = spec.keep_previous;
  value["model"] = spec.model;
  value["model_as_given"] = spec.model_as_given;
  value["predict"] = spec.predict;
  value["working_directory"] = spec.working_directory;
  value["umask"] = static_cast<int>(spec.umask);
  value["rlimits"] = spec.rlimits;
  value["configuration"] = spec.configuration;
  value["command"] = spec.command;
  value["submission_time"] = format_time(spec.submission_time);
  value["cpus"] = spec.cpus;
  value["gpus"] = spec.gpus;
  value["priority"] = spec.priority;
  value["max_concurrent"] = spec.max_concurrent ? Value(*spec.max_concurrent) : Value();
  value["cancel_grace"] = seconds(spec.cancel_grace);
  value["retention"] = spec.retention ? Value(seconds(*spec.retention)) : Value();
  value["delete_saved_model"] = spec.delete_saved_model;
  value["tags"] = spec.tags;
  value["group"] = spec.group;
  value["after"] = Value::array();
  for (const std::string& uuid : spec.after) value["after"].push_back(uuid);
  value["time_limit"] = spec.time_limit ? Value(seconds(*spec.time_limit)) : Value();
  value["retries"] = spec.retries;
  value["retry_delay"] = seconds(spec.retry_delay);
  value["max_requeues"] = spec.max_requeues;
  value["on_finish"] = spec.on_finish;
  return value;
}

JobSpec job_spec_from(const Value& value) {
  const std::int64_t format = value.at("format").as_integer("format");
  if (format > JobSpec::kFormat)
    throw Error(StatusCode::failed_precondition,
                value.where() + "the job was submitted by a newer ostler (specification format " +
                    std::to_string(format) + ", this one reads " + std::to_string(JobSpec::kFormat) + ")");
  JobSpec spec;
  spec.uuid = value.at("uuid").as_string("uuid");
  spec.id = value.at("id").as_string("id");
  if (const Value* id = value.find("external_id"); id != nullptr && !id->is_null())
    spec.external_id = id->as_string("external_id");
  const std::string kind = value.at("kind").as_string("kind");
  if (kind != "train" && kind != "predict")
    throw invalid_argument(value.where() + "a job is of kind train or predict, not " + kind);
  spec.kind = kind == "train" ? JobKind::train : JobKind::predict;
  spec.instance = value.get_string("instance");
  spec.executor = value.get_string("executor", "LOCAL");
  spec.module = module_manifest_from(value.at("module"), value.get_string("module_manifest"));
  if (!spec.module.is_command() && !starts_with(spec.module.file, "/"))
    throw invalid_argument(value.where() + "the module's file must have its full path, not " +
                           spec.module.file);
  spec.parameters = copy_of(value, "parameters");
  spec.data = data_from(value.find("data"));
  spec.data_format = value.get_string("data_format");
  spec.save_path = value.get_string("save_path");
  spec.model_name = value.get_string("model_name");
  spec.validation = data_from(value.find("validation"));
  spec.validation_fraction = value.get_number("validation_fraction");
  if (const Value* require = value.find("require"); require != nullptr && !require->is_null())
    for (const Value& condition : require->as_array("require"))
      spec.require.push_back(condition.as_string("require"));
  spec.keep_best = value.get_string("keep_best");
  spec.keep_previous = static_cast<int>(value.get_integer("keep_previous"));
  spec.model = value.get_string("model");
  spec.model_as_given = value.get_string("model_as_given");
  spec.predict = copy_of(value, "predict");
  spec.working_directory = value.get_string("working_directory");
  spec.umask = static_cast<unsigned>(value.get_integer("umask", 022)) & 0777;
  spec.rlimits = copy_of(value, "rlimits");
  spec.configuration = copy_of(value, "configuration");
  spec.command = copy_of(value, "command");
  spec.submission_time = parse_time(value.get_string("submission_time")).value_or(Time{});
  spec.cpus = static_cast<int>(value.get_integer("cpus", 1));
  spec.gpus = static_cast<int>(value.get_integer("gpus"));
  spec.priority = static_cast<int>(value.get_integer("priority"));
  if (const Value* limit = value.find("max_concurrent"); limit != nullptr && !limit->is_null())
    spec.max_concurrent = static_cast<int>(limit->as_integer("max_concurrent"));
  spec.cancel_grace = from_seconds(value.get_number("cancel_grace", 10));
  if (const Value* retention = value.find("retention"); retention != nullptr && !retention->is_null())
    spec.retention = from_seconds(retention->as_number("retention"));
  spec.delete_saved_model = value.get_boolean("delete_saved_model");
  spec.tags = copy_of(value, "tags");
  spec.group = value.get_string("group");
  if (const Value* after = value.find("after"); after != nullptr && !after->is_null())
    for (const Value& uuid : after->as_array("after")) spec.after.push_back(uuid.as_string("after"));
  if (const Value* limit = value.find("time_limit"); limit != nullptr && !limit->is_null())
    spec.time_limit = from_seconds(limit->as_number("time_limit"));
  spec.retries = static_cast<int>(value.get_integer("retries"));
  spec.retry_delay = from_seconds(value.get_number("retry_delay"));
  spec.max_requeues = static_cast<int>(value.get_integer("max_requeues"));
  spec.on_finish = value.get_string("on_finish");
  return spec;
}

JobSpec read_spec(const std::string& path) {
  return job_spec_from(parse_json(read_file(path, 64 << 20, Links::keep), path));
}

}  // namespace ostler
