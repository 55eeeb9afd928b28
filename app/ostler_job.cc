// ostler-job: the program behind every background job. People do not call it; ostler does.
//
//   ostler-job run  --home DIR [--cpus N] [--gpus 0,1] [--leave-parent yes]
//                           the runner: takes queued jobs one after the other and supervises their work
//   ostler-job work JOBDIR  the work of one job, started by the runner
//   ostler-job compare JOBDIR  whether the model that a training has staged is better than the one that is
//                           at its place, for --keep-best; started by the runner, too
//   ostler-job finish JOBDIR  becomes the command that is to be run after the job's end
//   ostler-job exec PID PROGRAM...  becomes a program that dies with its parent
//   ostler-job open MANIFEST  opens a module's library and ends: whether it can be, for ostler doctor
//   ostler-job serve        a module in a process of its own, for the backend PROCESS
//
// run never opens a module's library: what a library does to its process happens to the work alone.

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "lib/base/end_signals.h"
#include "lib/base/error.h"
#include "lib/base/install.h"
#include "lib/base/process.h"
#include "lib/base/strings.h"
#include "lib/jobs/job_directory.h"
#include "lib/jobs/job_engine.h"
#include "lib/jobs/on_finish.h"
#include "lib/jobs/work_process.h"
#include "lib/manager/compare.h"
#include "lib/manager/plugin_catalog.h"
#include "lib/manager/worker.h"
#include "lib/modules/command/program.h"
#include "lib/modules/command/remote_module.h"

namespace {

using namespace ostler;

int work(const std::string& job_directory) {
  try {
    if (!enter_job(job_directory)) return 1;
  } catch (const Error& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    append_event(JobPaths(job_directory).events, Value::object({{"event", "error"},
                                                                {"code", status_code_name(error.code())},
                                                                {"reason", "user"},
                                                                {"message", error.what()}}));
    return 1;
  }
  let_groups_end_first();
  return run_worker(job_directory);
}

// Whatever the library does to its process, one that hangs included, is told by how this one ends.
int open_library(const std::string& manifest) {
  ::alarm(30);
  const char* trusted = ::getenv("OSTLER_TRUST");
  open_module(load_module_manifest(manifest), kLocalBackend, trusted == nullptr ? "" : trusted);
  return 0;
}

int usage() {
  std::fprintf(stderr, "ostler-job is part of ostler %s and is started by it; see ostler --help\n",
               version().c_str());
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  try {
    if (arguments.size() == 2 && arguments[0] == "work") return work(arguments[1]);
    if (arguments.size() == 2 && arguments[0] == "compare")
      return enter_job(arguments[1]) ? run_compare(arguments[1]) : 1;
    if (arguments.size() == 2 && arguments[0] == "finish") return become_on_finish(arguments[1]);
    if (arguments.size() == 2 && arguments[0] == "open") return open_library(arguments[1]);
    if (arguments.size() > 2 && arguments[0] == "exec")
      return exec_program({arguments.begin() + 1, arguments.end()});
    if (arguments.size() == 1 && arguments[0] == "serve")
      return serve_module(
          [](const ModuleManifest& manifest) -> const ModuleClass& { return open_module(manifest); });
    std::string home;
    Pool pool;
    bool launched = false;
    for (std::size_t i = 1; i + 1 < arguments.size(); i += 2) {
      if (arguments[i] == "--home")
        home = arguments[i + 1];
      else if (arguments[i] == "--cpus")
        pool.cpus = static_cast<int>(parse_integer(arguments[i + 1]).value_or(0));
      else if (arguments[i] == "--gpus")
        pool.gpus = gpus_from(arguments[i + 1]);
      else if (arguments[i] == "--leave-parent")
        launched = arguments[i + 1] == "yes";
      else
        return usage();
    }
    if (home.empty() || arguments.size() % 2 == 0) return usage();
    if (arguments[0] != "run") return usage();
    if (launched) leave_parent();
    return run_runner(home, job_program_path(), pool);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ostler-job: %s\n", error.what());
    return 1;
  }
}
