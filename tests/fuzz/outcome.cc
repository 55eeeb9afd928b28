// outcome.json. For any bytes: an Outcome or an Error, and never an Error for whoever decides what a job is;
// an Outcome that is written is read back the same; a job that has it can be shown.

#include "lib/jobs/job_info.h"
#include "tests/fuzz/fuzz.h"

using namespace ostler;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  static const fuzz::Directory directory;
  const JobPaths paths(directory.path());
  write_file(paths.outcome, text, Sync::no);
  const auto outcome = fuzz::attempt([&] { return *read_outcome(paths); });
  const Outcome found = *read_outcome_as_found(paths);
  fuzz::promise(is_terminal(found.status), "an outcome is an end");

  const Value written = to_value(found);
  const std::string json = to_json(written);
  if (outcome) fuzz::promise(to_json(to_value(*outcome)) == json, "a sound outcome is taken as it is");
  const std::string again = to_json(to_value(outcome_from(parse_json(json, "again.json"))));
  fuzz::promise(again == json, "an outcome is read back as it was written:\n" + json + "\n" + again);

  Verdict verdict;
  verdict.status = found.status;
  JobRow row;
  row.uuid = "0a1b2c3d-0000-4000-8000-000000000001";
  row.status = found.status;
  row.start_time = found.start_time;
  row.completion_time = found.completion_time;
  row.progress = found.progress;
  row.metrics = found.metrics;
  job_info(directory.path(), row, verdict, Time{});  // in a brief list
  row.details = Value::object();
  row.outcome = written;
  const JobInfo info = job_info(directory.path(), row, verdict, Time{});
  fuzz::promise(info.errors.size() == found.errors.size(), "a job tells the errors of its outcome");
  return 0;
}
