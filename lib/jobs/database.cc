#include "lib/jobs/database.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <poll.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <mutex>
#include <unordered_map>

#include "lib/base/error.h"
#include "lib/base/files.h"

namespace ostler {

namespace {

Error store_error(const std::string& path, int code, const std::string& text) {
  const Error full(StatusCode::resource_exhausted, "no space is left for the job store " + path);
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Error(StatusCode::failed_precondition,
                   "the job store " + path + " is locked by another process; try again when that has ended");
    case SQLITE_FULL:
      return full;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return damaged_store(path, text);
    case SQLITE_IOERR:
      if (code == SQLITE_IOERR_SHMSIZE) return full;
      if (code == SQLITE_IOERR_SHORT_READ) return damaged_store(path, "it was cut off");
      return Error(StatusCode::unknown, "the job store " + path + " failed: " + text);
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return Error(StatusCode::permission_denied, "the job store " + path + " may not be written to");
    case SQLITE_CANTOPEN:
      if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) return missing_store(path);
      if (::access(parent_path(path).c_str(), W_OK) != 0 && ::access(path.c_str(), R_OK) == 0)
        return Error(StatusCode::permission_denied,
                     "the job store " + path + " cannot be read without its " + file_name(path) +
                         "-shm where none may be written (" + std::strerror(errno) +
                         "); copy the directory to where you may write, and name that with --home");
      return Error(::access(path.c_str(), R_OK) == 0 ? StatusCode::unknown : StatusCode::permission_denied,
                   "cannot open the job store " + path + ": " + text);
    case SQLITE_CONSTRAINT:
      return Error(StatusCode::already_exists, "the job store " + path + " has that already: " + text);
    default:
      return Error(StatusCode::unknown, "the job store " + path + " failed: " + text);
  }
}

// How long a call waits for others' locks. They are held for some milliseconds, and taken again soon by who
// deletes a million rows: SQLite's own handler, which soon sleeps for a tenth of a second, would miss the
// gaps.
class Patience {
 public:
  void set(Duration patience) { patience_ = patience; }
  Duration get() const { return patience_; }

  // SQLite's busy handler: `count` calls came before, for the same lock. 0: give up.
  static int wait(void* self, int count) { return static_cast<Patience*>(self)->wait(count) ? 1 : 0; }

 private:
  bool wait(int count) {
    const Duration now = Clock::system().steady();
    if (count == 0) began_ = now;
    if (now - began_ >= patience_) return false;
    ::poll(nullptr, 0, count < 100 ? 1 : 5);
    return true;
  }

  Duration patience_ = std::chrono::seconds(30);
  Duration began_{};
};

// Called after each commit with the number of pages in the log. SQLite's own automatic checkpoint leaves the
// log as long as it is until a later commit of somebody who knows of the checkpoint starts it anew; here
// nobody does, since each command opens the store alone, and every open would replay a log that only grows.
// So it is emptied. Where others read just now, a later commit does it.
int fold_log(void* patience, sqlite3* handle, const char* schema, int pages) {
  // Few enough that the next open has little to replay (some 10 us a page), enough that few commits pay for
  // this.
  constexpr int kLongestLog = 48;
  if (pages < kLongestLog) return SQLITE_OK;
  Patience& waits = *static_cast<Patience*>(patience);
  const Duration usual = waits.get();
  waits.set(Duration(0));
  // Nobody else can write while a log is emptied. So what is in it is copied before that.
  for (const int mode : {SQLITE_CHECKPOINT_PASSIVE, SQLITE_CHECKPOINT_TRUNCATE})
    sqlite3_wal_checkpoint_v2(handle, schema, mode, nullptr, nullptr);
  waits.set(usual);
  return SQLITE_OK;
}

}  // namespace

Error damaged_store(const std::string& path, const std::string& why) {
  return {StatusCode::data_loss, "the job store " + path + " is damaged (" + why +
                                     "); ostler doctor --repair builds it anew from the jobs' directories"};
}

Error missing_store(const std::string& path) {
  return {StatusCode::data_loss,
          "the job store " + path +
              " is missing, but what it had is there; ostler doctor --repair builds it "
              "anew from the jobs' directories"};
}

class Database::Impl {
 public:
  Impl(const std::string& path, Checkpoints checkpoints, Access access) : path_(path) {
    if (access == Access::read) patience_.set(std::chrono::milliseconds(5));
    guarded([&] {
      // SQLite takes the log by its path at the first read. Where the file was replaced just then, the log is
      // another's.
      do open(checkpoints, access);
      while (was_moved());
    });
  }

  void open(Checkpoints checkpoints, Access access) {
    const bool writable = access == Access::write && ::access(path_.c_str(), W_OK) == 0;
    database_ = std::make_unique<SQLite::Database>(
        path_, (writable ? SQLite::OPEN_READWRITE : SQLite::OPEN_READONLY) | SQLite::OPEN_NOMUTEX);
    sqlite3* handle = database_->getHandle();
    sqlite3_busy_handler(handle, Patience::wait, &patience_);
    if (checkpoints == Checkpoints::no) {
      sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
      sqlite3_wal_hook(handle, fold_log, &patience_);
    }
    // A list reads each page once: few that are used again cost less than many fresh ones.
    database_->exec("PRAGMA cache_size=-256");
    // But what a transaction changes is written once, at its end.
    database_->exec("PRAGMA cache_spill=1024");
    // A commit is on disk before the job's id is printed, also in builds of SQLite that default to NORMAL.
    database_->exec("PRAGMA synchronous=FULL");
    database_->exec("PRAGMA schema_version");
  }

  bool was_moved() {
    int moved = 0;
    sqlite3_file_control(database_->getHandle(), nullptr, SQLITE_FCNTL_HAS_MOVED, &moved);
    return moved != 0;
  }

  // Runs `action` under the lock and turns the library's exceptions into ours.
  template <typename Action>
  auto guarded(Action&& action) -> decltype(action()) {
    const std::lock_guard lock(mutex_);
    try {
      return action();
    } catch (const SQLite::Exception& error) {
      throw store_error(path_, error.getExtendedErrorCode(), error.what());
    }
  }

  SQLite::Database& database() { return *database_; }

  void set_patience(Duration patience) {
    guarded([&] { patience_.set(patience); });
  }

  void transaction(const char* begin, const std::function<void()>& body) {
    guarded([&] {
      if (sqlite3_get_autocommit(database_->getHandle()) == 0) return body();
      database_->exec(begin);
      try {
        body();
        database_->exec("COMMIT");
      } catch (...) {
        // SQLite has rolled back by itself after some failures (disk full): then this one says so, to nobody.
        database_->tryExec("ROLLBACK");
        throw;
      }
    });
  }

  // The prepared statement, its values bound, ready to be stepped.
  SQLite::Statement& prepared(const std::string& sql, const Cells& cells) {
    auto& statement = statements_[sql];
    if (!statement) statement = std::make_unique<SQLite::Statement>(*database_, sql);
    statement->tryReset();
    statement->clearBindings();
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const int at = static_cast<int>(i) + 1;
      if (const auto* number = std::get_if<std::int64_t>(&cells[i])) {
        statement->bind(at, *number);
      } else if (const auto* text = std::get_if<std::string>(&cells[i])) {
        statement->bind(at, *text);
      } else {
        statement->bind(at);
      }
    }
    return *statement;
  }

 private:
  std::string path_;
  std::recursive_mutex mutex_;
  Patience patience_;
  std::unique_ptr<SQLite::Database> database_;
  std::unordered_map<std::string, std::unique_ptr<SQLite::Statement>> statements_;  // die before the database
};

namespace {

// A statement that stays stepped would keep its read transaction, and with it the log, open.
struct ResetAtEnd {
  SQLite::Statement& statement;
  ~ResetAtEnd() { statement.tryReset(); }
};

SQLite::Statement& statement_of(void* statement) { return *static_cast<SQLite::Statement*>(statement); }

}  // namespace

bool Database::Row::is_null(int column) const { return statement_of(statement_).getColumn(column).isNull(); }
std::int64_t Database::Row::integer(int column) const {
  return statement_of(statement_).getColumn(column).getInt64();
}
std::string Database::Row::text(int column) const {
  return statement_of(statement_).getColumn(column).getString();
}

Database::Database(const std::string& path, Checkpoints checkpoints, Access access)
    : impl_(std::make_unique<Impl>(path, checkpoints, access)) {}
Database::~Database() = default;

void Database::fold_log_in() { integer("PRAGMA wal_checkpoint(TRUNCATE)"); }

bool Database::was_moved() {
  return impl_->guarded([&] { return impl_->was_moved(); });
}

void Database::set_patience(Duration patience) { impl_->set_patience(patience); }

int Database::run(const std::string& sql, const Cells& cells) {
  return impl_->guarded([&] {
    SQLite::Statement& statement = impl_->prepared(sql, cells);
    const ResetAtEnd reset{statement};
    return statement.exec();
  });
}

void Database::each(const std::string& sql, const Cells& cells, const std::function<void(const Row&)>& row) {
  impl_->guarded([&] {
    SQLite::Statement& statement = impl_->prepared(sql, cells);
    const ResetAtEnd reset{statement};
    while (statement.executeStep()) row(Row(&statement));
  });
}

std::int64_t Database::integer(const std::string& sql, const Cells& cells) {
  std::int64_t result = 0;
  bool first = true;
  each(sql, cells, [&](const Row& row) {
    if (first) result = row.integer(0);
    first = false;
  });
  return result;
}

void Database::script(const std::string& sql) {
  impl_->guarded([&] { impl_->database().exec(sql); });
}

void Database::in_transaction(const std::function<void()>& body) {
  impl_->transaction("BEGIN IMMEDIATE", body);
}
void Database::in_snapshot(const std::function<void()>& body) { impl_->transaction("BEGIN", body); }

}  // namespace ostler
