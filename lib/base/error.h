#pragma once

// How failures travel in ostler.
//
// A failure that a caller may want to tell from others is an `Error` with one of caikit's status codes (which
// are gRPC's). Absence is not a failure: look-ups return std::optional or a null pointer. Exceptions of
// third-party libraries are turned into `Error` in the file that calls the library and go no further.
//
// Who handles what:
//   invalid_argument     the user's words, configuration or data are wrong: exit code 2, nothing was touched
//   not_found            no such job, model, module, file: exit code 3
//   already_exists,
//   unavailable          an active job has that id, or a result is asked for too early: exit code 4
//   cancelled            the job was canceled: exit code 5
//   aborted              the job is ERRORED: exit code 6
//   deadline_exceeded    our own --timeout ran out: exit code 124
//   everything else      ostler or what is around it (store, disk, library) failed: exit code 1

#include <stdexcept>
#include <string>
#include <string_view>

namespace ostler {

enum class StatusCode {
  ok = 0,
  cancelled = 1,
  unknown = 2,
  invalid_argument = 3,
  deadline_exceeded = 4,
  not_found = 5,
  already_exists = 6,
  permission_denied = 7,
  resource_exhausted = 8,
  failed_precondition = 9,
  aborted = 10,
  out_of_range = 11,
  unimplemented = 12,
  internal = 13,
  unavailable = 14,
  data_loss = 15,
  unauthenticated = 16,
};

// "INVALID_ARGUMENT" and so on.
std::string_view status_code_name(StatusCode code);

// The message is a full sentence for the user: what, where, and what to do about it. It has no "error:"
// prefix and no trailing newline; the command line adds "ostler: error: ".
class Error : public std::runtime_error {
 public:
  Error(StatusCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  StatusCode code() const noexcept { return code_; }

 private:
  StatusCode code_;
};

// Shorthands for the common codes.
Error invalid_argument(const std::string& message);
Error not_found(const std::string& message);
Error internal_error(const std::string& message);

// "WHAT PATH: strerror(ERRNO)". EACCES, EPERM and EROFS become permission_denied, ENOSPC and EDQUOT
// resource_exhausted, the others unknown: that a file is not there is not_found only where the user asked for
// a job, a model or a module.
Error system_error(int error_number, const std::string& what);

}  // namespace ostler
