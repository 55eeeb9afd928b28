#include "lib/modules/command/remote_module.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <mutex>

#include "lib/base/files.h"
#include "lib/base/install.h"
#include "lib/base/strings.h"
#include "lib/data/records.h"
#include "lib/modules/command/process_module.h"

namespace ostler {

namespace {

constexpr std::size_t kLongestLine = 64 << 20;
constexpr int kBadRows = 2;

// A line, byte by byte: what follows it is another reader's. Nothing at the end.
std::optional<std::string> read_line(int fd) {
  std::string line;
  while (line.size() < kLongestLine) {
    char c = 0;
    const ssize_t got = ::read(fd, &c, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw system_error(errno, "cannot read from a process");
    if (got == 0) break;
    if (c == '\n') return line;
    line += c;
  }
  return std::nullopt;
}

Value columns_to_value(const std::vector<InputColumn>& columns) {
  Value list = Value::array();
  for (const InputColumn& column : columns)
    list.push_back(Value::object({{"name", column.name}, {"number", column.kind == ColumnKind::number}}));
  return list;
}

std::vector<InputColumn> columns_from(const Value& list) {
  std::vector<InputColumn> columns;
  for (const Value& item : list.as_array())
    columns.push_back(
        {item.get_string("name"), item.get_boolean("number") ? ColumnKind::number : ColumnKind::text});
  return columns;
}

// Children that have loaded the model: the first is there since load(), for the first session.
class Children {
 public:
  Children(std::string name, std::vector<std::string> environment, const std::string& directory, Value order)
      : name_(std::move(name)), environment_(std::move(environment)), directory_(directory) {
    order["directory"] = directory_.path_for_others();
    order_ = to_json(order) + "\n";
  }

  std::unique_ptr<Program> begin(const RunOptions& options) {
    std::unique_ptr<Program> child;
    {
      const std::lock_guard lock(mutex_);
      child = std::move(ready_);
    }
    if (!child) child = start(nullptr);
    child->write(to_json(to_value(options)) + "\n");
    return child;
  }
  // Starts the first and gives its answer.
  Value load() {
    Value answer;
    ready_ = start(&answer);
    return answer;
  }

 private:
  std::unique_ptr<Program> start(Value* answer) const {
    auto child =
        std::make_unique<Program>(Program::Start{name_, {job_program_path(), "serve"}, environment_});
    child->write(order_);
    const auto line = read_line(child->output());
    if (!line) throw child->failure("did not load the model", std::chrono::seconds(2));
    const Value told = parse_json(*line, name_);
    if (const Value* error = told.find("error"))
      throw Error(static_cast<StatusCode>(error->get_integer("code")), error->get_string("message"));
    if (answer != nullptr) *answer = told;
    return child;
  }

  std::string name_;
  std::vector<std::string> environment_;
  HeldDirectory directory_;
  std::string order_;
  std::mutex mutex_;  // guards what follows
  std::unique_ptr<Program> ready_;
};

// Rows from standard input to `out` by the module. Errors of rows have a column where they are kept.
void serve_rows(const Module& module, const RunOptions& options, int out) {
  ReadOptions read;
  read.format = "csv";
  read.columns = module.input_columns();
  read.batch_rows = module.batch_rows();
  bool begun = false;
  std::unique_ptr<RecordStream> rows;
  try {
    rows = open_records({{"the rows", 0, [&](std::string_view) { begun = true; }}}, read);
  } catch (const Error&) {
    if (begun) throw;
    return;  // there is not even a header: nobody wants anything
  }
  std::unique_ptr<RecordWriter> writer;
  RecordBatch input;
  bool some = false;
  const auto answer = [&] {
    RecordBatch output = module.run(input, options);
    for (Column& column : output.columns)
      if (column.role == ColumnRole::prediction && column.kind == ColumnKind::number)
        column.name += kNumberMark;
    if (options.keep_errors) {
      Column& errors = output.add_texts("error");
      for (const RowError& error : output.row_errors) errors.texts[error.row] = error.message;
    }
    if (!writer) writer = make_writer("csv", output.columns);
    writer->write(output);
    write_all(out, writer->take(), "the rows' other end");
  };
  for (; rows->next(input); some = true) answer();
  if (some) return;
  input = RecordBatch();
  input.columns = rows->columns();
  answer();
}

}  // namespace

Value to_value(const RunOptions& options) {
  return Value::object({{"probabilities", options.probabilities},
                        {"top", options.top},
                        {"keep_errors", options.keep_errors},
                        {"method", options.method},
                        {"probabilities_or_none", options.probabilities_or_none}});
}

RunOptions run_options_from(const Value& value) {
  return {value.get_boolean("probabilities"), static_cast<int>(value.get_integer("top")),
          value.get_boolean("keep_errors"), value.get_string("method", "run"),
          value.get_boolean("probabilities_or_none")};
}

std::unique_ptr<Module> RemoteModuleClass::train(const TrainRequest&, TrainReporter&) const {
  throw internal_error("the module " + manifest_.name + " trains in the job's own process");
}

std::unique_ptr<Module> RemoteModuleClass::load(const LoadRequest& request) const {
  ProcessPlan plan;
  plan.name = "the process of module " + manifest_.name;
  const auto children = std::make_shared<Children>(
      plan.name, environment_entries(request.backend_config.find("environment")), request.directory,
      Value::object({{"manifest", to_value(manifest_)},
                     {"manifest_path", manifest_.manifest_path},
                     {"config", request.config.values()},
                     {"path", request.config.model_path()},
                     {"threads", request.threads}}));
  const Value told = children->load();
  plan.input_columns = columns_from(told.at("input_columns"));
  plan.batch_rows = static_cast<std::size_t>(told.get_integer("batch_rows", 1024));
  plan.methods.clear();
  for (const Value& method : told.at("methods").as_array()) plan.methods.push_back(method.as_string());
  plan.library_version = told.get_string("library_version");
  if (const Value* target = told.find("target")) plan.target = model_target_from(*target);
  plan.marked_numbers = true;
  plan.judge = [](const ProgramEnd& end) {
    return end.exit_status == kBadRows ? StatusCode::invalid_argument : StatusCode::internal;
  };
  plan.begin = [children](const RunOptions& options) { return children->begin(options); };
  return std::make_unique<ProcessModule>(std::move(plan));
}

int serve_module(const ModuleClass& (*open)(const ModuleManifest&)) {
  // What a library prints must not get among the rows.
  const UniqueFd out(::dup(1));
  ::dup2(2, 1);
  const auto tell = [&](const Value& line) { write_all(out.get(), to_json(line) + "\n", "the other end"); };
  const auto tell_error = [&](StatusCode code, const std::string& message) {
    tell(Value::object({{"error", Value::object({{"code", static_cast<int>(code)}, {"message", message}})}}));
    return 1;
  };
  std::unique_ptr<Module> module;
  try {
    const auto line = read_line(0);
    if (!line) return 1;
    const Value order = parse_json(*line, "ostler-job serve");
    const ModuleManifest manifest =
        module_manifest_from(order.at("manifest"), order.get_string("manifest_path"));
    const ModuleConfig config(order.at("config"), order.get_string("path"));
    module = open(manifest).load({config, order.get_string("directory"), kLocalBackend,
                                  static_cast<int>(order.get_integer("threads", 1))});
    if (!module) throw internal_error("module " + manifest.name + " loaded nothing");
    Value methods = Value::array();
    for (const std::string& method : module->run_methods()) methods.push_back(method);
    tell(Value::object({{"input_columns", columns_to_value(module->input_columns())},
                        {"batch_rows", static_cast<std::int64_t>(module->batch_rows())},
                        {"methods", methods},
                        {"library_version", module->library_version()},
                        {"target", to_value(module->target())}}));
  } catch (const Error& error) {
    return tell_error(error.code(), error.what());
  } catch (const std::exception& error) {
    return tell_error(StatusCode::data_loss, error.what());
  } catch (...) {
    return tell_error(StatusCode::data_loss, "the module does not say why");
  }
  try {
    const auto line = read_line(0);
    if (line) serve_rows(*module, run_options_from(parse_json(*line, "ostler-job serve")), out.get());
    return 0;
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return error.code() == StatusCode::invalid_argument ? kBadRows : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
  } catch (...) {
    std::fprintf(stderr, "the module does not say why it failed\n");
  }
  return 1;
}

}  // namespace ostler
