#pragma once

// Internal to lib/data: a JSON document that is one array, as JSON Lines.

#include <memory>
#include <string>

#include "lib/data/bytes.h"

namespace ostler {

// An element of the array a line, blanks for the line ends within it: what is inside an element is for
// whoever reads the lines to judge. Errors (invalid_argument), naming the source: no array, one that is not
// closed, an element that is missing between two commas, something after the array. Memory is flat.
std::unique_ptr<ByteSource> json_array_lines(std::unique_ptr<ByteSource> bytes, const std::string& name);

}  // namespace ostler
