#include "lib/core/job.h"

#include <array>

#include "lib/base/error.h"
#include "lib/base/strings.h"

namespace ostler {

namespace {

constexpr std::array<std::string_view, 5> kStatuses = {"QUEUED", "RUNNING", "COMPLETED", "CANCELED",
                                                       "ERRORED"};
constexpr std::array<std::string_view, 11> kReasons = {"",           "exit",       "signal", "out_of_memory",
                                                       "time_limit", "dependency", "lost",   "requirement",
                                                       "disk_full",  "module",     "user"};

constexpr std::array<std::string_view, 4> kIfExists = {"fail", "attach", "reuse", "replace"};

// caikit's two alphabets: a character of the first becomes the one at the same place of the second.
constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
constexpr std::string_view kHashed = "xzhwTHt7UjOsQFqvKPDulYNWdEy3e52Xka8CSA0mJ1MG6nZ-cBLfI4Rg9i_prVbo";
static_assert(kPlain.size() == 64 && kHashed.size() == 64);

std::string translate(std::string_view text, std::string_view from, std::string_view to) {
  std::string result(text);
  for (char& character : result)
    if (const std::size_t place = from.find(character); place != std::string_view::npos)
      character = to[place];
  return result;
}

}  // namespace

std::string_view job_status_name(JobStatus status) { return kStatuses.at(static_cast<std::size_t>(status)); }

std::optional<JobStatus> job_status_from(std::string_view name) {
  for (std::size_t i = 0; i < kStatuses.size(); ++i)
    if (kStatuses[i] == name) return static_cast<JobStatus>(i);
  return std::nullopt;
}

bool is_legal_move(JobStatus from, JobStatus to) {
  switch (from) {
    case JobStatus::QUEUED:
      return to == JobStatus::RUNNING || to == JobStatus::CANCELED || to == JobStatus::ERRORED;
    case JobStatus::RUNNING:
      return is_terminal(to) || to == JobStatus::QUEUED;
    default:
      return false;
  }
}

std::string_view job_reason_name(JobReason reason) { return kReasons.at(static_cast<std::size_t>(reason)); }

std::optional<JobReason> job_reason_from(std::string_view name) {
  for (std::size_t i = 0; i < kReasons.size(); ++i)
    if (kReasons[i] == name) return static_cast<JobReason>(i);
  return std::nullopt;
}

std::string_view job_kind_name(JobKind kind) { return kind == JobKind::train ? "train" : "predict"; }

std::optional<IfExists> if_exists_from(std::string_view name) {
  for (std::size_t i = 0; i < kIfExists.size(); ++i)
    if (kIfExists[i] == name) return static_cast<IfExists>(i);
  return std::nullopt;
}

std::string hash_instance_name(std::string_view name) { return translate(name, kPlain, kHashed); }
std::string unhash_instance_name(std::string_view hash) { return translate(hash, kHashed, kPlain); }

void throw_if_not_completed(const JobInfo& info) {
  switch (info.status) {
    case JobStatus::COMPLETED:
      return;
    case JobStatus::CANCELED:
      throw Error(StatusCode::cancelled, "job " + info.id + " was canceled");
    case JobStatus::ERRORED: {
      const std::string reason(job_reason_name(info.reason));
      throw Error(StatusCode::aborted, "job " + info.id + " failed" +
                                           (reason.empty() ? "" : " (" + reason + ")") +
                                           (info.errors.empty() ? "" : ": " + join(info.errors, "; ")));
    }
    default:
      throw Error(StatusCode::unavailable,
                  "job " + info.id + " has not ended: it is " + std::string(job_status_name(info.status)));
  }
}

}  // namespace ostler
