// Ids and names. For any text: a uuid, a plain component of a path and an external id are what a second look
// here says; an instance's name comes back from its hash; and JobEngine::resolve, over a store with a few
// jobs, means the job that its header says, or is an Error. Text that is no id never finds a job.

#include <algorithm>

#include "lib/base/uuid5.h"
#include "lib/jobs/job_engine.h"
#include "lib/jobs/job_store.h"
#include "lib/model_management/submission.h"
#include "tests/fuzz/fuzz.h"

using namespace ostler;

namespace {

struct Job {
  const char* uuid;
  const char* instance;
  const char* external_id;  // null: none
};
// Two share the first six digits; an external id is the prefix of another job's uuid, one looks like an id.
constexpr Job kJobs[] = {{"0a1b2c3d-0000-4000-8000-000000000001", "default", nullptr},
                         {"0a1b2cff-0000-4000-8000-000000000002", "default", "nightly"},
                         {"beefbeef-0000-4000-8000-000000000003", "big:one", nullptr},
                         {"cafe0123-0000-4000-8000-000000000004", "default", "beef"},
                         {"cafe4567-0000-4000-8000-000000000005", "", "wTHxlsu:nightly"}};

class Store {
 public:
  Store() : engine_({directory_.path() + "/home", "/nowhere", 1}) {
    const auto store = JobStore::open_or_create(engine_.home(), Database::Checkpoints::no);
    for (const Job& job : kJobs) {
      JobSpec spec;
      spec.uuid = job.uuid;
      spec.instance = job.instance;
      if (job.external_id != nullptr) spec.external_id = job.external_id;
      spec.id = spec.external_id.value_or(hash_instance_name(spec.instance) + ":" + spec.uuid);
      store->insert(spec);
    }
  }
  JobEngine& engine() { return engine_; }

 private:
  fuzz::Directory directory_;
  JobEngine engine_;
};

// The uuid; nothing where it is an Error.
std::optional<std::string> meant(std::string_view text) {
  for (const Job& job : kJobs) {
    const std::string id = hash_instance_name(job.instance) + ":" + job.uuid;
    if (text == job.uuid || text == id) return job.uuid;
  }
  for (const Job& job : kJobs)
    if (job.external_id != nullptr && text == job.external_id) return job.uuid;
  std::vector<std::string> found;
  for (const Job& job : kJobs)
    if (text.size() >= 4 && starts_with(job.uuid, text)) found.emplace_back(job.uuid);
  return found.size() == 1 ? std::optional(found[0]) : std::nullopt;
}

bool looks_like_uuid(std::string_view text) {
  constexpr std::string_view kForm = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  return std::equal(text.begin(), text.end(), kForm.begin(), kForm.end(), [](char c, char form) {
    return form == '-' ? c == '-' : std::string_view("0123456789abcdef").find(c) != std::string_view::npos;
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(fuzz::text_of(data, size));
  fuzz::promise(is_uuid(text) == looks_like_uuid(text), "a uuid is 36 characters of one form");
  fuzz::promise(unhash_instance_name(hash_instance_name(text)) == text, "a name comes back from its hash");
  fuzz::promise(hash_instance_name(unhash_instance_name(text)) == text, "a hash comes back from its name");
  fuzz::promise(is_uuid(make_uuid5("13d563df-78b8-4a0e-a665-a877a6d43045", text)), "any name has a uuid");
  if (is_path_component(text))
    fuzz::promise(!text.empty() && text.size() < 256 && absolute_path(text, "/a") == "/a/" + text,
                  "a component of a path leads nowhere else");
  if (fuzz::attempt([&] { return check_external_id(text), true; }))
    fuzz::promise(is_path_component(text) && text.size() <= 200 && !is_uuid(text) &&
                      find_invalid_utf8(text) == std::string::npos &&
                      std::none_of(text.begin(), text.end(), [](char c) { return c == '\n' || c == '\0'; }),
                  "an external id is one line, and no uuid");

  static Store store;
  const auto uuid = fuzz::attempt([&] { return store.engine().resolve(text); });
  fuzz::promise(uuid == meant(text),
                "an id means " + meant(text).value_or("no job") + ", not " + uuid.value_or("no job"));
  return 0;
}
