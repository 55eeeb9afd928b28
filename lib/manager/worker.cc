#include "lib/manager/worker.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/base/temporary_directory.h"
#include "lib/jobs/job_directory.h"
#include "lib/jobs/job_spec.h"
#include "lib/manager/model_archive.h"
#include "lib/manager/plugin_catalog.h"
#include "lib/manager/predict_stream.h"
#include "lib/manager/training_work.h"
#include "lib/manager/work_data.h"
#include "lib/modules/command/program.h"

namespace ostler {

namespace {

// An error's text beyond this is cut: it is kept in the outcome and shown to people (JOB-17).
constexpr std::size_t kLongestMessage = 16 << 10;

Value now_text() { return format_time(Clock::system().now()); }

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
  std::printf("%serror: %s\n", to_line_start(1), message.c_str());
  std::fflush(stdout);
  Value event = Value::object({{"event", "error"}, {"time", now_text()}});
  event["code"] = status_code_name(code);
  event["reason"] = reason;
  event["message"] = message;
  event["exit_status"] = end.exit_status ? Value(*end.exit_status) : Value();
  event["signal"] = end.signal ? Value(*end.signal) : Value();
  append_event(paths.events, std::move(event));
  return 1;
}

}  // namespace

void calm_waiting_threads() {
  // A training of 0.4 s was seen to take 9 s with libgomp's own count. None that spin at all make it a tenth
  // slower where nothing else runs; a thousand turns are neither. libgomp reads this when a module's library
  // loads it.
  if (::getenv("OMP_WAIT_POLICY") == nullptr) ::setenv("GOMP_SPINCOUNT", "1000", 0);
}

int run_worker(const std::string& job_directory) {
  calm_waiting_threads();
  const JobPaths paths(job_directory);
  try {
    const JobSpec spec = read_spec(paths.spec);
    EventReporter reporter(paths);
    if (spec.kind == JobKind::train) {
      run_training(spec, paths, reporter);
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
  } catch (const RequirementNotMet& error) {
    return report_error(paths, error.code(), "requirement", error.what());
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
