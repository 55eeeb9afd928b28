#pragma once

// The job engine as the layers above see it: submit, look, wait, cancel, list. The protocol behind it, and
// which file is written in which order, is described in lib/jobs/README.md.
//
// An engine opens the store at its first use, not when it is made, so that commands that need no job pay
// nothing. Thread-safe. Errors: not_found (no such job, naming the store), already_exists (an active job has
// that external id), failed_precondition (the store is locked, of a newer version, on a network file system),
// data_loss (it is damaged or missing: repair.h), resource_exhausted (disk full), permission_denied.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/clock.h"
#include "lib/core/job.h"
#include "lib/jobs/job_spec.h"
#include "lib/jobs/pool.h"
#include "lib/jobs/store_check.h"

namespace ostler {

struct JobSelector {
  std::vector<JobStatus> statuses;  // empty: all
  std::optional<JobKind> kind;
  std::optional<std::string> module_name, group;
  std::vector<std::pair<std::string, std::string>> tags;  // all of them
  std::optional<Time> since, until;                       // submission time
  std::optional<Time> ended_before;                       // completion time
  std::optional<std::string> save_path;                   // absolute, as in JobInfo
  std::optional<std::int64_t> limit;                      // of finished ones; none: all
  // Only what a table of jobs shows: of a terminal job the snapshots have no errors, parameters, tags, data,
  // command, module id and version, working directory, log, result and figures of the process. Many times
  // faster over many jobs.
  bool brief = false;
  // The order of those that have ended, and so which of them `limit` lets through; else the newest first.
  // `by`: metric.NAME, param.NAME, tag.NAME, or one of the times, duration, status, module, priority. Jobs
  // that have no such thing are last.
  struct Sort {
    std::string by;
    bool descending = false;
  };
  std::optional<Sort> sort;
};

struct JobList {
  std::vector<JobInfo> jobs;    // active ones first in their order, then finished ones, newest first
  std::int64_t total = 0;       // how many the selector matches
  int queued = 0, running = 0;  // in the whole store
};

class JobEngine {
 public:
  struct Options {
    std::string home;         // the store's directory; made with mode 0700 by the first submit
    std::string job_program;  // absolute path of ostler-job
    int cpus = 0;             // the pool; 0: the machine's cores
    const Clock* clock = &Clock::system();
    std::optional<std::vector<int>> gpus = {};  // the pool; none: those of the machine
  };
  explicit JobEngine(Options options);
  ~JobEngine();
  JobEngine(const JobEngine&) = delete;
  JobEngine& operator=(const JobEngine&) = delete;

  // What a job reads beside its specification.
  struct Attachments {
    std::vector<std::string> environment;  // "K=V"
    int standard_input = -1;               // >= 0: copied to the job's `input` file
    std::vector<CodeFile> code = {};       // copied below the job's `code`
  };
  // Writes the job down durably (QUEUED) and then starts a runner when there is room. `spec.uuid` and
  // `spec.id` are set by the caller (make_uuid4). Gives the job's uuid, or that of an earlier one which
  // stands for it (IfExists); then nothing was written, and standard input not read to its end. With
  // IfExists::replace the active job is canceled once all that can fail is done, and its end waited for. On
  // an Error nothing is left.
  std::string submit(const JobSpec& spec, const Attachments& attachments,
                     IfExists if_exists = IfExists::fail);

  // The uuid of the job that `text` means: exact id, exact external id (its newest run),
  // prefix of at least four characters of a uuid. Errors: invalid_argument when empty, not_found,
  // invalid_argument when a prefix is ambiguous (naming the candidates).
  std::string resolve(const std::string& text);

  // Looks, settles what has died, and tells. `uuid` is one that resolve gave.
  JobInfo get_info(const std::string& uuid);
  JobList list(const JobSelector& selector);
  // What the rows say, for completions: jobs of the selector's statuses and kind whose external id (these
  // come first), uuid or id begins with `text`, the newest first, at most `limit`. `external_id` is given
  // with the newest run of it alone. Nothing is settled, purged or made, nobody waited for; where there is no
  // store that can be read so, none.
  std::vector<JobInfo> peek(const std::string& text, const JobSelector& selector, int limit) const;
  // All runs of an external id, newest first.
  std::vector<JobInfo> history(const std::string& external_id);
  std::string job_directory(const std::string& uuid) const;
  JobSpec read_spec(const std::string& uuid) const;
  // Gives `sink` the job's log from `offset` on, without the hole of one that was capped, and returns where
  // it ended. A job that has printed nothing yet gives nothing.
  std::uint64_t read_log(const std::string& uuid, std::uint64_t offset,
                         const std::function<void(std::string_view)>& sink) const;

  // The learning curve so far: a list of {"done": 12, "metrics": {...}}, thinned out where it is long.
  Value learning_curve(const std::string& uuid) const;

  // Blocks until each is terminal, or the first with `Wait::any`; starts what stands in the queue. False when
  // `timeout` ran out. `on_look` is called after each look with the jobs' snapshots (for progress); it may
  // throw to end the waiting.
  enum class Wait { all, any };
  bool wait(const std::vector<std::string>& uuids, Wait mode, std::optional<Duration> timeout,
            const std::function<void(const std::vector<JobInfo>&)>& on_look = {});

  // Asks for the end and returns when it has come (nothing of the process tree left), with what became of the
  // job. A job that had ended is returned as it is. With a `timeout` that runs out: the snapshot then, not
  // terminal.
  JobInfo cancel(const std::string& uuid, std::optional<Duration> timeout = {});

  // Forgets jobs that have ended: their rows, directories, logs and results, and the models of trainers that
  // are configured to delete_saved_models (purge.h). By selector: the oldest submits first, at most `limit`;
  // `sink` gets each job once it is gone. By uuid: nothing, and nothing done, while the job has not ended, or
  // while one that has not ended waits for it; such a one stays also where a selector matches it. `dry_run`
  // only tells.
  void prune(const JobSelector& selector, bool dry_run, const std::function<void(const JobInfo&)>& sink);
  std::optional<JobInfo> prune(const std::string& uuid, bool dry_run);

  // Settles what has died, and starts a runner when a job is eligible and there is room: gives its uuid.
  std::optional<std::string> dispatch();

  // What is to be said of the store, which stays as it is (store_check.h), and what can be mended, mended; in
  // sentences (repair.h).
  std::vector<Finding> examine() const;
  std::vector<std::string> repair();

  const std::string& home() const;
  const Pool& pool() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// The body of `ostler-job run`: takes queued jobs, one after the other. Returns the process's exit code; does
// not return when it execs itself for the next job.
// `pool`: that of the one who asked for the runner. A runner that was just launched calls leave_parent()
// before.
int run_runner(const std::string& home, const std::string& job_program, const Pool& pool = {});

}  // namespace ostler
