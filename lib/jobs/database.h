#pragma once

// A narrow view of one SQLite file: the only file of the project that knows the library is database.cc, and
// its exceptions stop there. Statements are prepared once and kept.
//
// Failures, each naming the file: failed_precondition (locked by others for longer than the patience),
// resource_exhausted (disk full), data_loss (damaged, or no SQLite file), permission_denied, already_exists
// (a UNIQUE constraint), unknown.
//
// Thread-safe: calls are serialized. Callbacks run under that lock and must not use the database again, but
// for the body of in_transaction, which may (the lock is recursive).

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "lib/base/clock.h"
#include "lib/base/error.h"

namespace ostler {

// data_loss: what is at `path` cannot be used, or nothing is there, and how to get a store again.
Error damaged_store(const std::string& path, const std::string& why);
Error missing_store(const std::string& path);

class Database {
 public:
  // What is bound to a statement's "?".
  using Cell = std::variant<std::nullptr_t, std::int64_t, std::string>;
  using Cells = std::vector<Cell>;

  // The row that a statement stands on; columns from 0. A NULL reads as 0 and "".
  class Row {
   public:
    explicit Row(void* statement) : statement_(statement) {}
    bool is_null(int column) const;
    std::int64_t integer(int column) const;
    std::string text(int column) const;

   private:
    void* statement_;
  };

  // Opens a file that is there. One that may not be written to is opened for reading, as far as SQLite can.
  // `checkpoints` at close: yes folds the log into the file, no leaves it (at most some 50 pages, which the
  // commits fold in). Whoever closes last with yes removes the log, and a reader that comes just then is
  // refused: so yes is for a file that nobody else knows yet.
  enum class Checkpoints { no, yes };
  // `read`: it is only looked at, and a lock is waited for for some milliseconds.
  enum class Access { write, read };
  Database(const std::string& path, Checkpoints checkpoints, Access access = Access::write);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // True when what was opened is not what is at its path now: it was removed, or a store built anew
  // (repair.h) has taken its place.
  bool was_moved();

  // How long a call waits for others' locks; 30 s at first.
  void set_patience(Duration patience);

  // Runs a statement; gives the number of rows that it changed.
  int run(const std::string& sql, const Cells& cells = {});
  // Calls `row` for each row.
  void each(const std::string& sql, const Cells& cells, const std::function<void(const Row&)>& row);
  // The first cell of the first row; 0 when there is none.
  std::int64_t integer(const std::string& sql, const Cells& cells = {});
  // Several statements separated by ";", unprepared.
  void script(const std::string& sql);

  // Folds the whole log into the file, as closing with Checkpoints::yes does, but throws where that fails: at
  // the close, a full disk would leave a file that lacks what is in the log.
  void fold_log_in();

  // BEGIN IMMEDIATE, the body, COMMIT; rolled back when the body throws. Within another transaction it is a
  // part of that one.
  void in_transaction(const std::function<void()>& body);
  // The body's reads all see one state of the store.
  void in_snapshot(const std::function<void()>& body);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ostler
