#include "lib/core/factory.h"

#include <doctest/doctest.h>

#include <functional>

using namespace ostler;

namespace {

struct Thing {
  std::string type, name;
  Value config;
};
struct Nothing {};

std::unique_ptr<Thing> build_a(const Value& config, const std::string& name, const Nothing&) {
  return std::make_unique<Thing>(Thing{"A", name, config});
}
std::unique_ptr<Thing> build_b(const Value& config, const std::string& name, const Nothing&) {
  return std::make_unique<Thing>(Thing{"B", name, config});
}

using ThingFactory = Factory<Thing, Nothing>;

ThingFactory factory() {
  ThingFactory made("thing");
  made.register_type("LOCAL", build_a);
  made.register_type("MULTI", build_b);
  return made;
}

std::string message_of(const std::string& yaml) {
  try {
    factory().construct(parse_yaml(yaml, "f.yml"), "x", {});
  } catch (const Error& error) {
    return error.what();
  }
  return "(no error)";
}

}  // namespace

TEST_CASE("[FAC-1] factory: builds by type from configuration and instance name") {
  const auto thing = factory().construct(parse_yaml("{type: LOCAL, config: {a: 1}}", "f"), "mine", {});
  CHECK(thing->type == "A");
  CHECK(thing->name == "mine");
  CHECK(thing->config.at("a").as_integer() == 1);
}

TEST_CASE("[FAC-2] factory: no config is an empty one, no instance name is the type's name") {
  CHECK(factory().construct(parse_yaml("{type: LOCAL}", "f"), "x", {})->config.is_object());
  CHECK(factory().construct(parse_yaml("{type: LOCAL, config: null}", "f"), "x", {})->config.is_object());
  CHECK(factory().construct(parse_yaml("{type: MULTI}", "f"), "", {})->name == "MULTI");
}

TEST_CASE(
    "[FAC-3] factory: an unregistered type names the factory, the type and the known ones, nearest first") {
  CHECK(message_of("type: LOCL") == "f.yml:1: the thing factory has no type \"LOCL\"; known: LOCAL, MULTI");
  CHECK(message_of("type: MULTY") == "f.yml:1: the thing factory has no type \"MULTY\"; known: MULTI, LOCAL");
}

TEST_CASE("[FAC-4] factory: a name is taken once, but the same class may come again") {
  ThingFactory made = factory();
  made.register_type("LOCAL", build_a);
  CHECK_THROWS_AS(made.register_type("LOCAL", build_b), Error);
}

TEST_CASE("[FAC-8] factory: a scalar config, an unknown key and a missing type are configuration errors") {
  CHECK(message_of("{type: LOCAL, config: 3}").find("f.yml:1: ") == 0);
  CHECK(message_of("{type: LOCAL, confg: {}}").find("did you mean \"config\"?") != std::string::npos);
  CHECK(message_of("{config: {}}").find("has no type") != std::string::npos);
  CHECK(message_of("- LOCAL").find("must be a map with a type") != std::string::npos);
}
