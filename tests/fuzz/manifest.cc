// A module's manifest, and after a NUL byte the parameters that a user gives, as JSON. For any bytes: a
// ModuleManifest or an Error; a manifest that is written is read back the same; parameters are refused with
// an Error or completed, and what was taken is taken again, unchanged.

#include "lib/core/module_manifest.h"
#include "tests/fuzz/fuzz.h"

using namespace ostler;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const std::size_t end = text.find('\0');
  const std::string path = "/modules/x.json";
  const auto manifest =
      fuzz::attempt([&] { return module_manifest_from(parse_json(text.substr(0, end), path), path); });
  if (!manifest) return 0;
  const std::string written = to_json(to_value(*manifest));
  const std::string again = to_json(to_value(module_manifest_from(parse_json(written, path), path)));
  fuzz::promise(again == written, "a manifest is read back as it was written:\n" + written + "\n" + again);
  fuzz::promise(manifest->is_command() || starts_with(manifest->file, "/"),
                "a shared object has a full path");

  const auto given = fuzz::attempt([&] {
    return end == std::string_view::npos ? Value::object() : parse_json(text.substr(end + 1), "parameters");
  });
  if (!given) return 0;
  const auto parameters = fuzz::attempt([&] { return check_parameters(*manifest, *given); });
  for (const ParameterSpec& spec : manifest->parameters) describe(spec);
  if (!parameters || manifest->any_parameters) return 0;
  Value taken = Value::object();
  for (const ParameterSpec& spec : manifest->parameters)
    if (const Value* value = given->find(spec.name); value != nullptr && !value->is_null())
      taken[spec.name] = parameters->at(spec.name);
  const Value completed = check_parameters(*manifest, taken);
  fuzz::promise(fuzz::same(completed, *parameters),
                "what was taken is taken:\n" + to_json(*parameters) + "\n" + to_json(completed));
  return 0;
}
