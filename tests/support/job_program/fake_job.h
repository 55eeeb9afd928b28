#pragma once

// A job for the stand-in of ostler-job: `what` is how its work behaves (main.cc).

#include "lib/base/strings.h"
#include "lib/jobs/job_spec.h"

namespace ostler {

inline JobSpec fake_job(const std::string& what, const std::string& directory) {
  JobSpec spec;
  spec.uuid = make_uuid4();
  spec.id = hash_instance_name("default") + ":" + spec.uuid;
  spec.instance = "default";
  spec.module.module_id = "7d9bf0a5-6a0f-4a8b-b0a3-2f5d51f6b1d1";
  spec.module.name = "fake";
  spec.module.version = "1.0.0";
  spec.module.file = "/nowhere/fake.so";
  spec.module.input = "table";
  spec.parameters = Value::object({{"do", what}});
  spec.save_path = directory + "/models/m";
  spec.working_directory = directory;
  spec.submission_time = Clock::system().now();
  spec.cancel_grace = std::chrono::milliseconds(300);
  return spec;
}

}  // namespace ostler
