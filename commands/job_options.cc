#include "commands/job_options.h"

#include "lib/base/strings.h"

namespace ostler {

std::vector<OptionSpec> job_options() {
  constexpr char kWhen[] = "When and where it runs";
  return {
      {"--id", "", "ID", "an id of your own; refused while a job of that id is active", "The job"},
      {"--if-exists", "", "WHAT",
       "if --id is taken: fail (default), attach, reuse (COMPLETED, too), replace (cancel)", "The job"},
      {"--wait", "-w", "", "wait for the end and exit with the job's code", "The job"},
      {"--detach", "-d", "", "do not wait", "The job"},
      {"--timeout", "", "D", "with --wait: wait no longer than this (exit 124; the job goes on)", "The job"},
      {"--cancel-on-interrupt", "", "", "with --wait: Ctrl-C cancels the job", "The job"},
      {"--tag", "", "NAME=VALUE", "a mark to find it by: ostler status --tag NAME=VALUE", "The job", true},
      {"--group", "", "NAME", "the group that it belongs to: ostler wait --group NAME", "The job"},
      {"--on-finish", "", "COMMAND", "run by sh after its end, whatever that was ($OSTLER_JOB_STATUS)",
       "The job"},
      {"--after", "", "ID", "start once this job is COMPLETED; ERRORED if it comes to anything else", kWhen,
       true},
      {"--priority", "", "N", "larger is earlier in the queue (default: 0)", kWhen},
      {"--cpus", "", "N", "of the pool's cpus (default: the module's; a prediction's: 1)", kWhen},
      {"--gpus", "", "N", "of the pool's gpus, told by CUDA_VISIBLE_DEVICES (default: 0)", kWhen},
      {"--time-limit", "", "D", "end it after this time of running: ERRORED, time_limit", kWhen},
      {"--retries", "", "N", "try again so often when it fails (default: 0)", kWhen},
      {"--retry-delay", "", "D", "wait so long before each retry (default: 0)", kWhen},
      {"--env", "", "NAME=VALUE", "a variable of its environment", kWhen, true},
      {"--clean-env", "", "", "take PATH, HOME, the locale and the like from here, and no other variable",
       kWhen},
  };
}

std::pair<std::string, std::string> read_tag(const std::string& given) {
  const std::size_t equals = given.find('=');
  if (equals == std::string::npos || equals == 0)
    throw invalid_argument("--tag " + given + ": a tag is given as NAME=VALUE");
  return {given.substr(0, equals), given.substr(equals + 1)};
}

namespace {

// The arguments, for people to see; values of the environment are nobody's business.
Value shown_command(const std::vector<std::string>& line) {
  constexpr std::string_view kOption = "--env";
  const auto without_value = [](const std::string& entry) {
    return entry.substr(0, entry.find('=')) + "=...";
  };
  Value shown = Value::array();
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool joined = starts_with(line[i], "--env=");
    if (joined)
      shown.push_back("--env=" + without_value(line[i].substr(kOption.size() + 1)));
    else
      shown.push_back(i > 0 && line[i - 1] == kOption ? without_value(line[i]) : line[i]);
  }
  return shown;
}

void read_schedule(const Invocation& invocation, JobOptions& options) {
  constexpr long long kMost = 1'000'000;
  const auto number = [&](const char* option, long long least) {
    const auto given = invocation.number(option, least, kMost);
    return given ? std::optional(static_cast<int>(*given)) : std::nullopt;
  };
  options.cpus = number("--cpus", 1);
  options.gpus = number("--gpus", 0).value_or(0);
  options.priority = number("--priority", -kMost).value_or(0);
  options.retries = number("--retries", 0).value_or(0);
  options.time_limit = invocation.duration("--time-limit");
  options.retry_delay = invocation.duration("--retry-delay").value_or(Duration(0));
  if (invocation.has("--retry-delay") && options.retries == 0)
    throw invalid_argument("--retry-delay is about retries: add --retries N, or leave it out");
  options.after = invocation.values("--after");
}

}  // namespace

JobOptions read_job_options(const Invocation& invocation) {
  JobOptions options;
  if (invocation.has("--id")) options.external_id = invocation.value("--id");
  if (const auto text = invocation.value("--if-exists")) {
    const auto known = if_exists_from(*text);
    if (!known)
      throw invalid_argument("--if-exists is fail, attach, reuse or replace, not \"" + *text + "\"" +
                             did_you_mean(*text, {"fail", "attach", "reuse", "replace"}));
    if (!options.external_id)
      throw invalid_argument("--if-exists is about jobs of one external id: add --id, or leave it out");
    options.if_exists = *known;
  }
  options.command = shown_command(invocation.line);
  read_schedule(invocation, options);
  for (const std::string& given : invocation.values("--tag")) options.tags.push_back(read_tag(given));
  options.group = invocation.value_or("--group", "");
  options.on_finish = invocation.value_or("--on-finish", "");
  options.environment = invocation.values("--env");
  options.clean_environment = invocation.has("--clean-env");
  return options;
}

}  // namespace ostler
