#pragma once

// What a user names as data: files, directories, patterns.

#include <string>
#include <vector>

namespace ostler {

// The files that `given` mean, in its order; relative ones are below `working_directory`.
//   -            standard input, and stays "-"
//   a file       itself, whatever characters its name has
//   a directory  the data files in it, sorted by name; not those below, nor hidden ones. Which are data the
//                extension tells: those of `format`; without one the .json files, else those of the only
//                format that is there
//   a pattern    (with * ? or [) the files that match, sorted; for a shell that did not expand it
// What is absent stays as it is, for the reader to say. Error (invalid_argument): a directory without data
// files, or with files of several formats; a pattern that nothing matches; a place in S3.
std::vector<std::string> expand_data(const std::vector<std::string>& given, const std::string& format,
                                     const std::string& working_directory);

}  // namespace ostler
