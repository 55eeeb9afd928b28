#include "commands/new_module.h"

#include <fmt/format.h>

#include <fcntl.h>

#include <string_view>

#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/base/strings.h"
#include "lib/core/module_manifest.h"

namespace ostler {

namespace {

constexpr std::string_view kPythonTrain =
    R"py(# Trains: learns the most frequent value of the label. Replace what lies between the two calls of open().
import collections, csv, json, os

job = json.load(open(os.environ["OSTLER_PARAMS"]))  # data, validation, data_format, parameters, cpus
label = job["parameters"]["label"]
counts = collections.Counter(row[label] for path in job["data"] for row in csv.DictReader(open(path, newline="")))
best, count = counts.most_common(1)[0]
with open(os.environ["OSTLER_EVENTS"], "a") as events:  # a JSON object a line: progress and metrics
    print(json.dumps({"done": 1, "total": 1, "unit": "passes",
                      "metrics": {"train_accuracy": count / sum(counts.values())}}), file=events)
with open(os.path.join(os.environ["OSTLER_MODEL_DIR"], "model.json"), "w") as model:
    json.dump({"best": best}, model)
)py";

constexpr std::string_view kPythonPredict =
    R"py(# Predicts: rows as CSV on standard input, a prediction for each on standard output, in order.
import csv, json, os, sys

model = json.load(open(os.path.join(os.environ["OSTLER_MODEL_DIR"], "model.json")))
out = csv.writer(sys.stdout)
out.writerow(["prediction"])
for row in csv.DictReader(sys.stdin):
    out.writerow([model["best"]])
)py";

constexpr std::string_view kShellTrain = R"sh(#!/bin/sh
# Trains: learns the most frequent line of the data. OSTLER_PARAMS is a JSON file; its data stand a line each.
set -eu
sed -n '/"data": \[/,/\]/s/^ *"\(.*\)",\{0,1\}$/\1/p' "$OSTLER_PARAMS" |
  while IFS= read -r path; do cat "$path"; done |
  sort | uniq -c | sort -rn | head -n 1 | sed 's/^ *[0-9]* //' > "$OSTLER_MODEL_DIR/best"
echo '{"done": 1, "total": 1, "unit": "passes"}' >> "$OSTLER_EVENTS"
)sh";

constexpr std::string_view kShellPredict = R"sh(#!/bin/sh
# Predicts: rows as lines of text on standard input, a prediction for each on standard output, in order.
set -eu
best=$(cat "$OSTLER_MODEL_DIR/best")
while IFS= read -r line; do printf '%s\n' "$best"; done
)sh";

struct NewFile {
  std::string name;
  std::string content;
  unsigned mode;
};

}  // namespace

std::vector<std::string> write_new_module(const std::string& name, ScriptLanguage language,
                                          const std::string& directory) {
  if (!is_module_name(name))
    throw invalid_argument("\"" + name + "\" is no module name ([a-z0-9][a-z0-9._-]*)");
  const std::string folder = join_path(directory, name);
  if (file_status(folder, Links::keep))
    throw invalid_argument(folder + " is there already; nothing was written: choose another name");
  const bool own = file_status(join_path(directory, "ostler.yml"), Links::keep).has_value();
  const std::string prefix = own ? "" : name + "/";
  const bool python = language == ScriptLanguage::python;
  const std::string words =
      python
          ? fmt::format(
                "      train: [python3, {0}train.py]\n      run: [python3, {0}predict.py]\n"
                "      parameters: {{label: {{type: column, required: true, help: the column to predict}}}}\n"
                "      input: table\n      format: csv\n",
                prefix)
          : fmt::format(
                "      train: [sh, {0}train.sh]\n      run: [sh, {0}predict.sh]\n"
                "      parameters: {{}}\n      input: text\n      format: text\n",
                prefix);
  const std::string configuration =
      fmt::format("modules:\n  {}:\n    type: command\n    config:\n{}", name, words);
  const std::string end = python ? ".py" : ".sh";
  const unsigned mode = python ? 0666 : 0777;
  const std::vector<NewFile> files = {
      {name + "/train" + end, std::string(python ? kPythonTrain : kShellTrain), mode},
      {name + "/predict" + end, std::string(python ? kPythonPredict : kShellPredict), mode},
      {own ? name + "/ostler.yml" : "ostler.yml", configuration, 0666}};
  make_directories(folder);
  std::vector<std::string> written;
  for (const NewFile& file : files) {
    const std::string path = join_path(directory, file.name);
    const UniqueFd fd = open_file(path, O_WRONLY | O_CREAT | O_EXCL, file.mode);
    write_all(fd.get(), file.content, path);
    written.push_back(file.name);
  }
  return written;
}

}  // namespace ostler
