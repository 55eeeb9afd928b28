#include "lib/jobs/job_engine.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/base/strings.h"
#include "lib/jobs/cancel.h"
#include "lib/jobs/dispatch.h"
#include "lib/jobs/job_info.h"
#include "lib/jobs/job_log.h"
#include "lib/jobs/local_executor.h"
#include "lib/jobs/purge.h"
#include "lib/jobs/repair.h"
#include "lib/jobs/settle.h"
#include "lib/jobs/store_layout.h"
#include "lib/jobs/submit.h"
#include "lib/jobs/test_point.h"
#include "lib/jobs/watch.h"

namespace ostler {

namespace {

// A look that finds something to settle does not keep its user waiting for a store that is locked.
constexpr Duration kLookPatience = std::chrono::seconds(2);
constexpr Duration kPatience = std::chrono::seconds(30);
// How often a wait looks though nothing was heard: a runner elsewhere in the queue may have been killed.
constexpr Duration kLookAgain = std::chrono::seconds(1);
// How long the row of a job that has ended may take to say so.
constexpr Duration kRowPatience = std::chrono::seconds(1);
constexpr std::int64_t kPruneAtOnce = 32;
constexpr std::size_t kShortestPrefix = 4;

// A runner has a working directory of its own.
JobEngine::Options with_absolute_paths(JobEngine::Options options) {
  options.home = absolute_path(options.home);
  options.job_program = absolute_path(options.job_program);
  return options;
}

// The verdict on a job, with its row once that says what the user may have seen already: a job that has died
// is settled, and one whose end is on record while its runner has yet to write the row is awaited.
struct Settled {
  Verdict verdict;
  JobRow row;
};
Settled settled_row(const JobContext& context, JobRow row) {
  const Duration began = context.clock.steady();
  for (;;) {
    Verdict verdict = look(context, row);
    const bool late = is_terminal(verdict.status) && !is_terminal(row.status);
    if (!late || context.clock.steady() - began > kRowPatience) return {std::move(verdict), std::move(row)};
    ::poll(nullptr, 0, 1);
    if (auto fresh = context.store.find(row.uuid)) row = std::move(*fresh);
  }
}

}  // namespace

class JobEngine::Impl {
 public:
  explicit Impl(Options options)
      : options_(with_absolute_paths(std::move(options))),
        pool_{options_.cpus, options_.gpus},
        executor_(options_.home, options_.job_program, pool_) {}

  const Options& options() const { return options_; }
  const Pool& pool() const { return pool_; }

  // Nothing where there is no store yet.
  std::optional<JobContext> existing() {
    const std::lock_guard guard(mutex_);
    if (!store_) store_ = JobStore::open(options_.home, Database::Checkpoints::no);
    if (!store_) return std::nullopt;
    return context();
  }

  JobContext created() {
    const std::lock_guard guard(mutex_);
    // Others of this program's threads may be using it.
    if (store_ && store_->database().was_moved()) replaced_.push_back(std::move(store_));
    if (!store_) store_ = JobStore::open_or_create(options_.home, Database::Checkpoints::no);
    prepare_home(options_.home);
    return context();
  }

  Error no_such_job(const std::string& text, const std::vector<std::string>& others = {}) const {
    return not_found(
        "there is no job " + text + " in the store " + options_.home + did_you_mean(text, others) +
        " (its place follows OSTLER_HOME and XDG_STATE_HOME, which a shell and cron may have different)");
  }

  void check_owner(const JobContext& context) const {
    if (!context.owner)
      throw Error(StatusCode::permission_denied,
                  "the job store " + options_.home + " is another user's; name one with --home");
  }

  // A database without jobs, beside jobs' directories, has lost them: its log, or a backup of it, was put in
  // its place. Twice, since a submit or a purge may be between its steps.
  void check_not_lost(const JobContext& context) const {
    for (int look = 0; look < 2; ++look)
      if (context.store.count({}) > 0 || !has_job_directories(options_.home)) return;
    throw Error(StatusCode::data_loss,
                "the job store " + options_.home +
                    " has jobs that its database does not know; ostler doctor --repair "
                    "gives them their rows again");
  }

  // True when no job is left whose retention is over. A store that is locked does not keep a look waiting.
  bool purge_expired(const JobContext& context) {
    context.store.database().set_patience(kLookPatience);
    const bool all = ostler::purge_expired(context);
    context.store.database().set_patience(kPatience);
    return all;
  }

  std::vector<std::string> repair() { return repair_store(options_.home, executor_, *options_.clock); }

  JobInfo info(const JobContext& context, JobRow row) {
    context.store.database().set_patience(kLookPatience);
    if (row.waiting_for > 0) {
      const auto fresh = [&] { return row = context.store.find(row.uuid).value_or(row); };
      // One of those that it waits for may have ended without its row's knowing, or one that those wait for.
      // Once the job is marked itself, the others are not this look's business.
      settle_marked(context, [&] { return !fresh().failed_dependency.empty(); });
      fresh();
    }
    const Verdict verdict = look(context, row);
    context.store.database().set_patience(kPatience);
    return job_info(options_.home, row, verdict, context.clock.now());
  }

  // A wait looks at many jobs at a time, and at the dead ones itself.
  enum class Dead { are_settled, are_left };
  JobInfo get_info(const std::string& uuid, Dead dead) {
    const auto context = existing();
    auto row = context ? context->store.find(uuid) : std::nullopt;
    if (!row) throw no_such_job(uuid);
    if (row->waiting_for > 0 && dead == Dead::are_settled) {
      // What it waits for may have ended without anybody's knowing, or just now, its row still to be written.
      context->store.database().set_patience(kLookPatience);
      for (const JobRow& running : context->store.running()) settled_row(*context, running);
    }
    return info(*context, std::move(*row));
  }

 private:
  JobContext context() {
    return {options_.home, *store_, executor_, *options_.clock, owns_store(options_.home)};
  }

  const Options options_;
  const Pool pool_;
  LocalExecutor executor_;
  std::mutex mutex_;
  std::unique_ptr<JobStore> store_;
  std::vector<std::unique_ptr<JobStore>> replaced_;
};

JobEngine::JobEngine(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
JobEngine::~JobEngine() = default;

const std::string& JobEngine::home() const { return impl_->options().home; }
const Pool& JobEngine::pool() const { return impl_->pool(); }

std::string JobEngine::job_directory(const std::string& uuid) const {
  return job_directory_path(home(), uuid);
}

JobSpec JobEngine::read_spec(const std::string& uuid) const {
  if (!ensure_job_directory(home(), uuid))
    throw Error(StatusCode::data_loss, "the directory " + job_directory(uuid) + " of the job is gone");
  return ostler::read_spec(JobPaths(job_directory(uuid)).spec);
}

std::string JobEngine::submit(const JobSpec& spec, const Attachments& attachments, IfExists if_exists) {
  if (!is_uuid(spec.uuid)) throw internal_error("a job's uuid is \"" + spec.uuid + "\"");
  if (spec.cpus < 1) throw invalid_argument("a job takes at least 1 cpu");
  if (const int cpus = pool_cpus(impl_->pool()); spec.cpus > cpus)
    throw invalid_argument("the job wants " + std::to_string(spec.cpus) + " cpus, but the pool has " +
                           std::to_string(cpus));
  if (spec.gpus > 0)
    if (const std::size_t gpus = pool_gpus(impl_->pool()).size(); static_cast<std::size_t>(spec.gpus) > gpus)
      throw invalid_argument("the job wants " + std::to_string(spec.gpus) + " gpus, but the pool has " +
                             std::to_string(gpus));
  const std::string& program = impl_->options().job_program;
  if (::access(program.c_str(), X_OK) != 0)
    throw Error(StatusCode::failed_precondition,
                "cannot run jobs: " + program + " is missing; install ostler again");
  const JobContext context = impl_->created();
  impl_->check_owner(context);
  impl_->purge_expired(context);
  if (spec.external_id) {
    if (auto row = context.store.newest_of(*spec.external_id)) {
      row = settled_row(context, *row).row;
      if (context.store.is_expired(row->uuid, context.clock.now()))
        purge(context, {row->uuid});
      else if (JobStore::standing(*row, spec, if_exists) == JobStore::Standing::instead)
        return row->uuid;
    }
  }
  if (const auto instead = write_job_down(context, spec, attachments, if_exists)) return *instead;
  // From here on the job is there; what fails now is made good by whoever looks next.
  try {
    sweep_staging(context);
    dispatch_jobs(context, impl_->pool());
  } catch (const Error&) {
  }
  test_point("submit:launched");
  return spec.uuid;
}

std::string JobEngine::resolve(const std::string& text) {
  if (text.empty()) throw invalid_argument("a job id is empty; is a shell variable unset?");
  const auto context = impl_->existing();
  if (!context) throw impl_->no_such_job(text);
  // One whose turn to be purged has not come yet is unknown all the same.
  const bool all_purged = impl_->purge_expired(*context);
  const auto is_gone = [&](const std::string& uuid) {
    return is_being_purged(home(), uuid) ||
           (!all_purged && context->store.is_expired(uuid, context->clock.now()));
  };
  // hash(instance):uuid, or the uuid alone.
  const std::string uuid = text.substr(text.rfind(':') + 1);
  if (is_uuid(uuid)) {
    const auto row = context->store.find(uuid);
    if (!row && is_directory(job_directory(uuid), Links::keep))
      throw Error(StatusCode::data_loss, "the job " + uuid + " is in the store " + home() +
                                             ", but its database does not know it; ostler doctor --repair "
                                             "gives it a row again");
    if (row && !is_gone(uuid) &&
        (uuid == text || row->details.get_string("id") == text ||
         hash_instance_name(row->instance) + ":" + uuid == text))
      return uuid;
  }
  if (const auto row = context->store.newest_of(text); row && !is_gone(row->uuid)) return row->uuid;
  const bool may_begin_uuid = text.find_first_not_of("0123456789abcdef-") == std::string::npos;
  if (text.size() < kShortestPrefix && may_begin_uuid && !context->store.uuids_with_prefix(text, 1).empty())
    throw not_found("there is no job " + text + " in the store " + home() + "; of a uuid's beginning give " +
                    std::to_string(kShortestPrefix) + " characters or more");
  if (text.size() >= kShortestPrefix && may_begin_uuid) {
    auto found = context->store.uuids_with_prefix(text, 4);
    found.erase(std::remove_if(found.begin(), found.end(), is_gone), found.end());
    if (found.size() == 1) return found[0];
    if (found.size() > 1) {
      const bool more = found.size() > 3;
      throw invalid_argument(
          "the id " + text + " is ambiguous: " +
          join({found.begin(), found.begin() + (more ? 3 : static_cast<int>(found.size()))}, ", ") +
          (more ? ", ..." : "") + "; give more of it");
    }
  }
  // What was mistyped may be an external id, or as much of a uuid.
  constexpr int kCandidates = 200;
  std::vector<std::string> others;
  JobSelector all;
  all.brief = true;
  for (const JobRow& row : context->store.newest(all, kCandidates)) {
    if (row.external_id) others.push_back(*row.external_id);
    if (text.size() >= kShortestPrefix) others.push_back(row.uuid.substr(0, text.size()));
    others.push_back(hash_instance_name(row.instance) + ":" + row.uuid);
  }
  throw impl_->no_such_job(text, others);
}

JobInfo JobEngine::get_info(const std::string& uuid) {
  return impl_->get_info(uuid, Impl::Dead::are_settled);
}

JobList JobEngine::list(const JobSelector& selector) {
  JobList list;
  const auto context = impl_->existing();
  if (!context) return list;
  impl_->check_not_lost(*context);
  impl_->purge_expired(*context);
  const Time now = context->clock.now();
  // First what may have died, so that the lists below are true; those that could not be settled are shown as
  // judged.
  std::map<std::string, Verdict> judged;
  context->store.database().set_patience(kLookPatience);
  for (const JobRow& row : context->store.running()) judged[row.uuid] = settled_row(*context, row).verdict;
  settle_marked(*context);
  for (const JobRow& row : context->store.queued_with_marks())
    judged[row.uuid] = settled_row(*context, row).verdict;
  context->store.database().set_patience(kPatience);

  const auto has_ended = [&](const JobRow& row) {
    const auto found = judged.find(row.uuid);
    return is_terminal(row.status) || (found != judged.end() && is_terminal(found->second.status));
  };

  const std::vector<std::string> leaving = being_purged(home());
  std::vector<JobRow> active;
  std::vector<JobInfo> finished;
  context->store.database().in_snapshot([&] {
    active = context->store.active(selector);
    finished.reserve(1000);  // a snapshot is large: moving many costs more than memory that nobody touches
    context->store.finished(selector, [&](const JobRow& row) {
      if (std::find(leaving.begin(), leaving.end(), row.uuid) != leaving.end()) return;
      finished.push_back(job_info(home(), row, {row.status, row.reason, {}, {}}, now));
    });
    list.total = context->store.count(selector);
    JobSelector of_status;
    of_status.statuses = {JobStatus::QUEUED};
    list.queued = static_cast<int>(context->store.count(of_status));
    for (const JobRow& row : context->store.running()) list.running += has_ended(row) ? 0 : 1;
  });
  for (const JobRow& row : active) {
    const auto found = judged.find(row.uuid);
    list.jobs.push_back(job_info(
        home(), row, found != judged.end() ? found->second : Verdict{row.status, row.reason, {}, {}}, now));
  }
  if (list.jobs.empty())
    list.jobs = std::move(finished);
  else
    std::move(finished.begin(), finished.end(), std::back_inserter(list.jobs));
  return list;
}

std::vector<JobInfo> JobEngine::peek(const std::string& text, const JobSelector& selector, int limit) const {
  // Of one hexadecimal digit there may be thousands: those among the newest must do.
  constexpr std::size_t kByIndex = 2;
  const auto store = JobStore::open_to_peek(home());
  if (!store) return {};
  JobSelector wanted = selector;
  wanted.brief = true;
  const std::string prefix = text.substr(text.rfind(':') + 1);
  const bool is_hexadecimal = prefix.find_first_not_of("0123456789abcdef-") == std::string::npos;
  const auto id_of = [](const JobRow& row) { return hash_instance_name(row.instance) + ":" + row.uuid; };
  // External ids first: of uuids that begin so there may be more than are wanted.
  std::vector<JobRow> rows, by_uuid;
  if (!text.empty()) rows = store->with_external_id_prefix(text, limit);
  if (is_hexadecimal)
    by_uuid = prefix.size() < kByIndex ? store->newest(wanted, limit)
                                       : store->newest_with_uuid_prefix(prefix, wanted, limit);
  for (JobRow& row : by_uuid)
    if (starts_with(row.uuid, text) || starts_with(id_of(row), text)) rows.push_back(std::move(row));
  std::vector<JobInfo> found;
  for (const JobRow& row : rows) {
    const auto is_it = [&](const JobInfo& info) { return info.uuid == row.uuid; };
    const bool has_status =
        wanted.statuses.empty() ||
        std::find(wanted.statuses.begin(), wanted.statuses.end(), row.status) != wanted.statuses.end();
    if (!has_status || (wanted.kind && *wanted.kind != row.kind) ||
        std::any_of(found.begin(), found.end(), is_it))
      continue;
    if (static_cast<int>(found.size()) == limit) break;
    JobInfo& info = found.emplace_back();
    info.id = id_of(row);
    info.uuid = row.uuid;
    if (store->is_newest_of_its_external_id(row)) info.external_id = row.external_id;
    info.kind = row.kind;
    info.status = row.status;
    info.module_name = row.module_name;
    info.submission_time = row.submission_time;
    if (row.kind == JobKind::train)
      info.save_path = row.target;
    else
      info.model = row.target;
  }
  return found;
}

std::uint64_t JobEngine::read_log(const std::string& uuid, std::uint64_t offset,
                                  const std::function<void(std::string_view)>& sink) const {
  if (!is_directory(job_directory(uuid), Links::keep)) return offset;
  return read_log_file(JobPaths(job_directory(uuid)).log, offset, sink);
}

Value JobEngine::learning_curve(const std::string& uuid) const {
  return read_curve(JobPaths(job_directory(uuid)));
}

std::vector<JobInfo> JobEngine::history(const std::string& external_id) {
  std::vector<JobInfo> infos;
  const auto context = impl_->existing();
  if (!context) return infos;
  impl_->purge_expired(*context);
  for (JobRow& row : context->store.history(external_id))
    infos.push_back(impl_->info(*context, std::move(row)));
  return infos;
}

bool JobEngine::wait(const std::vector<std::string>& uuids, Wait mode, std::optional<Duration> timeout,
                     const std::function<void(const std::vector<JobInfo>&)>& on_look) {
  const auto context = impl_->existing();
  const Duration began = impl_->options().clock->steady();
  std::vector<std::string> directories;
  for (const std::string& uuid : uuids) {
    ensure_job_directory(home(), uuid);
    directories.push_back(job_directory(uuid));
  }
  JobWatch watch(directories, on_look ? JobWatch::Events::yes : JobWatch::Events::no);
  std::vector<JobInfo> infos(uuids.size());
  for (;;) {
    std::size_t ended = 0;
    for (std::size_t i = 0; i < uuids.size(); ++i) {
      if (!is_terminal(infos[i].status)) infos[i] = impl_->get_info(uuids[i], Impl::Dead::are_left);
      if (is_terminal(infos[i].status)) ++ended;
    }
    if (on_look) on_look(infos);
    if (ended == uuids.size() || (mode == Wait::any && ended > 0)) return true;
    const Duration passed = impl_->options().clock->steady() - began;
    if (timeout && passed >= *timeout) return false;
    try {
      dispatch_jobs(*context, impl_->pool());
    } catch (const Error&) {
      // Then what is queued will not start, but what runs can be waited for.
      const auto runs = [](const JobInfo& info) { return info.status == JobStatus::RUNNING; };
      if (std::none_of(infos.begin(), infos.end(), runs)) throw;
    }
    watch.sleep(timeout ? std::min(kLookAgain, *timeout - passed) : kLookAgain);
  }
}

JobInfo JobEngine::cancel(const std::string& uuid, std::optional<Duration> timeout) {
  const auto context = impl_->existing();
  const auto row = context ? context->store.find(uuid) : std::nullopt;
  if (!row) throw impl_->no_such_job(uuid);
  if (!is_terminal(row->status) && !context->owner)
    throw Error(StatusCode::permission_denied, "the job " + uuid + " is another user's");
  cancel_job(*context, *row, timeout);
  const JobInfo info = impl_->get_info(uuid, Impl::Dead::are_left);
  // The place in the queue that has become free; a failure to fill it is not this cancel's.
  try {
    dispatch_jobs(*context, impl_->pool());
  } catch (const Error&) {
  }
  return info;
}

void JobEngine::prune(const JobSelector& selector, bool dry_run,
                      const std::function<void(const JobInfo&)>& sink) {
  const auto context = impl_->existing();
  if (!context) return;
  impl_->check_owner(*context);
  impl_->purge_expired(*context);
  for (const JobRow& row : context->store.running()) settled_row(*context, row);
  std::int64_t last = 0, left = selector.limit.value_or(INT64_MAX);
  while (left > 0) {
    const auto batch = static_cast<int>(std::min<std::int64_t>(left, kPruneAtOnce));
    const std::vector<JobRow> rows = context->store.finished_after(last, selector, batch);
    if (rows.empty()) return;
    std::vector<std::string> uuids;
    for (const JobRow& row : rows) uuids.push_back(row.uuid);
    const std::vector<std::string> gone = dry_run ? context->store.not_needed(uuids) : purge(*context, uuids);
    for (const JobRow& row : rows)
      if (std::find(gone.begin(), gone.end(), row.uuid) != gone.end()) sink(impl_->info(*context, row));
    last = rows.back().sequence;
    left -= static_cast<std::int64_t>(gone.size());  // what another job needs is passed over
  }
}

std::optional<JobInfo> JobEngine::prune(const std::string& uuid, bool dry_run) {
  const auto context = impl_->existing();
  auto row = context ? context->store.find(uuid) : std::nullopt;
  if (!row) throw impl_->no_such_job(uuid);
  impl_->check_owner(*context);
  row = settled_row(*context, *row).row;
  if (!is_terminal(row->status) || context->store.not_needed({uuid}).empty()) return std::nullopt;
  if (!dry_run) purge(*context, {uuid});
  return impl_->info(*context, *row);
}

std::vector<Finding> JobEngine::examine() const { return examine_store(home(), *impl_->options().clock); }

std::vector<std::string> JobEngine::repair() {
  std::vector<std::string> done = impl_->repair();
  dispatch();
  // A runner needs a moment: who examines the store now is not to find a queue that stands.
  if (const auto context = impl_->existing())
    for (int i = 0; i < 200 && context->store.has_queue() && context->store.running().empty(); ++i)
      ::poll(nullptr, 0, 10);
  return done;
}

std::optional<std::string> JobEngine::dispatch() {
  const auto context = impl_->existing();
  if (!context) return std::nullopt;
  sweep_staging(*context);
  settle_dead_runners(*context);
  return dispatch_jobs(*context, impl_->pool());
}

}  // namespace ostler
