#pragma once

// The schema of jobs.db, as a list of named migrations. The list only ever grows at its end: a migration that
// was released is never edited, so that every store reaches the same schema by the same steps, each in one
// transaction. PRAGMA user_version counts the steps that a store has taken; the table `migrations` names
// them.

#include <functional>
#include <span>
#include <string>

#include "lib/jobs/database.h"

namespace ostler {

struct Migration {
  const char* name;
  const char* sql;
};
std::span<const Migration> job_store_migrations();

// Takes the steps that are missing. failed_precondition when the store has taken more steps than we know.
void migrate(Database& database, const std::string& path, std::span<const Migration> migrations);

// Makes a store at `path` where there is none, empty but for what `fill` does to the file that is to become
// it, which no other process knows yet. Of several that try, one wins, and a crash leaves no half of one.
// False when another was there first.
bool create_job_store(const std::string& path, const std::function<void(const std::string&)>& fill = {});

}  // namespace ostler
