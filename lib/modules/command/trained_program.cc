#include "lib/modules/command/trained_program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <filesystem>

#include "lib/base/strings.h"
#include "lib/data/records.h"

namespace ostler {

namespace {

constexpr std::size_t kLongestEvent = 1 << 20;

// Into the new place: moved where both are on one file system.
void move_tree(const std::string& from, const std::string& to) {
  for (const std::string& name : list_directory(from)) {
    const std::string source = join_path(from, name), target = join_path(to, name);
    if (::rename(source.c_str(), target.c_str()) == 0) continue;
    if (errno != EXDEV) throw system_error(errno, "cannot move " + source + " to " + target);
    std::error_code error;
    std::filesystem::copy(source, target, std::filesystem::copy_options::recursive, error);
    if (error) throw system_error(error.value(), "cannot copy " + source + " to " + target);
  }
}

bool are_chosen(const RowFiles& files) {
  return std::any_of(files.rows.begin(), files.rows.end(),
                     [](const RowChoice& rows) { return rows.marks != nullptr; });
}

// The rows of `files` as one file of its own. JSON Lines are written for a JSON array, too.
std::string write_rows(const RowFiles& files, const ReadOptions& options, const std::string& format,
                       const std::string& path_without_end) {
  const std::string path = path_without_end + (format == "text" ? ".txt" : "." + format);
  const UniqueFd file = open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  const auto stream = open_records(record_sources(files), options);
  const auto writer = make_writer(format, stream->columns(), true);
  RecordBatch batch;
  while (stream->next(batch)) {
    writer->write(batch);
    write_all(file.get(), writer->take(), path);
  }
  write_all(file.get(), writer->take(), path);  // the header, where there were no rows
  return path;
}

// It is shown in lines and tables.
void check_metric_name(const std::string& name) {
  constexpr std::size_t kLongestName = 100;
  const bool shows =
      std::all_of(name.begin(), name.end(), [](unsigned char c) { return c > ' ' && c != 0x7F; });
  if (name.empty() || name.size() > kLongestName || !shows)
    throw invalid_argument(
        "the name of a metric is at most 100 bytes, without blanks and control characters");
}

// What a program has trained: files.
class ProgramModel : public Module {
 public:
  ProgramModel(const ModuleManifest& manifest, std::string directory, Value metrics)
      : manifest_(manifest), directory_(std::move(directory)), metrics_(std::move(metrics)) {}

  SaveResult save(const std::string& directory) const override {
    SaveResult result;
    result.config["model_backend"] = kProcessBackend;
    if (const Value* files = manifest_.command.find("files"); files != nullptr && files->size() > 0)
      result.config["program"] = *files;
    if (manifest_.command.get_boolean("script")) add_own_program(directory, result.config);
    const std::string own = join_path(directory_, "config.yml");
    if (const auto text = read_file_if_there(own)) {
      const Value given = parse_yaml(*text, own);
      if (!given.is_null())
        for (const auto& [key, value] : given.as_object(own))
          if (result.config.find(key) == nullptr) result.config[key] = value;
      remove_file_if_there(own);
    }
    move_tree(directory_, directory);
    return result;
  }

  Value metrics() const override { return metrics_; }
  RecordBatch run(const RecordBatch&, const RunOptions&) const override {
    throw internal_error("the module " + manifest_.name + " runs only what was saved");
  }
  std::vector<InputColumn> input_columns() const override { return {}; }

 private:
  // A script that was no declared module: its model takes along what runs it.
  void add_own_program(const std::string& directory, Value& config) const {
    const Value* run = manifest_.command.find("run");
    if (run == nullptr) return;
    Value words = *run;
    for (Value& word : words.as_array()) {
      const std::string path = word.as_string();
      if (!starts_with(path, manifest_.command.get_string("directory") + "/")) continue;
      const std::string copy = join_path(directory, file_name(path));
      write_file(copy, read_file(path), Sync::no, ::access(path.c_str(), X_OK) == 0 ? 0777 : 0666);
      word = "./" + file_name(path);
    }
    config["command"] = Value::object({{"run", words}, {"format", manifest_.command.get_string("format")}});
  }

  ModuleManifest manifest_;
  std::string directory_;
  Value metrics_;
};

}  // namespace

std::string program_name(const ModuleManifest& manifest, const std::string& role) {
  std::string name;
  for (const Value& word : manifest.command.at(role).as_array())
    if (name.empty() || starts_with(word.as_string(), manifest.command.get_string("directory") + "/"))
      name = file_name(word.as_string());
  return "the program " + name + " of module " + manifest.name;
}

TrainedProgram::TrainedProgram(const ModuleManifest& manifest, std::string directory)
    : manifest_(manifest),
      directory_(std::move(directory)),
      events_path_(join_path(directory_, "events")),
      model_directory_(join_path(directory_, "model")) {}

// A program reads whole files: rows that are chosen become files of their own.
Value TrainedProgram::data_for_program(const TrainRequest& request) const {
  std::string format = request.data_format;
  std::vector<std::string> learn = request.data.paths, measure = request.validation.paths;
  if (are_chosen(request.data) || are_chosen(request.validation)) {
    ReadOptions options;
    options.format = format;
    options.fallback_format = manifest_.input == "text" ? "text" : "csv";
    if (format.empty()) format = format_of(learn.at(0));
    if (format.empty()) format = options.fallback_format;
    if (format == "json") format = "jsonl";
    learn = {write_rows(request.data, options, format, join_path(directory_, "train"))};
    if (!measure.empty())
      measure = {write_rows(request.validation, options, format, join_path(directory_, "validation"))};
    if (request.data_format.empty()) format.clear();  // the files' names tell
  }
  const auto list = [](const std::vector<std::string>& paths) {
    Value value = Value::array();
    for (const std::string& path : paths) value.push_back(path);
    return value;
  };
  return Value::object({{"data", list(learn)},
                        {"validation", list(measure)},
                        {"data_format", format.empty() ? Value() : Value(format)}});
}

void TrainedProgram::prepare(const TrainRequest& request, std::vector<std::string>& environment) {
  remove_tree(directory_);  // what an earlier attempt has left
  make_directories(model_directory_, 0777);
  const Value data = data_for_program(request);
  const std::string parameters = join_path(directory_, "params.json");
  write_file(parameters,
             to_json(Value::object({{"data", data.at("data")},
                                    {"validation", data.at("validation")},
                                    {"data_format", data.at("data_format")},
                                    {"parameters", request.parameters},
                                    {"cpus", request.cpus}}),
                     true) +
                 "\n",
             Sync::no, 0600);
  write_file(events_path_, "", Sync::no, 0600);
  events_ = open_file(events_path_, O_RDONLY);
  environment.push_back("OSTLER_PARAMS=" + parameters);
  environment.push_back("OSTLER_EVENTS=" + events_path_);
  environment.push_back("OSTLER_MODEL_DIR=" + model_directory_);
  environment.push_back("OSTLER_JOB_STATUS=RUNNING");
}

void TrainedProgram::watch(Program& program, TrainReporter& reporter) {
  // Without a watch to be had, the file is looked at now and then.
  const UniqueFd changes(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  const bool watched = changes && ::inotify_add_watch(changes.get(), events_path_.c_str(), IN_MODIFY) >= 0;
  for (;;) {
    pollfd ends[2] = {{program.ended_fd(), POLLIN, 0}, {changes.get(), POLLIN, 0}};
    if (::poll(ends, watched ? 2 : 1, watched ? -1 : 200) < 0 && errno != EINTR)
      throw system_error(errno, "cannot wait for the program");
    char ignored[4096];
    while (watched && ::read(changes.get(), ignored, sizeof ignored) > 0) {
    }
    const bool ended = (ends[0].revents & POLLIN) != 0;
    read_events(reporter, ended);
    if (ended) return;
  }
}

void TrainedProgram::read_events(TrainReporter& reporter, bool to_the_end) {
  char block[1 << 14];
  for (ssize_t got; (got = ::read(events_.get(), block, sizeof block)) > 0;) {
    rest_.append(block, static_cast<std::size_t>(got));
    std::size_t from = 0;
    for (std::size_t end; (end = rest_.find('\n', from)) != std::string::npos; from = end + 1)
      take_event(std::string_view(rest_).substr(from, end - from), reporter);
    rest_.erase(0, from);
    if (rest_.size() > kLongestEvent) rest_.clear();  // no event is that long
  }
  if (to_the_end && !rest_.empty()) take_event(std::exchange(rest_, {}), reporter);
}

void TrainedProgram::take_event(std::string_view line, TrainReporter& reporter) {
  if (trim(line).empty()) return;
  try {
    const Value event = parse_json(line, "OSTLER_EVENTS");
    event.as_object("a line of OSTLER_EVENTS");
    if (const Value* metrics = event.find("metrics"); metrics != nullptr && !metrics->is_null())
      for (const auto& [name, value] : metrics->as_object("metrics")) {
        check_metric_name(name);
        value.as_number("the metric " + name);
        metrics_[name] = value;
      }
    if (event.find("done") != nullptr)
      reporter.progress(event.get_number("done"), event.get_number("total", HUGE_VAL),
                        event.get_string("unit"), metrics_);
  } catch (const Error& error) {
    reporter.log(fmt::format("note: this line of OSTLER_EVENTS means nothing ({}): {}", error.what(),
                             line.substr(0, 200)));
  }
}

std::unique_ptr<Module> TrainedProgram::model() const {
  const std::vector<std::string> names = list_tree(model_directory_);
  if (names.empty())
    throw Error(StatusCode::internal,
                program_name(manifest_, "train") + " ended well, but wrote no model into $OSTLER_MODEL_DIR");
  for (const std::string& name : names)
    if (file_status(join_path(model_directory_, name), Links::keep)->type != FileStatus::Type::file)
      throw Error(StatusCode::internal,
                  program_name(manifest_, "train") + " wrote " + name +
                      " into $OSTLER_MODEL_DIR, which is no file: a model cannot hold links");
  return std::make_unique<ProgramModel>(manifest_, model_directory_, metrics_);
}

}  // namespace ostler
