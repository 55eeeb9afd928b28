#include <doctest/doctest.h>

#include "lib/base/files.h"
#include "lib/model_management/multi_model_finder.h"
#include "tests/support/message_of.h"

using namespace ostler;

namespace {

std::string list_error(const std::string& config) {
  const Value values = parse_yaml(config, "c.yml");
  return message_of([&] {
    read_priority_list(values, "finder_priority", "finder", "default", {"default", "local", "jobs"});
  });
}

// Answers as its name says.
class Scripted : public ModelFinderBase {
 public:
  explicit Scripted(std::string what) : what_(std::move(what)) {}
  std::optional<FoundModel> find_model(const std::string& model_path, const LoadArguments&,
                                       std::string& why_not) const override {
    ++asked;
    if (what_ == "finds")  // a model that is not on disk (FND-6)
      return FoundModel{
          ModuleConfig(Value::object({{"module_id", "x"}}), "elsewhere:" + model_path), {}, what_};
    if (what_ == "broken") throw Error(StatusCode::data_loss, "broken has lost " + model_path);
    if (what_ == "busy") throw Error(StatusCode::unavailable, "busy is busy");
    why_not = what_ + " knows no " + model_path;
    return std::nullopt;
  }
  mutable int asked = 0;

 private:
  std::string what_;
};

struct Cast {
  Scripted finds{"finds"}, broken{"broken"}, busy{"busy"}, empty{"empty"}, other{"other"};
  MultiModelFinder of(const std::vector<const Scripted*>& finders) {
    std::vector<Member<ModelFinderBase>> members;
    for (const Scripted* finder : finders)
      members.push_back({finder == &finds    ? "finds"
                         : finder == &broken ? "broken"
                         : finder == &busy   ? "busy"
                         : finder == &empty  ? "empty"
                                             : "other",
                         finder});
    return MultiModelFinder(std::move(members));
  }
};

}  // namespace

TEST_CASE("[FND-4] [INI-6] a priority list: each fault has an error of its own, with file and line") {
  const std::string whose = "finder_priority of the finder \"default\"";
  CHECK(list_error("finder_priority: [jobs, local]") == "(no error)");
  for (const char* none : {"{}", "finder_priority:"})
    CHECK(list_error(none) ==
          "c.yml:1: the finder \"default\" of type MULTI needs finder_priority: a list of finders, in the "
          "order "
          "in which they are asked");
  CHECK(list_error("\nfinder_priority: local") ==
        "c.yml:2: " + whose + " must be a list, not the text \"local\"");
  CHECK(list_error("finder_priority: []") ==
        "c.yml:1: " + whose + " is empty: name at least one finder to ask");
  CHECK(list_error("finder_priority:\n- local\n- 3") ==
        "c.yml:3: entry 2 of " + whose + " must be text, not an integer");
  CHECK(list_error("finder_priority: [local, default]") ==
        "c.yml:1: " + whose + " names the finder itself: it would ask itself for ever");
  CHECK(
      list_error("finder_priority: [locale]") ==
      "c.yml:1: " + whose +
          " names an unknown finder: \"locale\"; did you mean \"local\"? (configured: default, local, jobs)");
  CHECK(message_of([] {
          MultiModelFinder::build(parse_yaml("{finder_priority: [a], load_path: /m}", "c.yml"), "default",
                                  {});
        }).find("is of type MULTI and has no load_path") != std::string::npos);
}

TEST_CASE("[FND-5] [FND-6] MULTI finder: the first that finds wins; who fails or finds nothing passes on") {
  Cast cast;
  std::string why_not;
  const auto found =
      cast.of({&cast.empty, &cast.broken, &cast.finds, &cast.other}).find_model("m", {}, why_not);
  REQUIRE(found);
  CHECK(found->finder == "finds");
  CHECK(found->config.model_path() == "elsewhere:m");
  CHECK(cast.empty.asked == 1);
  CHECK(cast.broken.asked == 1);
  CHECK(cast.other.asked == 0);
}

TEST_CASE("[FND-5] MULTI finder: when none finds, each one's reason is told, with the first failure's code") {
  Cast cast;
  std::string why_not;
  CHECK_FALSE(cast.of({&cast.empty, &cast.other}).find_model("m", {}, why_not));
  CHECK(why_not == "empty: empty knows no m; other: other knows no m");
  try {
    cast.of({&cast.empty, &cast.busy, &cast.broken}).find_model("m", {}, why_not);
    FAIL("nothing was thrown");
  } catch (const Error& error) {
    CHECK(error.code() == StatusCode::unavailable);
    CHECK(std::string(error.what()) == "busy is busy; broken has lost m; empty: empty knows no m");
  }
}
