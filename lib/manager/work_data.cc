#include "lib/manager/work_data.h"

#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/data/records.h"

namespace ostler {

std::vector<std::string> data_paths(const JobSpec& spec, const JobPaths& paths) {
  std::vector<std::string> list;
  for (const DataFile& file : spec.data) list.push_back(file.path == "-" ? paths.input : file.path);
  return list;
}

std::string data_format(const JobSpec& spec) {
  if (!spec.data_format.empty() || spec.data.size() != 1 || spec.data[0].path != "-") return spec.data_format;
  return spec.module.input == "text" ? "text" : "csv";
}

std::string trained_format(const JobSpec& spec) {
  if (!spec.data_format.empty()) return spec.data_format;
  const std::string by_name = spec.data.empty() ? "" : format_of(spec.data[0].path);
  if (!by_name.empty()) return by_name;
  return spec.module.input == "text" ? "text" : "csv";
}

void note_changed_data(const JobSpec& spec, TrainReporter& reporter) {
  for (const auto* files : {&spec.data, &spec.validation}) {
    for (const DataFile& file : *files) {
      if (file.path == "-") continue;
      const auto status = file_status(file.path);
      if (!status)
        throw invalid_argument("the data file " + file.path + " is gone since the job was submitted");
      if (status->size != file.size || status->modified_ns != file.modified_ns)
        reporter.log("note: " + file.path + " has changed since the job was submitted");
    }
  }
}

}  // namespace ostler
