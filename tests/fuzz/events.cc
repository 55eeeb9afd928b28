// The events file of a job. For any bytes, read at any time (the writer may die, the disk may be full): the
// last event of each kind, never an Error; the job's end and what is shown of a running job follow from them
// without one; events that are appended afterwards are found, whatever was there.

#include "lib/jobs/job_end.h"
#include "lib/jobs/job_info.h"
#include "lib/jobs/store_layout.h"
#include "tests/fuzz/fuzz.h"

using namespace ostler;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  static const fuzz::Directory home;
  JobRow row;
  row.uuid = "0a1b2c3d-0000-4000-8000-000000000001";
  row.status = JobStatus::RUNNING;
  row.start_time = Time(std::chrono::seconds(1'700'000'000));
  row.details = Value::object();
  const JobPaths paths(job_directory_path(home.path(), row.uuid));
  if (!is_directory(paths.directory)) make_directories(paths.directory);
  write_file(paths.events, text, Sync::no);

  const LastEvents events = read_last_events(paths.events);
  for (const int wait_status : {0, 1 << 8, 9}) {
    WorkEnd end{};
    end.wait_status = wait_status;
    const Outcome outcome = outcome_of(end, events);
    fuzz::promise(is_terminal(outcome.status), "work that has ended has an outcome");
    fuzz::promise(outcome.status != JobStatus::COMPLETED || (wait_status == 0 && events.done_is_last),
                  "only what said that it is done is COMPLETED");
    const std::string json = to_json(to_value(outcome));
    const std::string again = to_json(to_value(outcome_from(parse_json(json, "outcome.json"))));
    fuzz::promise(again == json, "an outcome is read back as it was written:\n" + json + "\n" + again);
  }
  Verdict verdict;
  verdict.status = JobStatus::RUNNING;
  const JobInfo info = job_info(home.path(), row, verdict, *row.start_time);
  fuzz::promise(info.progress.is_null() == events.progress.is_null(), "progress that is there is shown");

  append_event(paths.events, Value::object({{"event", "metrics"}, {"metrics", Value::object({{"a", 1}})}}));
  append_event(paths.events, Value::object({{"event", "done"}, {"result", "/r"}}));
  const LastEvents after = read_last_events(paths.events);
  fuzz::promise(after.done_is_last && after.done.get_string("result") == "/r", "the last event is found");
  fuzz::promise(after.metrics.find("metrics") != nullptr && after.metrics.at("metrics").size() == 1,
                "the one before it is found");
  return 0;
}
