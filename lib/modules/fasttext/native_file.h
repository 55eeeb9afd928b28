#pragma once

// Looking at a model file of fastText before the library does: it takes what it reads on trust, and a file
// that is cut or altered ends the process (failed assertions, division by zero) or hangs it.

#include <string>

namespace ostler {

// Walks through the whole file. Throws Error (data_loss) naming it unless it is a classifier of fastText 0.9
// (not quantized) whose parts fit each other and which ends where it should.
void check_native_file(const std::string& path);

}  // namespace ostler
