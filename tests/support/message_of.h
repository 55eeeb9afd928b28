#pragma once

#include <functional>
#include <string>

#include "lib/base/error.h"

// The message of the Error that `action` throws; "(no error)" when it throws none.
inline std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const ostler::Error& error) {
    return error.what();
  }
  return "(no error)";
}
