#include "lib/jobs/submit.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/base/strings.h"
#include "lib/jobs/cancel.h"
#include "lib/jobs/store_layout.h"
#include "lib/jobs/test_point.h"

namespace ostler {

namespace {

// Between mkdir and flock a submit is not protected by its lock, but by its age.
constexpr std::int64_t kYoung = 60'000'000'000;  // ns

// Starts writing the file back and returns it unsynced: after that of all files is on its way, the first
// fsync commits for all of them, and the others are nearly free.
UniqueFd begin_writing(const std::string& path, std::string_view content) {
  UniqueFd fd = open_file(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  write_all(fd.get(), content, path);
  ::sync_file_range(fd.get(), 0, 0, SYNC_FILE_RANGE_WRITE);
  return fd;
}

void finish_writing(const UniqueFd& fd, const std::string& path) {
  if (::fsync(fd.get()) != 0) throw system_error(errno, "cannot write " + path + " to disk");
}

UniqueFd spool(int from, const std::string& path) {
  UniqueFd fd = open_file(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  std::string buffer(1 << 18, '\0');
  for (;;) {
    const ssize_t count = ::read(from, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw system_error(errno, "cannot read standard input");
    if (count == 0) return fd;
    write_all(fd.get(), std::string_view(buffer).substr(0, static_cast<std::size_t>(count)), path);
  }
}

std::string null_separated(const std::vector<std::string>& entries) {
  std::string text;
  for (const std::string& entry : entries) text.append(entry).push_back('\0');
  return text;
}

void make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0) throw system_error(errno, "cannot make the directory " + path);
}

void write_files(const JobPaths& paths, const JobSpec& spec, const JobEngine::Attachments& attachments) {
  UniqueFd input;
  if (attachments.standard_input >= 0) input = spool(attachments.standard_input, paths.input);
  for (const CodeFile& file : attachments.code) {
    const std::string copy = join_path(paths.code, file.name);
    make_directories(parent_path(copy), 0700);
    const bool executable = ::access(file.from.c_str(), X_OK) == 0;
    write_file(copy, read_file(file.from), Sync::yes, executable ? 0700 : 0600);
  }
  const UniqueFd specification = begin_writing(paths.spec, to_json(to_value(spec), true) + "\n");
  const UniqueFd environment = begin_writing(paths.environment, null_separated(attachments.environment));
  if (input) finish_writing(input, paths.input);
  finish_writing(environment, paths.environment);
  finish_writing(specification, paths.spec);
  fsync_directory(paths.directory);
  fsync_directory(parent_path(paths.directory));
}

// A store was built anew (repair.h) while this submit had the other one open: whoever built it looked through
// jobs/ before the job was there, or after.
void insert_again(const std::string& home, const JobSpec& spec) {
  try {
    const auto store = JobStore::open(home, Database::Checkpoints::no);
    if (!store) return;
    store->database().in_transaction([&] {
      if (!store->find(spec.uuid)) store->insert(spec);
    });
  } catch (const Error& error) {
    // No database is there now. The job is on record: the repair that it takes finds it.
    if (error.code() == StatusCode::data_loss) return;
    remove_tree(job_directory_path(home, spec.uuid));
    throw;
  }
}

}  // namespace

void prepare_home(const std::string& home) {
  for (const char* name : {"jobs", "staging"}) {
    const std::string path = join_path(home, name);
    if (::mkdir(path.c_str(), 0700) == 0)
      fsync_directory(home);
    else if (errno != EEXIST)
      throw system_error(errno, "cannot make the directory " + path);
  }
}

// JSON is text: other bytes of a path would come out of it as another path.
void refuse_other_than_text(const Value& value, const std::string& name) {
  if (value.is_string() && find_invalid_utf8(value.as_string()) != std::string_view::npos)
    throw invalid_argument(
        "the " + name + " \"" + value.as_string() +
        "\" has bytes that are no UTF-8, which a job cannot keep; use a name that is text");
  if (value.is_array())
    for (const Value& item : value.as_array()) refuse_other_than_text(item, name);
  if (value.is_object())
    for (const auto& [key, item] : value.as_object()) refuse_other_than_text(item, name + " " + key);
}

void refuse_other_than_text(const JobSpec& spec) {
  const Value written = to_value(spec);
  for (const auto& [key, value] : written.as_object()) {
    std::string name(key);
    std::replace(name.begin(), name.end(), '_', ' ');
    if (key != "command") refuse_other_than_text(value, name);  // that is for people alone
  }
}

std::optional<std::string> write_job_down(const JobContext& context, const JobSpec& spec,
                                          const JobEngine::Attachments& attachments, IfExists if_exists) {
  refuse_other_than_text(spec);
  const std::string staging = staging_directory_path(context.home, spec.uuid);
  make_directory(staging);
  test_point("submit:made");
  bool is_job = false;
  try {
    // Held until the end: it tells sweep_staging that this submit lives, however long standard input takes.
    const UniqueFd alive = open_file(staging, O_RDONLY | O_DIRECTORY);
    ::flock(alive.get(), LOCK_EX | LOCK_NB);
    write_files(JobPaths(staging), spec, attachments);
    test_point("submit:written");
    for (;;) {
      const JobStore::Inserted inserted = context.store.insert(spec, if_exists);
      if (inserted.standing == JobStore::Standing::none) break;
      if (inserted.standing == JobStore::Standing::instead) {
        remove_tree(staging);
        return inserted.other;
      }
      if (std::find(spec.after.begin(), spec.after.end(), inserted.other) != spec.after.end())
        throw invalid_argument("the job " + inserted.other +
                               " would be replaced, and canceled, by one that is to run after it; leave out "
                               "--after, or --if-exists replace");
      // To be replaced. Somebody else's submit may then come first, and is replaced in its turn.
      if (auto row = context.store.find(inserted.other)) cancel_job(context, std::move(*row), {});
    }
    is_job = true;
    test_point("submit:inserted");
    ensure_job_directory(context.home, spec.uuid);
    test_point("submit:renamed");
    if (context.store.database().was_moved()) insert_again(context.home, spec);
    return std::nullopt;
  } catch (...) {
    // Once the row is there it is a job, whose last step any reader makes.
    if (!is_job) remove_tree(staging);
    throw;
  }
}

void sweep_staging(const JobContext& context) {
  const std::string staging = join_path(context.home, "staging");
  if (!file_status(staging)) return;
  const std::int64_t now = context.clock.now().time_since_epoch().count() * 1000;
  for (const std::string& uuid : list_directory(staging)) {
    const std::string path = join_path(staging, uuid);
    const auto status = file_status(path, Links::keep);
    if (!status || now - status->modified_ns < kYoung) continue;
    const UniqueFd directory = try_open_file(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (directory && ::flock(directory.get(), LOCK_EX | LOCK_NB) != 0) continue;
    // With a row it is a job whose last step is due; without, a submit that never was.
    if (context.store.find(uuid))
      ensure_job_directory(context.home, uuid);
    else
      remove_tree(path);
  }
}

}  // namespace ostler
