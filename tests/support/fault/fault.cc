// A module for tests that does what modules must not do, in the phase that `where` names. Its model is one
// file.
//
// Steps of the parameter `do`, one a line, since a formatter would join them:
//
// - wait: until `file` exists
// - mark: creates `mark`, which holds the process id
// - arrive, leave: append a line to `mark`: "arrive ID" or "leave ID" with the job's uuid
// - crash: a segmentation fault
// - abort: abort()
// - terminate: std::terminate
// - signal: raises `signal`
// - exit, _exit: ends the process with `code`
// - sleep: for ever
// - throw: an Error (invalid_argument)
// - throw_internal: an Error (internal)
// - throw_std: a std::runtime_error
// - throw_other: an int
// - memory: takes `bytes` (0: all there is) of memory and touches it
// - stdout: prints `message` on standard output, by both printf and write(2)
// - close: closes standard output and standard error
// - log: writes `bytes` bytes of lines to the log
// - child: leaves a process of its own group behind, that sleeps
// - daemon: the same in a session of its own, with init as its parent (setsid and a double fork)
// - stubborn: leaves a child that ignores TERM and HUP
// - stubborn_daemon: the same in a session of its own, with init as its parent
// - ignore_term: this process ignores TERM and HUP from here on

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <thread>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/base/process.h"
#include "lib/base/strings.h"
#include "lib/core/module.h"
#include "lib/core/plugin.h"

namespace {

using ostler::Value;

constexpr char kModuleId[] = "6f0a2c3e-8f0d-4c55-9c1b-2f7f0a5d9e01";
constexpr char kModelFile[] = "fault-model.json";

template <typename Condition>
void poll_until(const Condition& condition) {
  while (!condition()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

std::string message_of(const Value& parameters) {
  std::string message = parameters.get_string("message");
  const auto bytes = static_cast<std::size_t>(parameters.get_integer("bytes"));
  if (message.size() < bytes) message.append(bytes - message.size(), '!');
  return message;
}

// The process's standard output and error go with it, as those of any careless child would.
void leave_behind(const std::string& script) {
  ostler::SpawnRequest request;
  request.arguments = {"/bin/sh", "-c", script};
  request.standard_output = STDOUT_FILENO;
  request.standard_error = STDERR_FILENO;
  request.group = ostler::SpawnRequest::Group::own_group;
  ostler::spawn(request);
}

void take_memory(std::int64_t bytes) {
  constexpr std::size_t kBlock = 16 << 20;
  std::vector<std::vector<char>> blocks;
  for (std::int64_t taken = 0; bytes == 0 || taken < bytes; taken += kBlock) blocks.emplace_back(kBlock, 'x');
}

// A sanitizer's own handlers would turn the signal into an exit.
[[noreturn]] void die_of(int signal_number) {
  signal(signal_number, SIG_DFL);
  raise(signal_number);
  for (;;) pause();
}

void do_step(const std::string& step, const Value& parameters) {
  const auto message = [&] { return message_of(parameters); };
  if (step == "wait") {
    const std::string file = parameters.get_string("file");
    poll_until([&] { return access(file.c_str(), F_OK) == 0; });
  } else if (step == "mark") {
    const std::string mark = parameters.get_string("mark");
    ostler::write_file(mark + ".new", std::to_string(getpid()), ostler::Sync::no);
    ostler::rename_path(mark + ".new", mark);  // so that it is never seen empty
  } else if (step == "arrive" || step == "leave") {
    const std::string mark = parameters.get_string("mark");
    const ostler::UniqueFd fd = ostler::open_file(mark, O_WRONLY | O_CREAT | O_APPEND);
    const char* job = getenv("OSTLER_JOB_ID");
    ostler::write_all(fd.get(), step + " " + (job == nullptr ? "" : job) + "\n", mark);
  } else if (step == "crash") {
    die_of(SIGSEGV);
  } else if (step == "abort") {
    abort();
  } else if (step == "terminate") {
    std::terminate();
  } else if (step == "signal") {
    die_of(static_cast<int>(parameters.get_integer("signal")));
  } else if (step == "exit") {
    exit(static_cast<int>(parameters.get_integer("code")));
  } else if (step == "_exit") {
    _exit(static_cast<int>(parameters.get_integer("code")));
  } else if (step == "sleep") {
    for (;;) pause();
  } else if (step == "throw") {
    throw ostler::invalid_argument(message());
  } else if (step == "throw_internal") {
    throw ostler::internal_error(message());
  } else if (step == "throw_std") {
    throw std::runtime_error(message());
  } else if (step == "throw_other") {
    throw 42;
  } else if (step == "memory") {
    take_memory(parameters.get_integer("bytes"));
  } else if (step == "stdout") {
    std::printf("%s\n", message().c_str());
    std::fflush(stdout);
    ostler::write_all(STDOUT_FILENO, message() + "\n", "standard output");
  } else if (step == "close") {
    close(STDOUT_FILENO);
    close(STDERR_FILENO);
  } else if (step == "log") {
    std::string lines;
    while (lines.size() < 1'000'000) lines += std::string(99, '.') + "\n";
    for (auto left = static_cast<std::size_t>(parameters.get_integer("bytes")); left > 0;) {
      const std::size_t now = std::min(left, lines.size());
      ostler::write_all(STDERR_FILENO, std::string_view(lines).substr(0, now), "standard error");
      left -= now;
    }
  } else if (step == "child") {
    leave_behind("exec sleep 1000");
  } else if (step == "daemon") {
    leave_behind("setsid sh -c 'sleep 1000 & exit' & exit");
  } else if (step == "stubborn") {
    leave_behind("trap '' TERM HUP; exec sleep 1000");
  } else if (step == "stubborn_daemon") {
    leave_behind("setsid sh -c 'trap \"\" TERM HUP; sleep 1000 & exit' & exit");
  } else if (step == "ignore_term") {
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
  } else {
    throw ostler::invalid_argument("the module fault knows no step \"" + step + "\"");
  }
}

void do_steps(const std::string& phase, const Value& parameters) {
  if (parameters.get_string("where") != phase || parameters.get_string("do").empty()) return;
  for (const std::string& step : ostler::split(parameters.get_string("do"), ',')) do_step(step, parameters);
}

class FaultModule : public ostler::Module {
 public:
  explicit FaultModule(Value parameters) : parameters_(std::move(parameters)) {}

  std::vector<std::string> run_methods() const override { return {"run", "twice"}; }

  ostler::RecordBatch run(const ostler::RecordBatch& input,
                          const ostler::RunOptions& options) const override {
    do_steps("run", parameters_);
    ostler::RecordBatch output;
    output.rows = input.rows;
    output.source = input.source;
    output.lines = input.lines;
    const ostler::Column* echo = input.find(parameters_.get_string("column"));
    std::string value = parameters_.get_string("value");
    if (options.method == "twice") value += value;
    ostler::Column& prediction = output.add_texts("prediction");
    prediction.role = ostler::ColumnRole::prediction;
    for (std::size_t row = 0; row < input.rows; ++row)
      if (const std::string_view text = echo ? echo->texts[row] : value; text.data() != nullptr)
        prediction.texts[row] = output.store(text);
    return output;
  }

  std::vector<ostler::InputColumn> input_columns() const override {
    const std::string column = parameters_.get_string("column");
    if (column.empty()) return {};
    return {{column, ostler::ColumnKind::text}};
  }

  ostler::SaveResult save(const std::string& directory) const override {
    ostler::write_file(ostler::join_path(directory, kModelFile), ostler::to_json(parameters_, true),
                       ostler::Sync::no, 0666);
    do_steps("save", parameters_);  // a failing save leaves a mix
    return {};
  }

  Value metrics() const override {
    Value metrics = Value::object();
    if (const Value* metric = parameters_.find("metric"); metric != nullptr && !metric->is_null())
      metrics["train_accuracy"] = *metric;
    return metrics;
  }

  std::string library_version() const override { return "0.0"; }

 private:
  Value parameters_;
};

class FaultModuleClass : public ostler::ModuleClass {
 public:
  std::string module_id() const override { return kModuleId; }

  std::unique_ptr<ostler::Module> train(const ostler::TrainRequest& request,
                                        ostler::TrainReporter& reporter) const override {
    Value parameters = request.parameters;
    reporter.log("fault: trains");
    do_steps("train", parameters);
    if (const std::string base = parameters.get_string("base"); !base.empty()) {
      const std::string path = ostler::join_path(base, kModelFile);
      parameters["value"] = ostler::parse_json(ostler::read_file(path), path).at("value");
    }
    const auto rounds = parameters.get_integer("rounds");
    const std::string gate = parameters.get_string("gate");
    for (std::int64_t round = 1; round <= rounds; ++round) {
      if (!gate.empty())
        poll_until([&] {
          const auto text = ostler::read_file_if_there(gate);
          return text && ostler::parse_integer(ostler::trim(*text)).value_or(0) >= round;
        });
      reporter.progress(static_cast<double>(round), static_cast<double>(rounds), "rounds",
                        Value::object({{"loss", 1.0 / static_cast<double>(round)}}));
    }
    return std::make_unique<FaultModule>(parameters);
  }

  std::unique_ptr<ostler::Module> load(const ostler::LoadRequest& request) const override {
    const std::string path = ostler::join_path(request.directory, kModelFile);
    Value parameters = ostler::parse_json(ostler::read_file(path), path);
    do_steps("load", parameters);
    return std::make_unique<FaultModule>(std::move(parameters));
  }
};

}  // namespace

extern "C" const ostler::Plugin* ostler_plugin() {
  static const FaultModuleClass module;
  static const ostler::Plugin plugin{ostler::kPluginAbiVersion, {&module}};
  return &plugin;
}
