#include "lib/jobs/job_directory.h"

#include <doctest/doctest.h>

#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/base/strings.h"
#include "lib/jobs/outcome_writer.h"

using namespace ostler;

namespace {

JobPaths fresh() {
  const std::string directory = working_directory() + "/" + make_uuid4();
  make_directories(directory);
  return JobPaths(directory);
}

}  // namespace

TEST_CASE("the newest event of each kind is found, torn and foreign lines are passed over") {
  const JobPaths paths = fresh();
  CHECK(read_last_events(paths.events).done.is_null());
  append_event(paths.events, Value::object({{"event", "progress"}, {"done", 1}}));
  append_event(paths.events, Value::object({{"event", "progress"}, {"done", 2}}));
  append_event(paths.events, Value::object({{"event", "metrics"}, {"metrics", Value::object({{"a", 0.5}})}}));
  append_event(paths.events, Value::object({{"event", "done"}, {"result", "/x"}}));
  LastEvents last = read_last_events(paths.events);
  CHECK(last.progress.get_number("done") == 2);
  CHECK(last.metrics.at("metrics").get_number("a") == 0.5);
  CHECK(last.done_is_last);

  std::string text = read_file(paths.events);
  write_file(paths.events, text + "{\"event\":\"progr", Sync::no);  // the disk was full
  CHECK(read_last_events(paths.events).done_is_last);
  append_event(paths.events, Value::object({{"event", "error"}, {"message", "disk full"}}));
  last = read_last_events(paths.events);
  CHECK(last.error.get_string("message") == "disk full");
  CHECK_FALSE(last.done_is_last);

  write_file(paths.events, "no json\n[1]\n\"text\"\n{\"event\":7}\n{\"event\":\"done\"}\n\n", Sync::no);
  CHECK(read_last_events(paths.events).done_is_last);
}

TEST_CASE("only the end of a long events file is read") {
  const JobPaths paths = fresh();
  std::string text = "{\"event\":\"metrics\",\"metrics\":{}}\n";
  for (int i = 0; i < 20'000; ++i) text += "{\"event\":\"progress\",\"done\":" + std::to_string(i) + "}\n";
  write_file(paths.events, text, Sync::no);
  const LastEvents last = read_last_events(paths.events);
  CHECK(last.progress.get_number("done") == 19'999);
  CHECK(last.metrics.is_null());
}

TEST_CASE("a message is cut between characters, so that the job's end can be told") {
  const JobPaths paths = fresh();
  std::string message = "x";
  for (int i = 0; i < 100'000; ++i) message += "é";
  append_event(paths.events, Value::object({{"event", "error"}, {"message", message}}));
  const std::string cut = read_last_events(paths.events).error.get_string("message");
  CHECK(cut.size() < 17'000);
  CHECK(ends_with(cut, " [cut]"));
  CHECK(find_invalid_utf8(cut) == std::string::npos);
}

TEST_CASE("an outcome reads back as it was written, and the first one stays") {
  const JobPaths paths = fresh();
  Outcome outcome;
  outcome.status = JobStatus::ERRORED;
  outcome.reason = JobReason::signal;
  outcome.errors = {"a\nb", "ü"};
  outcome.attempt = 2;
  outcome.start_time = *parse_time("2026-11-22T09:30:00.123456Z");
  outcome.completion_time = *parse_time("2026-11-22T09:30:01Z");
  outcome.signal = 9;
  outcome.cpu_seconds = 1.5;
  outcome.max_rss_bytes = 1LL << 40;
  outcome.metrics = Value::object({{"accuracy", 0.5}});
  outcome.host = "here";
  CHECK_FALSE(read_outcome(paths));
  {
    OutcomeWriter writer(paths);
    CHECK(writer.write(outcome));
  }
  const auto back = read_outcome(paths);
  REQUIRE(back);
  CHECK(to_value(*back) == to_value(outcome));
  Outcome late;
  late.status = JobStatus::COMPLETED;
  {
    OutcomeWriter writer(paths);
    CHECK_FALSE(writer.write(late));
  }
  CHECK(read_outcome(paths)->status == JobStatus::ERRORED);
  CHECK(list_directory(paths.directory) == std::vector<std::string>{"outcome.json"});
}

TEST_CASE("a damaged outcome is an error that names the file, one of later reasons is not") {
  const JobPaths paths = fresh();
  for (const char* text :
       {"", "{", "[]", "{\"status\":\"RUNNING\"}", "{\"status\":\"DONE\"}", "{\"status\":1}"}) {
    write_file(paths.outcome, text, Sync::no);
    CHECK_THROWS_AS(read_outcome(paths), Error);
  }
  write_file(paths.outcome, R"({"status":"ERRORED","reason":"eclipse","new":1})", Sync::no);
  CHECK(read_outcome(paths)->reason == JobReason::none);
}

TEST_CASE("what is staged lies beside its target and names its job") {
  CHECK(staged_path("/a/b/m", "u") == "/a/b/.m.ostler-u");
  CHECK(staged_path("/m", "u") == "/.m.ostler-u");
}

TEST_CASE("private files are gone after the wipe") {
  const JobPaths paths = fresh();
  write_file(paths.environment, std::string("SECRET=1\0", 9), Sync::no);
  write_file(paths.input, "rows", Sync::no);
  wipe_private_files(paths);
  CHECK(list_directory(paths.directory).empty());
  wipe_private_files(paths);  // nothing to do is no failure
}
