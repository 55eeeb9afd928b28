#include "lib/jobs/job_spec.h"

#include <doctest/doctest.h>

#include "lib/base/error.h"
#include "lib/base/files.h"
#include "tests/support/job_program/fake_job.h"

using namespace ostler;

TEST_CASE("a specification reads back as it was written") {
  JobSpec spec = fake_job("done", "/somewhere");
  spec.external_id = spec.id = "nightly";
  spec.kind = JobKind::predict;
  spec.data = {{"/d/a.csv", 12, 345}, {"-", 0, 0}};
  spec.data_format = "csv";
  spec.model = "/m";
  spec.model_as_given = "m";
  spec.predict = Value::object({{"output", "/o"}, {"top", 3}});
  spec.umask = 077;
  spec.rlimits = Value::object({{"nofile", Value::array({1024, Value()})}});
  spec.configuration = Value::object({{"load_path", "/models"}});
  spec.command = Value::array({"ostler", "predict"});
  spec.cpus = 3;
  spec.gpus = 1;
  spec.priority = -2;
  spec.max_concurrent = 4;
  spec.cancel_grace = std::chrono::milliseconds(1500);
  spec.tags = Value::object({{"team", "a"}});
  spec.group = "fan";
  spec.after = {make_uuid4(), make_uuid4()};
  spec.time_limit = std::chrono::minutes(90);
  spec.retries = 2;
  spec.retry_delay = std::chrono::milliseconds(2500);
  spec.max_requeues = 3;
  spec.on_finish = "echo \"$OSTLER_JOB_STATUS\"";
  const Value written = parse_json(to_json(to_value(spec)), "spec.json");
  const JobSpec back = job_spec_from(written);
  CHECK(to_value(back) == to_value(spec));
  CHECK(back.cancel_grace == spec.cancel_grace);
  CHECK(back.submission_time == spec.submission_time);
  CHECK(back.after == spec.after);
  CHECK(back.time_limit == spec.time_limit);
  CHECK(back.retry_delay == spec.retry_delay);
  CHECK(back.data.at(0).modified_ns == 345);
}

TEST_CASE("a newer format is refused by name, unknown keys are not") {
  Value value = to_value(fake_job("done", "/somewhere"));
  value["of_a_later_version"] = 1;
  CHECK_NOTHROW(job_spec_from(value));
  value["format"] = JobSpec::kFormat + 1;
  CHECK_THROWS_WITH(job_spec_from(value), doctest::Contains("newer ostler"));
}

TEST_CASE("a damaged specification is an error") {
  for (const char* text : {"", "{}", "[]", "{\"format\":\"x\"}", "{\"format\":1,\"uuid\":5}"}) {
    write_file("spec.json", text, Sync::no);
    CHECK_THROWS_AS(read_spec("spec.json"), Error);
  }
}
