#include "lib/base/error.h"

#include <cerrno>
#include <cstring>

namespace ostler {

std::string_view status_code_name(StatusCode code) {
  switch (code) {
    case StatusCode::ok:
      return "OK";
    case StatusCode::cancelled:
      return "CANCELLED";
    case StatusCode::unknown:
      return "UNKNOWN";
    case StatusCode::invalid_argument:
      return "INVALID_ARGUMENT";
    case StatusCode::deadline_exceeded:
      return "DEADLINE_EXCEEDED";
    case StatusCode::not_found:
      return "NOT_FOUND";
    case StatusCode::already_exists:
      return "ALREADY_EXISTS";
    case StatusCode::permission_denied:
      return "PERMISSION_DENIED";
    case StatusCode::resource_exhausted:
      return "RESOURCE_EXHAUSTED";
    case StatusCode::failed_precondition:
      return "FAILED_PRECONDITION";
    case StatusCode::aborted:
      return "ABORTED";
    case StatusCode::out_of_range:
      return "OUT_OF_RANGE";
    case StatusCode::unimplemented:
      return "UNIMPLEMENTED";
    case StatusCode::internal:
      return "INTERNAL";
    case StatusCode::unavailable:
      return "UNAVAILABLE";
    case StatusCode::data_loss:
      return "DATA_LOSS";
    case StatusCode::unauthenticated:
      return "UNAUTHENTICATED";
  }
  return "UNKNOWN";
}

Error invalid_argument(const std::string& message) { return {StatusCode::invalid_argument, message}; }
Error not_found(const std::string& message) { return {StatusCode::not_found, message}; }
Error internal_error(const std::string& message) { return {StatusCode::internal, message}; }

Error system_error(int error_number, const std::string& what) {
  StatusCode code = StatusCode::unknown;
  if (error_number == EACCES || error_number == EPERM || error_number == EROFS)
    code = StatusCode::permission_denied;
  if (error_number == ENOSPC || error_number == EDQUOT) code = StatusCode::resource_exhausted;
  return {code, what + ": " + std::strerror(error_number)};
}

}  // namespace ostler
