#include <doctest/doctest.h>
#include <fcntl.h>

#include "lib/base/files.h"
#include "lib/base/strings.h"
#include "lib/data/zip.h"
#include "lib/manager/model_archive.h"
#include "lib/manager/model_manager.h"
#include "tests/support/message_of.h"

using namespace ostler;

namespace {

constexpr char kModuleId[] = "6a0e1f0c-6f2e-4b0e-9c57-0d6c6a1a2b3c";

// A manager whose store and load path lie in a fresh directory.
struct Fixture {
  std::string directory = working_directory() + "/" + make_uuid4();
  ModelManager manager;

  Fixture() : manager(options(directory)) {}
  static ModelManager::Options options(const std::string& directory) {
    make_directories(directory);
    ModelManager::Options wanted;
    wanted.working_directory = directory;
    wanted.environment = {"HOME=" + directory};
    return wanted;
  }

  std::string path(const std::string& name) const { return join_path(directory, name); }
  std::string text(const std::string& name) const { return read_file(path(name)); }
  void write(const std::string& name, const std::string& content) const {
    make_directories(parent_path(path(name)));
    write_file(path(name), content, Sync::no, 0666);
  }
  // Everything at the top that tests have made, staged leftovers included.
  std::vector<std::string> names() const { return list_directory(directory); }
};

// Its model is one file, which it counts up each time it is saved.
class CountingModule : public Module {
 public:
  RecordBatch run(const RecordBatch& input, const RunOptions&) const override { return input; }
  std::vector<InputColumn> input_columns() const override { return {}; }
  SaveResult save(const std::string& directory) const override {
    write_file(join_path(directory, "count"), std::to_string(++saves_), Sync::no, 0666);
    if (saves_ == fails_at) throw internal_error("no luck");
    return {Value::object({{"saves", saves_}})};
  }
  int fails_at = 0;

 private:
  mutable int saves_ = 0;
};

}  // namespace

TEST_CASE("[MGR-10] extract: once, and again only when forced, over a model that may be replaced") {
  Fixture f;
  f.write("m/config.yml", std::string("module_id: ") + kModuleId + "\nname: first\n");
  f.write("m/sub/data", "x");
  f.manager.export_model(f.manager.find_model("m"), "m.zip");
  CHECK(f.manager.extract("m.zip", "out/there") == f.path("out/there"));
  CHECK(f.text("out/there/sub/data") == "x");
  CHECK(list_directory(f.path("out")) == std::vector<std::string>{"there"});

  // It is there: nothing is done, not even looked at the archive.
  f.write("out/there/sub/data", "y");
  CHECK(f.manager.extract("absent.zip", "out/there") == f.path("out/there"));
  CHECK(f.text("out/there/sub/data") == "y");
  // Not one of ours: never replaced.
  CHECK(message_of([&] { f.manager.extract("m.zip", "out/there", true); }).find("cannot save to") == 0);
  CHECK(f.text("out/there/sub/data") == "y");
  make_directories(f.path("out/empty"));
  CHECK(f.manager.extract("m.zip", "out/empty", true) == f.path("out/empty"));
  CHECK(f.text("out/empty/sub/data") == "x");
  CHECK(list_directory(f.path("out")) == std::vector<std::string>{"empty", "there"});

  CHECK(message_of([&] { f.manager.extract("absent.zip", "out/a"); }) ==
        f.path("absent.zip") + " does not exist");
  f.write("bad.zip", "PK");
  CHECK(message_of([&] { f.manager.extract("bad.zip", "out/a"); }).find("is no zip archive") !=
        std::string::npos);
  CHECK(list_directory(f.path("out")) == std::vector<std::string>{"empty", "there"});
}

TEST_CASE("[MGR-10] extract: a model of ours is replaced when that is forced") {
  Fixture f;
  ModuleConfig config(Value::object({{"module_id", kModuleId}, {"ostler_version", "1"}}), "");
  f.write("m/data", "new");
  add_file_manifest(config, f.path("m"));
  config.save(f.path("m"));
  f.manager.export_model(f.manager.find_model("m"), "m.zip");
  f.manager.extract("m.zip", "there");
  const std::string data = f.text("there/data");
  const auto inode = file_status(f.path("there/data"))->inode;
  f.manager.extract("m.zip", "there", true);
  CHECK(f.text("there/data") == data);
  CHECK(file_status(f.path("there/data"))->inode != inode);
  CHECK(f.names() == std::vector<std::string>{"m", "m.zip", "there"});
}

TEST_CASE("[MGR-4] the bytes of an archive are loaded as its file is") {
  Fixture f;
  f.write("m/config.yml", std::string("module_id: ") + kModuleId + "\nmodule_class: Thing\n");
  f.manager.export_model(f.manager.find_model("m"), "m.zip");
  // The module is not installed: that is all that is missing.
  const std::string bytes = f.text("m.zip");
  const std::string message = message_of([&] { f.manager.load_archive(bytes); });
  CHECK(message.find("the model the archive (module " + std::string(kModuleId) + ") cannot be loaded") == 0);
  const UniqueFd fd = open_file(f.path("m.zip"), O_RDONLY);
  CHECK(message_of([&] { f.manager.load_archive(fd.get(), "the upload"); }).find("the model the upload") ==
        0);
  CHECK(message_of([&] { f.manager.load_archive("PK"); }).find("the archive is no zip archive") == 0);
}

TEST_CASE("[MDL-2] saving a loaded model again keeps created and tracking_id") {
  Fixture f;
  auto module = std::make_unique<CountingModule>();
  CountingModule& counting = *module;
  LoadedModel model;
  model.config = ModuleConfig(Value::object({{"caikit_version", "0.27.0"},
                                             {"created", "2024-01-01 00:00:00.000000"},
                                             {"saved", "2024-01-01 00:00:00.000000"},
                                             {"tracking_id", "t-1"},
                                             {"module_id", kModuleId},
                                             {"name", "mine"}}),
                              "");
  model.module = std::move(module);
  f.manager.save(model, "m");
  const FoundModel first = f.manager.find_model("m");
  const Value& values = first.config.values();
  CHECK(values.get_string("created") == "2024-01-01 00:00:00.000000");
  CHECK(values.get_string("tracking_id") == "t-1");
  CHECK(values.get_string("name") == "mine");
  CHECK(values.get_string("saved") > "2026");
  CHECK(values.get_integer("saves") == 1);
  first.directory->verify();

  // Over itself, while it is read: the reader keeps the old one.
  f.manager.save(model, "m");
  CHECK(f.text("m/count") == "2");
  CHECK(read_file(join_path(first.directory->read_path(), "count")) == "1");
  f.manager.find_model("m").directory->verify();
  // A save that fails leaves the model, and nothing else.
  counting.fails_at = 3;
  CHECK(message_of([&] { f.manager.save(model, "n"); }) == "no luck");
  CHECK_FALSE(file_status(f.path("n")));
  f.write("mine/notes.txt", "mine");
  CHECK(message_of([&] { f.manager.save(model, "mine"); }).find("cannot save to") == 0);
}

TEST_CASE("[MDL-2] what was replaced is removed when nobody reads it any more") {
  Fixture f;
  LoadedModel model;
  model.config = ModuleConfig(Value::object({{"module_id", kModuleId}}), "");
  model.module = std::make_unique<CountingModule>();
  f.manager.save(model, "m");
  {
    const FoundModel reader = f.manager.find_model("m");
    f.manager.save(model, "m");
    CHECK(f.names().size() == 2);  // the model, and the old one that is read
  }
  f.manager.save(model, "m");
  CHECK(f.text("m/count") == "3");
  CHECK(f.names() == std::vector<std::string>{"m"});
}
