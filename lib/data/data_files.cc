#include "lib/data/data_files.h"

#include <glob.h>

#include <algorithm>
#include <map>

#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/base/strings.h"
#include "lib/data/records.h"

namespace ostler {

namespace {

bool is_in_s3(const std::string& given) { return starts_with(given, "s3://") || starts_with(given, "S3://"); }

std::vector<std::string> files_in(const std::string& directory, const std::string& format) {
  std::map<std::string, std::vector<std::string>> by_format;
  for (const std::string& name : list_directory(directory)) {
    const std::string found = format_of(name);
    const std::string path = join_path(directory, name);
    if (!found.empty() && !starts_with(name, ".") && !is_directory(path)) by_format[found].push_back(path);
  }
  std::vector<std::string> formats;
  for (const auto& [name, paths] : by_format) formats.push_back(name);
  std::string wanted = format;
  if (wanted.empty() && by_format.count("json") != 0) wanted = "json";
  if (wanted.empty() && formats.size() == 1) wanted = formats[0];
  if (wanted.empty() && formats.size() > 1)
    throw invalid_argument("the directory " + directory + " holds data of several formats (" +
                           join(formats, ", ") + "); say which with --input-format, or name the files");
  if (by_format.count(wanted) == 0)
    throw invalid_argument("the directory " + directory + " holds no " + wanted +
                           (wanted.empty() ? "" : " ") + "data files (by extension); name the files");
  return by_format[wanted];
}

// A directory's name is no pattern.
std::string quoted(const std::string& path) {
  std::string text;
  for (const char c : path) {
    if (c == '*' || c == '?' || c == '[' || c == '\\') text += '\\';
    text += c;
  }
  return text;
}

std::vector<std::string> matching(const std::string& pattern, const std::string& working_directory) {
  const std::string absolute = pattern[0] == '/' ? pattern : quoted(working_directory) + "/" + pattern;
  glob_t found{};
  const int failure = ::glob(absolute.c_str(), GLOB_MARK, nullptr, &found);
  std::vector<std::string> paths;
  for (std::size_t i = 0; failure == 0 && i < found.gl_pathc; ++i)
    if (!ends_with(found.gl_pathv[i], "/")) paths.emplace_back(found.gl_pathv[i]);
  ::globfree(&found);
  if (paths.empty()) throw invalid_argument("no file matches " + pattern);
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace

std::vector<std::string> expand_data(const std::vector<std::string>& given, const std::string& format,
                                     const std::string& working_directory) {
  if (!format.empty()) check_format(format);
  std::vector<std::string> files;
  for (const std::string& name : given) {
    if (is_in_s3(name))
      throw invalid_argument("reading data from S3 is not supported yet: " + name + "; copy it to a file");
    const std::string path = name == "-" ? name : absolute_path(name, working_directory);
    std::vector<std::string> meant = {name};
    if (name != "-" && is_directory(path))
      meant = files_in(path, format);
    else if (name != "-" && name.find_first_of("*?[") != std::string::npos && !file_status(path))
      meant = matching(name, working_directory);
    files.insert(files.end(), meant.begin(), meant.end());
  }
  return files;
}

}  // namespace ostler
