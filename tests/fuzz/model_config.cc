// A model's config.yml. For any bytes: a ModuleConfig or an Error; one that is saved is loaded the same, and
// so is any YAML document; the check of the model's files passes or is an Error, and looks at nothing outside
// of the model.

#include "lib/core/model_directory.h"
#include "tests/fuzz/fuzz.h"

using namespace ostler;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const auto value = fuzz::attempt([&] { return parse_yaml(text, "config.yml"); });
  if (value) {
    const std::string yaml = to_yaml(*value);
    const auto again = fuzz::attempt([&] { return parse_yaml(yaml, "again.yml"); });
    fuzz::promise(again && fuzz::same(*again, *value), "YAML is read back as it was written:\n" + yaml);
  }
  static const fuzz::Directory top;
  static const std::string given = top.path() + "/given", saved = top.path() + "/saved";
  if (!is_directory(given)) {
    make_directories(given);
    make_directories(saved);
    write_file(given + "/model.bin", "0123456789", Sync::no);
  }
  write_file(given + "/config.yml", text, Sync::no);
  const auto model = fuzz::attempt([&] { return ModelDirectory::open(given); });
  fuzz::promise(!model || value, "what is no YAML is no model");
  why_not_replaceable(given);
  if (!model) return 0;
  fuzz::promise(!model->config().module_id().empty(), "a model has a module");
  for (const auto& [key, path] : model->config().module_paths()) fuzz::promise(path.data() != nullptr, key);
  if (fuzz::attempt([&] { return model->verify(), true; }))
    if (const Value* files = model->config().values().find("files"); files != nullptr && files->is_object())
      for (const auto& [name, entry] : files->as_object())
        fuzz::promise(starts_with(absolute_path(name, given), given + "/"),
                      "a model's file is in the model: " + name);
  model->config().save(saved);
  fuzz::promise(fuzz::same(ModuleConfig::load(saved).values(), model->config().values()),
                "a model's configuration is loaded as it was saved");
  return 0;
}
