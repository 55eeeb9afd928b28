#include "lib/model_management/code_copy.h"

#include <algorithm>

#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/base/strings.h"

namespace ostler {

std::vector<CodeFile> take_code(ModuleManifest& manifest, const std::string& directory) {
  std::vector<CodeFile> copies;
  if (!manifest.is_command()) return copies;
  const std::string base = manifest.command.get_string("directory");
  const auto add = [&](const std::string& path) {
    const auto known = [&](const CodeFile& copy) { return copy.from == path; };
    if (starts_with(path, base + "/") && std::none_of(copies.begin(), copies.end(), known))
      copies.push_back({path, path.substr(base.size() + 1)});
  };
  for (const Value& entry : manifest.command.at("code").as_array()) {
    const std::string& path = entry.as_string();
    if (!is_directory(path)) {
      add(path);
      continue;
    }
    for (const std::string& name : list_tree(path))
      if (name.find("__pycache__/") == std::string::npos) add(join_path(path, name));
  }
  if (copies.empty()) return copies;
  Value* files = manifest.command.find("files");
  if (files != nullptr)
    for (const Value& file : files->as_array()) add(file.at("path").as_string());

  const auto copied = [&](const std::string& path) {
    return std::any_of(copies.begin(), copies.end(), [&](const CodeFile& copy) { return copy.from == path; });
  };
  for (const char* role : {"train", "run"}) {
    Value* words = manifest.command.find(role);
    if (words == nullptr) continue;
    for (Value& word : words->as_array())
      if (copied(word.as_string())) word = join_path(directory, word.as_string().substr(base.size() + 1));
  }
  if (files != nullptr)
    std::erase_if(files->as_array(), [&](const Value& file) { return copied(file.at("path").as_string()); });
  return copies;
}

}  // namespace ostler
