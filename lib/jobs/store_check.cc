#include "lib/jobs/store_check.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "lib/base/error.h"
#include "lib/base/file_system.h"
#include "lib/base/files.h"
#include "lib/base/strings.h"
#include "lib/jobs/job_lock.h"
#include "lib/jobs/job_store.h"
#include "lib/jobs/repair.h"
#include "lib/jobs/store_layout.h"

namespace ostler {

namespace {

using State = Finding::State;

constexpr char kRepair[] = "ostler doctor --repair";
// What is younger may be under way.
constexpr Duration kYoung = std::chrono::minutes(1);
constexpr Duration kDispatchPatience = std::chrono::seconds(3);

std::string counted(std::size_t number, const std::string& one, const std::string& many) {
  return std::to_string(number) + " " + (number == 1 ? one : many);
}

// "a, b, c, ..."
std::string some_of(const std::vector<std::string>& names) {
  std::vector<std::string> first(names.begin(),
                                 names.begin() + std::min<std::ptrdiff_t>(3, std::ssize(names)));
  if (names.size() > first.size()) first.emplace_back("...");
  return join(first, ", ");
}

class Examination {
 public:
  Examination(const std::string& home, const Clock& clock) : home_(home), clock_(clock) {}

  std::vector<Finding> run() {
    if (!file_status(home_)) {
      add("store", State::well, "there is none yet in " + home_);
      return std::move(findings_);
    }
    check("store", [&] { look_at_place(); });
    check("permissions", [&] { look_at_permissions(); });
    check("database", [&] { look_at_database(); });
    if (store_) {
      check("jobs", [&] { look_at_jobs(); });
      check("queue", [&] { look_at_queue(); });
    }
    check("leftovers", [&] { look_at_leftovers(); });
    if (store_) {
      check("clock", [&] { look_at_clock(); });
      check("sizes", [&] { look_at_sizes(); });
    }
    // In what others own, or nobody may write to, nothing is tried.
    if (is_directory(home_) && owns_store(home_) && ::access(home_.c_str(), W_OK) == 0)
      check("file system", [&] { look_at_file_system(); });
    return std::move(findings_);
  }

 private:
  void add(const std::string& name, State state, const std::string& text, const std::string& mend = {}) {
    findings_.push_back({name, state, text, mend});
  }

  // One that has nothing to say is well.
  template <typename Look>
  void check(const std::string& name, Look look) {
    name_ = name;
    const std::size_t before = findings_.size();
    try {
      look();
    } catch (const Error& error) {
      wrong(error.what(), error.code() == StatusCode::data_loss ? kRepair : "");
    }
    if (findings_.size() == before) add(name, State::well, "");
  }

  void wrong(const std::string& text, const std::string& mend = {}) { add(name_, State::wrong, text, mend); }
  void note(const std::string& text, const std::string& mend = {}) { add(name_, State::note, text, mend); }

  void look_at_place() {
    if (!is_directory(home_)) return wrong(home_ + " is no directory");
    if (const auto network = network_file_system(home_))
      return wrong(
          home_ + " is on a network file system (" + *network +
          "), where its locks cannot be relied on; name a local directory with --home or OSTLER_HOME");
    check_layout(home_);
    if (::access(home_.c_str(), W_OK) != 0)
      return wrong(home_ + " cannot be written to (" + std::strerror(errno) +
                   "): nothing starts, ends or settles there");
    const std::string type = file_system_type(home_);
    add(name_, State::well, home_ + (type.empty() ? "" : " (" + type + ")"));
  }

  void look_at_permissions() {
    std::vector<std::string> open, others;
    std::vector<std::string> paths = {home_};
    for (const std::string& name : list_directory(home_)) paths.push_back(join_path(home_, name));
    for (const std::string& path : paths) {
      struct stat status {};
      if (::lstat(path.c_str(), &status) != 0 || S_ISLNK(status.st_mode)) continue;
      // What lies below a closed home is closed, but a home may be opened one day.
      if ((status.st_mode & 077) != 0) open.push_back(path);
      if (status.st_uid != ::geteuid()) others.push_back(path);
    }
    if (!open.empty())
      wrong("others may read or enter " + some_of(open), "chmod -R go= " + shell_quote(home_));
    if (!others.empty()) wrong("another user owns " + some_of(others));
  }

  void look_at_database() {
    store_ = JobStore::open(home_, Database::Checkpoints::no);
    for (const std::string& name : list_directory(home_))
      if (starts_with(name, "jobs.db.damaged-") && ends_with(name, "Z"))
        note("a damaged one is kept as " + join_path(home_, name) +
             "; remove it (and its -wal, -shm) when you will");
    if (!store_) return;
    const std::string fault = integrity_fault(*store_);
    if (fault.empty()) return;
    store_.reset();
    wrong("the job store " + JobStore::path_in(home_) + " is damaged (" + fault + ")", kRepair);
  }

  void look_at_jobs() {
    std::vector<std::string> unknown, unreadable;
    for (const std::string& uuid : directories_without_row(home_, *store_))
      (has_specification(uuid) ? unknown : unreadable).push_back(uuid);
    if (!unreadable.empty())
      wrong(counted(unreadable.size(), "job directory has", "job directories have") +
            " neither a row nor a spec.json that can be read; look at what is there, and remove it: " +
            some_of(unreadable));
    if (!unknown.empty())
      wrong(counted(unknown.size(), "job directory has", "job directories have") +
                " no row: " + some_of(unknown),
            kRepair);
    std::vector<std::string> bare, dead;
    store_->database().each("SELECT uuid FROM jobs", {}, [&](const Database::Row& row) {
      const std::string uuid = row.text(0);
      if (!is_directory(job_directory_path(home_, uuid), Links::keep) &&
          !is_directory(staging_directory_path(home_, uuid), Links::keep))
        bare.push_back(uuid);
    });
    // Those that are being purged have gone by now.
    bare.erase(std::remove_if(bare.begin(), bare.end(),
                              [&](const std::string& uuid) { return !store_->find(uuid); }),
               bare.end());
    if (!bare.empty())
      wrong(counted(bare.size(), "job has", "jobs have") + " no directory: " + some_of(bare),
            "ostler prune " + join(bare, " "));
    for (const JobRow& row : store_->running())
      if (!observe_lock(JobPaths(job_directory_path(home_, row.uuid)).lock).held) dead.push_back(row.uuid);
    if (!dead.empty())
      wrong(counted(dead.size(), "job runs", "jobs run") + " by its row, but has no runner: " + some_of(dead),
            "ostler status");
    const auto unwiped = ended_with_private_files(home_, *store_);
    if (!unwiped.empty())
      wrong(counted(unwiped.size(), "ended job keeps", "ended jobs keep") +
                " the environment or input that it was given: " + some_of(unwiped),
            kRepair);
  }

  bool has_specification(const std::string& uuid) const {
    try {
      return read_spec(JobPaths(job_directory_path(home_, uuid)).spec).uuid == uuid;
    } catch (const Error&) {
      return false;
    }
  }

  void look_at_queue() {
    const Time old = clock_.now() - kDispatchPatience;
    const std::int64_t queued =
        store_->database().integer("SELECT count(*) FROM jobs WHERE status = 0 AND submission_time < ?",
                                   {static_cast<std::int64_t>(old.time_since_epoch().count())});
    if (queued > 0 && store_->has_queue() && store_->running().empty())
      wrong(std::to_string(queued) + " queued, none running", "ostler dispatch");
  }

  void look_at_leftovers() {
    const auto staged = old_ones("staging");
    if (!staged.empty())
      wrong(counted(staged.size(), "submit was", "submits were") + " killed: " + some_of(staged), kRepair);
    const auto trash = old_ones("trash");
    if (!trash.empty())
      note(counted(trash.size(), "purged job waits", "purged jobs wait") +
               " to be removed, perhaps for a reader of its model: " + some_of(trash),
           kRepair);
    if (store_) look_at_save_paths();
  }

  // Staged models and locks that a kill left beside save paths. A job that is under way has its own there.
  void look_at_save_paths() {
    std::vector<std::string> left;
    store_->database().each("SELECT DISTINCT target FROM jobs WHERE kind = 0 AND target != '' LIMIT 10000",
                            {}, [&](const Database::Row& row) {
                              const std::string target = row.text(0);
                              const std::string folder = parent_path(target),
                                                prefix = "." + file_name(target) + ".ostler-";
                              if (!is_directory(folder)) return;
                              for (const std::string& name : list_directory(folder))
                                if (starts_with(name, prefix) && !starts_with(name, prefix + "previous-") &&
                                    is_old(join_path(folder, name)))
                                  left.push_back(join_path(folder, name));
                            });
    if (left.empty() || !store_->running().empty()) return;
    std::vector<std::string> quoted;
    for (const std::string& path : left) quoted.push_back(shell_quote(path));
    note("beside save paths " + counted(left.size(), "thing was", "things were") +
             " left by jobs that were killed; no job runs, so they can go: " + some_of(left),
         "rm -r " + join(quoted, " "));
  }

  bool is_old(const std::string& path) const {
    const auto status = file_status(path, Links::keep);
    return status && clock_.now() - Time(Duration(status->modified_ns / 1000)) >= kYoung;
  }

  void look_at_clock() {
    const Time soon = clock_.now() + kYoung;
    const std::int64_t future =
        store_->database().integer("SELECT count(*) FROM jobs WHERE submission_time > ?",
                                   {static_cast<std::int64_t>(soon.time_since_epoch().count())});
    if (future > 0)
      note(counted(static_cast<std::size_t>(future), "job was", "jobs were") +
           " submitted in the future: this machine's clock (" + format_time(clock_.now()) +
           ") is wrong, or was");
  }

  void look_at_sizes() {
    constexpr std::size_t kMostLooked = 20'000;  // files; of more than those it is "at least"
    std::uint64_t database = 0, jobs = 0, logs = 0, trash = 0;
    std::size_t looked = 0;
    for (const char* name : {"jobs.db", "jobs.db-wal", "jobs.db-shm"})
      if (const auto status = file_status(join_path(home_, name))) database += status->size;
    const auto add_up = [&](const char* folder, std::uint64_t& sum) {
      const std::string path = join_path(home_, folder);
      if (!is_directory(path, Links::keep)) return;
      for (const std::string& job : list_directory(path)) {
        if (looked >= kMostLooked) return;
        const std::string directory = join_path(path, job);
        if (!is_directory(directory, Links::keep)) continue;
        for (const std::string& file : list_tree(directory)) {
          struct stat status {};
          if (::lstat(join_path(directory, file).c_str(), &status) != 0) continue;
          ++looked;
          const auto bytes = static_cast<std::uint64_t>(status.st_blocks) * 512;  // a capped log has a hole
          sum += bytes;
          if (file == "log") logs += bytes;
        }
      }
    };
    add_up("jobs", jobs);
    add_up("trash", trash);
    const auto megabytes = [](std::uint64_t bytes) {
      return std::to_string(bytes / 1'000'000) + "." + std::to_string(bytes / 100'000 % 10) + " MB";
    };
    const Time old = clock_.now() - std::chrono::hours(24 * 30);
    const std::int64_t prunable =
        store_->database().integer("SELECT count(*) FROM jobs WHERE status >= 2 AND completion_time < ?",
                                   {static_cast<std::int64_t>(old.time_since_epoch().count())});
    const std::string text = std::string(looked >= kMostLooked ? "at least: " : "") + "database " +
                             megabytes(database) + ", jobs " + megabytes(jobs) + " (logs " + megabytes(logs) +
                             "), trash " + megabytes(trash);
    if (prunable == 0) return add(name_, State::well, text);
    note(text + "; " + counted(static_cast<std::size_t>(prunable), "job", "jobs") +
             " ended more than 30 days ago",
         "ostler prune --older-than 30d");
  }

  // Tries what the store relies on, in files without a name and one directory, which go at once.
  void look_at_file_system() {
    struct statvfs space {};
    if (::statvfs(home_.c_str(), &space) == 0) {
      const std::uint64_t left = static_cast<std::uint64_t>(space.f_bavail) * space.f_frsize;
      const std::string text =
          "there are only " + std::to_string(left / 1'000'000) + " MB left on the file system of " + home_;
      // A submit takes some kilobytes: this is the end of it, that may be as it is meant.
      if (left < 1'000'000)
        wrong(text, "ostler prune --older-than 7d");
      else if (left < 100'000'000)
        note(text, "ostler prune --older-than 7d");
    }
    // Its times are put back: a look leaves no trace.
    struct stat before {};
    ::stat(home_.c_str(), &before);
    try_operations();
    const timespec times[2] = {before.st_atim, before.st_mtim};
    ::utimensat(AT_FDCWD, home_.c_str(), times, 0);
    std::ifstream instances("/proc/sys/fs/inotify/max_user_instances");
    long most = 0;
    if (instances >> most && most < 16)
      note("only " + std::to_string(most) +
               " inotify instances are allowed; where there are none left, waiting looks five times a second",
           "sysctl fs.inotify.max_user_instances=128");
  }

  void try_operations() {
    const std::string place = join_path(home_, ".doctor-" + make_uuid4());
    if (::mkdir(place.c_str(), 0700) != 0) throw system_error(errno, "cannot make a directory in " + home_);
    try {
      const std::string one = join_path(place, "one"), two = join_path(place, "two");
      const UniqueFd fd = open_file(one, O_RDWR | O_CREAT | O_EXCL);
      make_directories(two);
      struct flock lock {};
      lock.l_type = F_WRLCK;
      if (::fcntl(fd.get(), F_SETLK, &lock) != 0)
        wrong("fcntl locks do not work in " + home_ + " (" + std::strerror(errno) +
              "); keep the store elsewhere: OSTLER_HOME");
      if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0)
        wrong("flock does not work in " + home_ + " (" + std::strerror(errno) +
              "); keep the store elsewhere: OSTLER_HOME");
      if (::renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, two.c_str(), RENAME_EXCHANGE) != 0)
        note("files cannot be exchanged in one step here (" + std::string(std::strerror(errno)) +
             "): a model on this file system is away for a moment when it is replaced");
      if (!try_open_file(place, O_TMPFILE | O_RDWR))
        note("files without a name cannot be made here (" + std::string(std::strerror(errno)) +
             "); others are, and are removed");
    } catch (...) {
      remove_tree(place);
      throw;
    }
    remove_tree(place);
  }

  std::vector<std::string> old_ones(const char* name) const {
    std::vector<std::string> names;
    const std::string directory = join_path(home_, name);
    if (!is_directory(directory, Links::keep)) return names;
    for (const std::string& entry : list_directory(directory)) {
      const std::string path = join_path(directory, entry);
      const auto status = file_status(path, Links::keep);
      if (!status || clock_.now() - Time(Duration(status->modified_ns / 1000)) < kYoung) continue;
      // A submit that goes on holds it (submit.cc).
      const UniqueFd fd = try_open_file(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      if (!fd || ::flock(fd.get(), LOCK_SH | LOCK_NB) == 0) names.push_back(entry);
    }
    return names;
  }

  const std::string& home_;
  const Clock& clock_;
  std::string name_;
  std::unique_ptr<JobStore> store_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> examine_store(const std::string& home, const Clock& clock) {
  return Examination(home, clock).run();
}

}  // namespace ostler
