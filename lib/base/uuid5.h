#pragma once

// UUIDs of version 5 (RFC 9562): the same name in the same namespace is the same UUID, everywhere.

#include <string>
#include <string_view>

namespace ostler {

// `name_space` is a UUID in lower case.
std::string make_uuid5(const std::string& name_space, std::string_view name);

}  // namespace ostler
