// ostler predict MODEL [DATA...]: rows in, predictions out; with --detach as a job.

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <thread>

#include "commands/job_options.h"
#include "commands/jobs.h"
#include "commands/output.h"
#include "commands/output_file.h"
#include "commands/progress.h"
#include "commands/stdout_guard.h"
#include "lib/base/end_signals.h"
#include "lib/base/files.h"
#include "lib/manager/predict_stream.h"

namespace ostler {

namespace {

Value keep_columns(const Invocation& invocation) {
  const auto given = invocation.value("--keep");
  if (!given) return {};
  if (*given == "all") return *given;
  Value list = Value::array();
  for (const std::string& name : split(*given, ',')) {
    if (name.empty()) throw invalid_argument("--keep: the name of a column is empty");
    list.push_back(name);
  }
  return list;
}

int predict_now(const Invocation& invocation, PredictPlan plan, const LoadedModel& model,
                StdoutGuard& standard_output) {
  auto output_path = invocation.value("--output");
  if (output_path && descriptor_named(*output_path) == 1) output_path.reset();
  plan_formats(plan, model, output_path.value_or(""));
  std::optional<OutputFile> file;
  if (output_path) {
    for (const RecordSource& source : plan.sources)
      if (source.fd < 0 && is_same_file(*output_path, source.path))
        throw invalid_argument("cannot write predictions to " + *output_path +
                               ": it is the data; name another file");
    file.emplace(*output_path, "predictions");
  }
  const int fd = file ? file->fd() : standard_output.fd();
  // Rows on a terminal are progress enough.
  RowProgress progress(!invocation.quiet() && (file || ::isatty(fd) == 0), plan.sources);
  const auto note = [&](const std::string& text) {
    progress.clear();
    if (!invocation.quiet()) say("note: " + text);
  };
  const PredictSummary summary = predict_stream(
      *model.module, plan,
      [&](std::string_view text) { print(text, fd, output_path.value_or("standard output")); }, note,
      [&](std::uint64_t rows) { progress.show(rows); });
  if (file) file->publish();
  progress.finish(summary.rows, output_path.value_or(""));
  if (summary.failed > 0)
    note(fmt::format("{} of {} rows could not be predicted ({}); the first: {}", summary.failed,
                     plan.on_error == "skip" ? summary.rows + summary.failed : summary.rows,
                     plan.on_error == "skip" ? "skipped" : "written as null", summary.first_failure));
  return 0;
}

int predict_later(const Invocation& invocation, const PredictPlan& plan, const LoadedModel& model,
                  const JobOptions& options, StdoutGuard& standard_output) {
  PredictPlan planned = plan;
  plan_formats(planned, model, invocation.value_or("--output", ""));
  PredictArguments arguments;
  for (const RecordSource& source : plan.sources)
    arguments.data.push_back(source.fd >= 0 ? "-" : source.path);
  arguments.standard_input = 0;
  arguments.input_format = planned.input_format;
  arguments.output_format = planned.output_format;
  arguments.output = invocation.value_or("--output", "");
  arguments.keep = plan.keep;
  arguments.probabilities = plan.probabilities;
  arguments.top = plan.top;
  arguments.on_error = plan.on_error;
  arguments.method = plan.method;
  arguments.job = options;
  const auto future = invocation.manager().start_prediction_job(
      model, arguments, invocation.value_or("--predictor", "default"));
  standard_output.restore();
  return submitted(invocation, *future, invocation.has("--wait"));
}

int run(const Invocation& invocation) {
  const bool detach = invocation.has("--detach");
  std::vector<std::string> of_jobs = {"--predictor"};
  for (const OptionSpec& option : job_options()) of_jobs.push_back(option.name);
  for (const std::string& option : of_jobs)
    if (!detach && invocation.has(option))
      throw invalid_argument(option + " is for jobs: add --detach, or leave it out");
  if (!detach && invocation.has("--format"))
    throw invalid_argument(
        "--format is for jobs, models and modules; the rows have --output-format and --keep");
  if (!detach && invocation.json() && invocation.value_or("--output-format", "jsonl") != "jsonl")
    throw invalid_argument("--json means --output-format jsonl; leave out one of the two");
  check_job_format(invocation);
  if (const auto output = invocation.value("--output"); detach && output && descriptor_named(*output))
    throw invalid_argument("-o " + *output +
                           ": a job has no such output; leave -o out, and ostler result ID prints the rows");
  if (invocation.has("--timeout") && !invocation.has("--wait"))
    throw invalid_argument("--timeout is about waiting: add --wait, or leave it out");
  PredictPlan plan;
  plan.input_format = invocation.value_or("--input-format", "");
  plan.sources = data_sources(invocation, invocation.arguments[1], plan.input_format);
  plan.output_format = invocation.value_or("--output-format", invocation.json() && !detach ? "jsonl" : "");
  plan.keep = keep_columns(invocation);
  plan.probabilities = invocation.has("--proba");
  plan.top = static_cast<int>(invocation.number("--top", 1, 1000).value_or(0));
  plan.on_error = invocation.value_or("--on-error", "fail");
  plan.method = invocation.value_or("--method", "run");
  StdoutGuard standard_output;
  // All cores: blocks that are too small to be shared are not.
  const int threads = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  end_cleanly_on_signals();
  const std::string& given_model = invocation.arguments[0][0];
  JobOptions options;
  if (detach) options = read_job_options(invocation);
  const auto load = [&] {
    return invocation.manager().load(given_model, invocation.value_or("--finder", "default"),
                                     invocation.value_or("--initializer", "default"), {.threads = threads});
  };
  const auto load_or_wait = [&] {
    try {
      return load();
    } catch (const Error&) {
      auto to_come = detach ? invocation.manager().model_to_come(given_model, options) : std::nullopt;
      if (to_come) return std::move(*to_come);
      if (!detach) throw;
    }
    return load();  // its training may just have ended
  };
  const LoadedModel model = load_or_wait();
  if (detach) return predict_later(invocation, plan, model, options, standard_output);
  return predict_now(invocation, std::move(plan), model, standard_output);
}

}  // namespace

CommandSpec predict_command() {
  CommandSpec command;
  command.name = "predict";
  command.summary = "Predict with a model: rows in, predictions out; --detach makes it a job";
  command.usage = "ostler predict MODEL [DATA...]";
  command.examples = {"ostler predict models/penguins penguins.test.csv > predictions.csv",
                      "ostler predict models/penguins --proba --keep id < new.csv",
                      "ostler predict --detach models/penguins big.csv -o big.predictions.csv",
                      "ostler predict \"$id\" new.csv  # the model of a training",
                      "ostler predict --detach \"$id\" new.csv  # once that training is COMPLETED"};
  command.arguments = {model_argument(), rows_argument()};
  command.options =
      std::vector<OptionSpec>{
          {"--output", "-o", "FILE", "write the rows there, all or nothing (default: stdout)", "Rows"},
          {"--input-format", "", "FORMAT",
           "csv, tsv, jsonl, json or text (default: by extension, then as trained)", "Rows"},
          {"--output-format", "", "FORMAT", "csv, tsv, jsonl or text (default: like the input)", "Rows"},
          {"--keep", "", "COL,...|all", "columns of the data to put before the predictions", "Rows"},
          {"--proba", "", "", "a probability for each class", "Rows"},
          {"--top", "", "K", "the K best classes with their scores", "Rows"},
          {"--on-error", "", "MODE", "a bad row: fail (default), skip, or null for an empty prediction",
           "Rows"},
          {"--method", "", "NAME", "the module's method to run (default: run)", "Rows"},
          {"--finder", "", "NAME", "the finder to ask (default: default)", "The model"},
          {"--initializer", "", "NAME", "the initializer to use (default: default)", "The model"},
          {"--trust-code", "", "", "run the program that the model itself names", "The model"},
          {"--predictor", "", "NAME", "with --detach: the job predictor to use (default: default)",
           "The job"}} +
      job_options();
  for (OptionSpec& option : command.options)
    if (option.name == "--detach") option.help = "make it a job: print its id and return";
  command.notes =
      "Rows come out while others go in; memory does not grow with the data. Columns are matched by name: "
      "extra ones\n"
      "are ignored with a note, missing ones are an error.";
  command.group = "Models";
  command.exit_codes = {3, 4, 5, 6, 124, 130};
  command.run = run;
  return command;
}

}  // namespace ostler
