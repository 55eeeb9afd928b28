// A model directory: its configuration, its manifest, reading it while it is replaced.

#include <doctest/doctest.h>

#include <unistd.h>

#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/core/model_directory.h"
#include "tests/support/message_of.h"

using namespace ostler;

namespace {

void make_model(const std::string& path, const std::string& content) {
  make_directories(path);
  write_file(path + "/weights", content, Sync::no);
  ModuleConfig config(Value::object({{"ostler_version", "0.1.0"}, {"module_id", "id"}}), "");
  add_file_manifest(config, path);
  config.save(path);
}

ModuleConfig load_text(const std::string& text) {
  make_directories("model");
  write_file("model/config.yml", text, Sync::no);
  return ModuleConfig::load("model");
}

}  // namespace

TEST_CASE(
    "[FND-2] module config: module_id is required, old names are taken for it, model_path is reserved") {
  CHECK(load_text("module_id: a\n").module_id() == "a");
  CHECK(load_text("module_id: a\n").model_path() == "model");
  CHECK(load_text("module_id: a\nblock_id: b\n").module_id() == "a");
  CHECK(load_text("resource_id: r\nblock_id: b\nworkflow_id: w\n").module_id() == "b");
  CHECK(load_text("workflow_id: w\nresource_id: r\n").module_id() == "w");
  const ModuleConfig legacy = load_text("resource_id: r\n");
  CHECK(legacy.module_id() == "r");
  CHECK(legacy.note().find("model/config.yml:1: resource_id") == 0);
  CHECK(message_of([] { load_text("name: x\n"); }).find("module_id is missing") != std::string::npos);
  for (const char* key : {"model_path", "Model_Path", "MODEL_PATH"})
    CHECK(message_of([&] { load_text(std::string("module_id: a\n") + key + ": x\n"); }).find("reserved") !=
          std::string::npos);
  CHECK(load_text("module_id: a\nsub: {model_path: x}\n").module_id() == "a");
}

TEST_CASE("module config: what is no configuration is said with file and line") {
  CHECK(message_of([] { load_text(""); }).find("model/config.yml:1: the file is empty") == 0);
  CHECK(message_of([] { load_text("- a\n"); }).find("model/config.yml:1: ") == 0);
  CHECK(message_of([] { load_text("a: b: c\n"); }).find("model/config.yml:1: this is not YAML") == 0);
  CHECK(message_of([] { load_text("module_id: [a]\n"); }).find("model/config.yml:1: ") == 0);
  make_directories("nothing");
  CHECK(message_of([] { ModuleConfig::load("nothing"); }) == "nothing has no config.yml: it is no model");
}

TEST_CASE("[FND-3] module config: saved without the reserved key, and reads back") {
  ModuleConfig config = load_text("module_id: a\nname: n\nmetrics: {accuracy: 0.5}\n");
  make_directories("copy");
  config.save("copy");
  CHECK(read_file("copy/config.yml").find("model_path") == std::string::npos);
  CHECK(ModuleConfig::load("copy").values() == config.values());
}

TEST_CASE("model directory: a file that is missing, cut, longer or altered is named") {
  const auto verify = [] { ModelDirectory::open("m").verify(); };
  make_model("m", "12345");
  CHECK(message_of(verify) == "(no error)");
  write_file("m/weights", "1234", Sync::no);
  CHECK(message_of(verify).find("weights has 4 bytes instead of 5") != std::string::npos);
  write_file("m/weights", "12346", Sync::no);
  CHECK(message_of(verify).find("weights was altered") != std::string::npos);
  remove_file_if_there("m/weights");
  CHECK(message_of(verify).find("weights is missing") != std::string::npos);
  REQUIRE(::symlink("/etc/passwd", "m/weights") == 0);
  CHECK(message_of(verify).find("is not a regular file") != std::string::npos);
}

TEST_CASE("model directory: a reader keeps the model that it opened, whatever is at the path later") {
  make_model("read", "old");
  const ModelDirectory old_model = ModelDirectory::open("read");
  rename_path("read", "aside");
  make_model("read", "new");
  CHECK(read_file(old_model.read_path() + "/weights") == "old");
  old_model.verify();
  CHECK(read_file(ModelDirectory::open("read").read_path() + "/weights") == "new");
}

TEST_CASE("model directory: what may be replaced") {
  CHECK(why_not_replaceable("absent").empty());
  make_directories("empty");
  CHECK(why_not_replaceable("empty").empty());
  make_model("ours", "x");
  CHECK(why_not_replaceable("ours").empty());
  write_file("ours/notes.txt", "mine", Sync::no);
  CHECK(why_not_replaceable("ours").find("notes.txt is not in its manifest") != std::string::npos);
  make_directories("project/src");
  write_file("project/src/main.c", "", Sync::no);
  CHECK(why_not_replaceable("project").find("no config.yml") != std::string::npos);
  make_directories("folders/below");
  CHECK_FALSE(why_not_replaceable("folders").empty());
  write_file("plain", "", Sync::no);
  CHECK_FALSE(why_not_replaceable("plain").empty());
  REQUIRE(::symlink("ours", "link") == 0);
  CHECK_FALSE(why_not_replaceable("link").empty());
  make_directories("foreign");
  write_file("foreign/config.yml", "module_id: a\n", Sync::no);
  CHECK_FALSE(why_not_replaceable("foreign").empty());
}
