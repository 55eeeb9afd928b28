// ostler status [ID...]: looks, and settles what has died; starts nothing.

#include <fmt/format.h>

#include <algorithm>

#include "commands/interrupt.h"
#include "commands/job_fields.h"
#include "commands/jobs.h"
#include "commands/output.h"
#include "commands/selectors.h"

namespace ostler {

namespace {

constexpr std::int64_t kDefaultFinished = 20;

// A document of many jobs is costly: it is made only where it is printed.
bool is_structured(const Invocation& invocation) { return invocation.json() || invocation.has("--format"); }

std::vector<JobInfo> named_jobs(const Invocation& invocation, const std::vector<std::string>& ids) {
  JobEngine& engine = invocation.manager().jobs();
  std::vector<JobInfo> jobs;
  if (ids.empty()) return jobs;
  for (const std::string& uuid : choose_jobs(invocation, ids)) {
    JobInfo info = engine.get_info(uuid);
    if (invocation.has("--history") && info.external_id) {
      std::vector<JobInfo> runs = engine.history(*info.external_id);
      std::move(runs.begin(), runs.end(), std::back_inserter(jobs));
    } else {
      jobs.push_back(std::move(info));
    }
  }
  return jobs;
}

// Of --columns, and of --csv without it.
std::vector<JobField> read_fields(const Invocation& invocation) {
  const bool csv = invocation.has("--csv");
  if (const auto columns = invocation.value("--columns")) {
    if (is_structured(invocation))
      throw invalid_argument("--columns is for tables: leave it out, or --json and --format");
    return parse_job_fields(*columns, "--columns");
  }
  if (csv && is_structured(invocation))
    throw invalid_argument("--csv, --json and --format exclude each other");
  if (!csv) return {};
  return parse_job_fields(
      "uuid,external_id,status,reason,kind,module.name,submission_time,duration,save_path,metrics", "--csv");
}

int code_of(const Invocation& invocation, const std::vector<JobInfo>& jobs) {
  if (!invocation.has("--exit-status")) return 0;
  for (const JobInfo& info : jobs)
    if (const int code = exit_code_of(info); code != 0) return code;
  return 0;
}

// Those that the selectors choose.
JobList chosen_jobs(const Invocation& invocation, const std::vector<JobField>& fields) {
  JobSelector selector = read_selector(invocation, kDefaultFinished);
  selector.brief = !is_structured(invocation) && fields.empty() && !invocation.has("--sort");
  if (const auto by = invocation.value("--sort"))
    selector.sort = read_sort(*by, invocation.has("--reverse"));
  else if (invocation.has("--reverse"))
    throw invalid_argument("--reverse turns --sort round: add --sort FIELD, or leave it out");
  JobList list = invocation.manager().jobs().list(selector);
  if (selector.sort) sort_jobs(list.jobs, *selector.sort);
  return list;
}

void refuse_sorting(const Invocation& invocation) {
  for (const char* option : {"--sort", "--reverse"})
    if (invocation.has(option))
      throw invalid_argument(std::string(option) +
                             " is for lists: leave out the ids, or choose jobs by what they are");
}

// Takes out the ids of jobs that there are not, where there are others, and gives what is wrong with each.
std::vector<std::string> take_unknown(const Invocation& invocation, std::vector<std::string>& ids) {
  std::vector<std::string> known, faults;
  for (const std::string& id : ids) try {
      invocation.manager().jobs().resolve(id);
      known.push_back(id);
    } catch (const Error& error) {
      if (error.code() != StatusCode::not_found || ids.size() == 1) throw;
      faults.emplace_back(error.what());
    }
  ids = known;
  return faults;
}

int show_named(const Invocation& invocation, std::vector<std::string> ids) {
  const std::vector<std::string> faults = take_unknown(invocation, ids);
  const std::vector<JobInfo> jobs = named_jobs(invocation, ids);
  const bool all_about_one = jobs.size() == 1 && faults.empty() && !invocation.has("--history");
  const std::vector<JobField> fields = read_fields(invocation);
  if (jobs.empty() && !invocation.json()) {
    // There is nothing to show but what is wrong.
  } else if (is_structured(invocation)) {
    Value document = jobs_document(jobs, static_cast<std::int64_t>(jobs.size()));
    if (all_about_one)
      document["jobs"].as_array()[0]["learning_curve"] =
          invocation.manager().jobs().learning_curve(jobs[0].uuid);
    print_structured(invocation, document, "jobs");
  } else if (!fields.empty())
    print(invocation.has("--csv") ? fields_csv(jobs, fields) : fields_table(jobs, fields));
  else if (!all_about_one)
    print(job_table(jobs, stdout_is_coloured(invocation)));
  else if (stdout_is_terminal())
    print(job_page(jobs[0], invocation.manager().jobs().learning_curve(jobs[0].uuid),
                   stdout_is_coloured(invocation)));
  else
    print(job_details(jobs[0]));
  for (const std::string& fault : faults) say("error: " + printable(fault));
  return faults.empty() ? code_of(invocation, jobs) : 3;
}

// "1 RUNNING, 2 QUEUED, 20 COMPLETED"
std::string counts_of(const std::vector<JobInfo>& jobs) {
  std::vector<std::string> words;
  for (const JobStatus status : {JobStatus::RUNNING, JobStatus::QUEUED, JobStatus::COMPLETED,
                                 JobStatus::CANCELED, JobStatus::ERRORED}) {
    const auto count =
        std::count_if(jobs.begin(), jobs.end(), [&](const JobInfo& info) { return info.status == status; });
    if (count > 0) words.push_back(fmt::format("{} {}", count, job_status_name(status)));
  }
  return words.empty() ? "no jobs" : join(words, ", ");
}

// A table of the jobs below what there is of them; the last of them where it is too long for the screen are
// counted.
std::vector<std::string> page_of(const std::vector<JobInfo>& jobs, const std::string& table, bool in_colour) {
  const std::string heading = counts_of(jobs) + "; q quits";
  std::vector<std::string> lines = {in_colour ? coloured(heading, Colour::bold) : heading, ""};
  for (std::string& line : split(table, '\n'))
    if (!line.empty()) lines.push_back(std::move(line));
  const std::size_t rows = terminal_size(1).rows;
  if (lines.size() > rows && rows > 3) {
    const std::size_t hidden = lines.size() - rows + 1;
    lines.resize(rows - 1);
    lines.push_back(fmt::format("and {} more", hidden));
  }
  return lines;
}

// --watch: until q, Ctrl-C, or the end of all jobs that were named.
int watch(const Invocation& invocation, const std::vector<std::string>& ids) {
  for (const char* option : {"--json", "--format", "--csv"})
    if (invocation.has(option))
      throw invalid_argument(std::string("--watch draws for people: leave it out, or ") + option);
  if (!is_live_terminal(1))
    throw invalid_argument(
        "--watch draws on a terminal, and standard output is none that can be drawn on; ostler wait ID waits "
        "for a job's end, and ostler status --json tells how things stand");
  const std::vector<JobField> fields = read_fields(invocation);
  const bool in_colour = stdout_is_coloured(invocation);
  const auto look = [&] {
    return ids.empty() ? chosen_jobs(invocation, fields).jobs : named_jobs(invocation, ids);
  };
  std::vector<JobInfo> jobs = look();  // what fails does so before the screen is taken
  const auto table = [&] {
    if (jobs.empty()) return std::string();
    return fields.empty() ? job_table(jobs, in_colour) : fields_table(jobs, fields);
  };
  {
    InterruptGuard interrupt;
    Screen screen;
    const auto has_ended = [](const JobInfo& info) { return is_terminal(info.status); };
    while (ids.empty() || !std::all_of(jobs.begin(), jobs.end(), has_ended)) {
      screen.draw(page_of(jobs, table(), in_colour));
      const char key = screen.key(1000);
      if (interrupt.terminated()) return 130;
      if (key == 'q' || key == 'Q' || key == Screen::kEnd || interrupt.count() > 0) return 0;
      jobs = look();
    }
  }
  print(table());
  return code_of(invocation, jobs);
}

int run(const Invocation& invocation) {
  const std::vector<std::string>& ids = invocation.arguments[0];
  if (!ids.empty()) refuse_sorting(invocation);
  if (ids.empty())
    for (const char* option : {"--exit-status", "--history"})
      if (invocation.has(option))
        throw invalid_argument(std::string(option) + " needs an id: ostler status " + option + " ID");
  if (invocation.has("--watch")) return watch(invocation, ids);
  if (!ids.empty()) return show_named(invocation, ids);
  const std::vector<JobField> fields = read_fields(invocation);
  const JobList list = chosen_jobs(invocation, fields);
  const auto shown = static_cast<std::int64_t>(list.jobs.size());
  if (is_structured(invocation))
    print_structured(invocation, jobs_document(list.jobs, list.total), "jobs");
  else if (!fields.empty())
    print(invocation.has("--csv") ? fields_csv(list.jobs, fields) : fields_table(list.jobs, fields));
  else if (!list.jobs.empty())
    print(job_table(list.jobs, stdout_is_coloured(invocation)));
  else if (!invocation.quiet())
    say(has_selector(invocation) ? no_job_matches(invocation)
                                 : "no jobs yet in " + invocation.manager().jobs().home());
  if (list.jobs.empty()) note_sudo(invocation);
  if (shown < list.total && !invocation.quiet())
    say(fmt::format("{} of {} jobs are shown; -n 0 shows all", shown, list.total));
  // A job that was submitted just now has a runner on its way. One from the future tells of a clock that was
  // set back.
  const Time now = Clock::system().now(), young = now - std::chrono::seconds(3);
  const bool stands = std::any_of(list.jobs.begin(), list.jobs.end(), [&](const JobInfo& info) {
    return info.status == JobStatus::QUEUED && (info.submission_time < young || info.submission_time > now);
  });
  if (stands && list.running == 0 && !invocation.quiet())
    say(fmt::format("{} queued, none running: ostler dispatch", list.queued));
  return 0;
}

}  // namespace

CommandSpec status_command() {
  CommandSpec command;
  command.name = "status";
  command.summary = "Show jobs: the active ones and the newest finished ones, or everything about one";
  command.usage = "ostler status [ID...]";
  command.examples = {"ostler status",
                      "ostler status \"$id\"",
                      "ostler status \"$id\" --format '{status}'",
                      "ostler status --watch",
                      "ostler status --json -n 0",
                      "ostler status --sort metric.auc --columns short_id,param.eta,metric.auc"};
  command.arguments = {{"ID", "a job's id, external id, or the first characters of its uuid", 0, -1}};
  command.options =
      std::vector<OptionSpec>{
          {"--exit-status", "", "", "exit with the job's code (0, 4, 5, 6, 7)", "Options"},
          {"--watch", "", "", "draw them again as they change, until q or the end of those that are named",
           "Options"},
          {"--history", "", "", "all runs of the external id, the newest first", "Options"},
          {"--sort", "", "FIELD",
           "by metric.NAME (the best first), param.NAME, tag.NAME, submission_time, duration, ...",
           "Options"},
          {"--reverse", "", "", "turn --sort round", "Options"},
          {"--columns", "", "FIELD,...", "only these: id, status, param.eta, metric.auc, duration, ...",
           "Options"},
          {"--csv", "", "", "as CSV, to the last digit", "Options"}} +
      selector_options();
  command.notes =
      "Without -n the active jobs and the newest 20 that have ended; -n counts those that have ended.\n"
      "Of several ids those that there are are shown, and exit 3 tells of one that there is not.\n"
      "Exits 0 whenever it could answer. It starts nothing: queued jobs are started by ostler dispatch.";
  command.group = "Jobs";
  command.exit_codes = {3, 4, 5, 6, 7};
  command.run = run;
  return command;
}

}  // namespace ostler
