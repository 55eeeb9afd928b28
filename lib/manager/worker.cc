#include "lib/manager/worker.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/base/install.h"
#include "lib/base/strings.h"
#include "lib/base/temporary_directory.h"
#include "lib/jobs/job_directory.h"
#include "lib/jobs/job_spec.h"
#include "lib/manager/model_archive.h"
#include "lib/manager/plugin_catalog.h"
#include "lib/manager/predict_stream.h"
#include "lib/modules/command/program.h"

namespace ostler {

namespace {

constexpr Duration kReportInterval = std::chrono::milliseconds(200);
// An error's text beyond this is cut: it is kept in the outcome and shown to people (JOB-17).
constexpr std::size_t kLongestMessage = 16 << 10;

Value now_text() { return format_time(Clock::system().now()); }

// Writes progress to the events file: at once when the last was a while ago, else a little later, by a
// thread, so that the newest is always written even when the work then stands still.
class EventReporter : public TrainReporter {
 public:
  explicit EventReporter(std::string events_path)
      : events_path_(std::move(events_path)),
        thread_([this](const std::stop_token& stop) { write_later(stop); }) {}
  ~EventReporter() override {
    thread_.request_stop();
    thread_.join();
    flush();
  }

  void progress(double done, double total, std::string_view unit, const Value& metrics) override {
    const std::lock_guard lock(mutex_);
    pending_ = Value::object({{"event", "progress"},
                              {"time", now_text()},
                              {"done", done},
                              {"total", std::isfinite(total) ? Value(total) : Value()},
                              {"unit", unit},
                              {"metrics", metrics}});
    if (Clock::system().steady() - last_ >= kReportInterval) {
      write_pending();
    } else {
      wake_.notify_one();
    }
  }
  // Writes what is still to be written, before another event.
  void flush() {
    const std::lock_guard lock(mutex_);
    write_pending();
  }

  void log(std::string_view line) override {
    const std::lock_guard lock(mutex_);
    std::printf("%.*s\n", static_cast<int>(line.size()), line.data());
    std::fflush(stdout);
  }

 private:
  void write_pending() {
    if (pending_.is_null()) return;
    append_event(events_path_, std::exchange(pending_, Value()));
    last_ = Clock::system().steady();
  }
  void write_later(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (wake_.wait(lock, stop, [this] { return !pending_.is_null(); })) {
      const Duration left = last_ + kReportInterval - Clock::system().steady();
      if (left <= Duration(0)) {
        write_pending();
      } else {
        wake_.wait_for(lock, stop, left, [] { return false; });
      }
    }
  }

  std::string events_path_;
  std::mutex mutex_;  // guards what follows
  Value pending_;
  Duration last_{};
  std::condition_variable_any wake_;
  std::jthread thread_;
};

std::vector<std::string> data_paths(const JobSpec& spec, const JobPaths& paths) {
  std::vector<std::string> list;
  for (const DataFile& file : spec.data) list.push_back(file.path == "-" ? paths.input : file.path);
  return list;
}

// A job may wait for days: what it then reads may not be what was there when it was submitted. That is often
// wanted (a nightly file), so it is said and not refused.
void note_changed_data(const JobSpec& spec, TrainReporter& reporter) {
  for (const DataFile& file : spec.data) {
    if (file.path == "-") continue;
    const auto status = file_status(file.path);
    if (!status)
      throw invalid_argument("the data file " + file.path + " is gone since the job was submitted");
    if (status->size != file.size || status->modified_ns != file.modified_ns)
      reporter.log("note: " + file.path + " has changed since the job was submitted");
  }
}

// MDL-1: the keys that caikit's ModuleSaver writes, then ours.
ModuleConfig model_config(const JobSpec& spec, const Module& module, SaveResult saved,
                          const std::string& tracking_id) {
  const Value now = now_text();
  Value data = Value::array();
  for (const DataFile& file : spec.data)
    data.push_back(Value::object({{"path", file.path}, {"size", file.size}}));
  Value values = Value::object({{"ostler_version", version()},
                                {"created", now},
                                {"saved", now},
                                {"name", spec.module.name},
                                {"tracking_id", tracking_id},
                                {"module_id", spec.module.module_id},
                                {"module_class", spec.module.module_class},
                                {"version", spec.module.version}});
  if (!spec.module.library.empty())
    values["library"] = Value::object({{"name", spec.module.library}, {"version", module.library_version()}});
  values["train"] = Value::object({{"job", spec.id},
                                   {"parameters", spec.parameters},
                                   {"data", data},
                                   {"data_format", trained_format(spec)},
                                   {"cpus", spec.cpus}});
  values["metrics"] = module.metrics();
  if (saved.config.is_object())
    for (auto& [key, value] : saved.config.as_object())
      if (values.find(key) == nullptr) values[key] = std::move(value);
  return ModuleConfig(std::move(values), {});
}

// "/proc/self/fd/7" as this process's programs can read it, too.
std::string known_to_programs(const std::string& read_path) {
  constexpr std::string_view self = "/proc/self/";
  return "/proc/" + std::to_string(::getpid()) + "/" + read_path.substr(self.size());
}

void train(const JobSpec& spec, const JobPaths& paths, EventReporter& reporter) {
  note_changed_data(spec, reporter);
  const ModuleClass& module_class = open_module(spec.module);
  TrainRequest request;
  request.data.paths = data_paths(spec, paths);
  request.data_format = spec.data_format;
  // Spooled standard input has no extension: the format is the module's natural one.
  if (request.data_format.empty() && spec.data.size() == 1 && spec.data[0].path == "-")
    request.data_format = spec.module.input == "text" ? "text" : "csv";
  request.parameters = spec.parameters;
  // Held until the training has ended: it reads one model, whole, though another is published there
  // meanwhile.
  std::vector<ModelDirectory> models;
  for (const ParameterSpec& parameter : spec.module.parameters) {
    Value* given = parameter.type == ParameterType::model ? request.parameters.find(parameter.name) : nullptr;
    if (given == nullptr || given->is_null()) continue;
    models.push_back(ModelDirectory::open(given->as_string(parameter.name)));
    models.back().verify();
    *given = known_to_programs(models.back().read_path());
  }
  request.cpus = spec.cpus;
  request.directory = join_path(paths.directory, "training");
  const std::unique_ptr<Module> module = module_class.train(request, reporter);
  if (!module) throw internal_error("module " + spec.module.name + " trained nothing");

  const std::string target = spec.save_path.empty() ? join_path(paths.directory, "model") : spec.save_path;
  const std::string staged = staged_path(target, spec.uuid);
  make_directories(parent_path(target));
  remove_tree(staged);
  make_directories(staged);
  const std::string tracking_id = make_uuid4();
  SaveResult saved = module->save(staged);
  remove_tree(request.directory);
  ModuleConfig config = model_config(spec, *module, std::move(saved), tracking_id);
  add_file_manifest(config, staged);
  config.save(staged);
  fsync_tree(staged);
  fsync_directory(parent_path(target));

  reporter.flush();
  append_event(paths.events,
               Value::object({{"event", "metrics"}, {"time", now_text()}, {"metrics", module->metrics()}}));
  append_event(paths.events, Value::object({{"event", "done"},
                                            {"time", now_text()},
                                            {"result", target},
                                            {"publish", Value::object({{"staged", staged},
                                                                       {"target", target},
                                                                       {"tracking_id", tracking_id}})}}));
}

void predict(const JobSpec& spec, const JobPaths& paths, EventReporter& reporter) {
  note_changed_data(spec, reporter);
  std::optional<TemporaryDirectory> extracted;
  if (is_zip(spec.model)) {
    extracted.emplace();
    const Value* limits = spec.predict.find("archives");
    extract_model(open_file(spec.model, O_RDONLY).get(), spec.model, extracted->path(),
                  read_archive_limits(limits == nullptr ? Value() : *limits));
  }
  auto directory = ModelDirectory::open(extracted ? extracted->path() : spec.model);
  directory.show_as(spec.model);
  directory.verify();
  LoadedModel model;
  model.config = directory.config();
  model.manifest = spec.module;
  if (model.config.module_id() != spec.module.module_id)
    throw invalid_argument("the model " + spec.model +
                           " was replaced by one of another module since the job was submitted");
  // As the one who submitted the job has loaded it.
  model.load_backend = spec.predict.get_string("backend", kLocalBackend);
  LoadRequest load{model.config, directory.read_path(), model.load_backend, spec.cpus};
  if (const Value* config = spec.predict.find("backend_config"); config != nullptr && !config->is_null())
    load.backend_config = *config;
  model.module = open_module(spec.module, model.load_backend).load(load);

  const std::vector<std::string> data = data_paths(spec, paths);
  PredictPlan plan;
  for (const std::string& path : data) plan.sources.push_back({path, -1});
  plan.input_format = spec.predict.get_string("input_format");
  plan.output_format = spec.predict.get_string("output_format");
  if (const Value* keep = spec.predict.find("keep")) plan.keep = *keep;
  plan.probabilities = spec.predict.get_boolean("probabilities");
  plan.top = static_cast<int>(spec.predict.get_integer("top"));
  plan.on_error = spec.predict.get_string("on_error", "fail");
  plan.method = spec.predict.get_string("method", "run");
  plan_formats(plan, model, spec.predict.get_string("output"));

  std::string target = spec.predict.get_string("output");
  if (target.empty()) target = join_path(paths.directory, "result." + plan.output_format);
  const std::string staged = staged_path(target, spec.uuid);
  make_directories(parent_path(target));
  remove_tree(staged);
  const UniqueFd output = open_file(staged, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0666);
  const PredictSummary summary = predict_stream(
      *model.module, plan, [&](std::string_view text) { write_all(output.get(), text, staged); },
      [&](const std::string& note) { reporter.log("note: " + note); },
      [&](std::uint64_t rows) {
        reporter.progress(static_cast<double>(rows), HUGE_VAL, "rows", Value::object());
      });
  if (summary.failed > 0)
    reporter.log(fmt::format("note: {} rows could not be predicted; the first: {}", summary.failed,
                             summary.first_failure));
  reporter.flush();
  if (::fsync(output.get()) != 0) throw system_error(errno, "cannot write " + staged + " to disk");
  append_event(paths.events,
               Value::object({{"event", "done"},
                              {"time", now_text()},
                              {"result", target},
                              {"rows", summary.rows},
                              {"publish", Value::object({{"staged", staged}, {"target", target}})}}));
}

int report_error(const JobPaths& paths, StatusCode code, std::string_view reason, std::string message,
                 const ProgramEnd& end = {}) {
  if (message.size() > kLongestMessage) message = message.substr(0, kLongestMessage) + " [cut]";
  std::printf("error: %s\n", message.c_str());
  std::fflush(stdout);
  append_event(paths.events,
               Value::object({{"event", "error"},
                              {"time", now_text()},
                              {"code", status_code_name(code)},
                              {"reason", reason},
                              {"message", message},
                              {"exit_status", end.exit_status ? Value(*end.exit_status) : Value()},
                              {"signal", end.signal ? Value(*end.signal) : Value()}}));
  return 1;
}

}  // namespace

std::string trained_format(const JobSpec& spec) {
  if (!spec.data_format.empty()) return spec.data_format;
  const std::string by_name = spec.data.empty() ? "" : format_of(spec.data[0].path);
  if (!by_name.empty()) return by_name;
  return spec.module.input == "text" ? "text" : "csv";
}

int run_worker(const std::string& job_directory) {
  // Threads of an ML library that wait by spinning take the cores from those that work, as soon as the
  // machine is busy with something else: a training of 0.4 s was seen to take 9 s with libgomp's own count.
  // None that spin at all make it a tenth slower where nothing else runs; a thousand turns are neither.
  // libgomp reads this when a module's library loads it.
  if (::getenv("OMP_WAIT_POLICY") == nullptr) ::setenv("GOMP_SPINCOUNT", "1000", 0);
  const JobPaths paths(job_directory);
  try {
    const JobSpec spec = read_spec(paths.spec);
    EventReporter reporter(paths.events);
    if (spec.kind == JobKind::train) {
      train(spec, paths, reporter);
    } else {
      predict(spec, paths, reporter);
    }
    return 0;
  } catch (const ProgramError& error) {
    // What the program did, where it did it; else what it gave was no good.
    const ProgramEnd& end = error.end();
    const bool failed = end.exit_status.value_or(0) != 0;
    return report_error(paths, error.code(),
                        end.out_of_memory ? "out_of_memory"
                        : end.signal      ? "signal"
                        : failed          ? "exit"
                                          : "module",
                        error.what(), end);
  } catch (const Error& error) {
    return report_error(paths, error.code(),
                        error.code() == StatusCode::resource_exhausted ? "disk_full" : "module",
                        error.what());
  } catch (const std::bad_alloc&) {
    return report_error(paths, StatusCode::internal, "module", "there was not enough memory");
  } catch (const std::exception& error) {
    return report_error(paths, StatusCode::unknown, "module", error.what());
  } catch (...) {
    return report_error(paths, StatusCode::unknown, "module",
                        "the module failed and does not say why (it threw something that is no exception)");
  }
}

}  // namespace ostler
