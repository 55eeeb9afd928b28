// spec.json. For any bytes: a JobSpec or an Error; a JobSpec that is written is read back the same, and can
// be put into a job's row.

#include "lib/jobs/job_store.h"
#include "tests/fuzz/fuzz.h"

using namespace ostler;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const auto value = fuzz::attempt([&] { return parse_json(text, "spec.json"); });
  if (!value) return 0;
  const std::string json = to_json(*value);
  fuzz::promise(to_json(parse_json(json, "again.json")) == json, "JSON is read back as it was written");
  fuzz::promise(to_json(parse_json(to_json(*value, true), "again.json")) == json,
                "indented JSON is the same");
  const auto spec = fuzz::attempt([&] { return job_spec_from(*value); });
  if (!spec) return 0;
  const std::string written = to_json(to_value(*spec));
  const std::string again = to_json(to_value(job_spec_from(parse_json(written, "again.json"))));
  fuzz::promise(again == written,
                "a specification is read back as it was written:\n" + written + "\n" + again);
  to_json(details_of(*spec));
  return 0;
}
