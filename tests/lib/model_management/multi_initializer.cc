#include <doctest/doctest.h>

#include "lib/model_management/multi_model_initializer.h"
#include "tests/support/message_of.h"

using namespace ostler;

namespace {

// Answers as its name says.
class Scripted : public ModelInitializerBase {
 public:
  explicit Scripted(std::string what) : what_(std::move(what)) {}
  std::optional<LoadedModel> init(const FoundModel&, const LoadArguments&,
                                  std::string& why_not) const override {
    ++asked;
    if (what_ == "loads") {
      LoadedModel loaded;
      loaded.initializer = what_;
      return loaded;
    }
    if (what_ == "fails") throw Error(StatusCode::data_loss, "the model is damaged");
    why_not = "no backend fits";
    return std::nullopt;
  }
  mutable int asked = 0;

 private:
  std::string what_;
};

const FoundModel kModel{ModuleConfig(Value::object({{"module_id", "x"}}), "/m"), {}, "f"};

}  // namespace

TEST_CASE("[INI-6] MULTI initializer: the first that loads wins; who fails or loads nothing passes on") {
  const Scripted loads("loads"), fails("fails"), none("none"), other("other");
  std::string why_not;
  const MultiModelInitializer multi(
      {{"none", &none}, {"fails", &fails}, {"loads", &loads}, {"other", &other}});
  CHECK(multi.init(kModel, {}, why_not)->initializer == "loads");
  CHECK(none.asked == 1);
  CHECK(fails.asked == 1);
  CHECK(other.asked == 0);
}

TEST_CASE("[INI-6] MULTI initializer: when none loads, each one's reason is told") {
  const Scripted fails("fails"), none("none"), other("other");
  std::string why_not;
  CHECK_FALSE(MultiModelInitializer({{"none", &none}, {"other", &other}}).init(kModel, {}, why_not));
  CHECK(why_not == "none: no backend fits; other: no backend fits");
  try {
    MultiModelInitializer({{"none", &none}, {"fails", &fails}}).init(kModel, {}, why_not);
    FAIL("nothing was thrown");
  } catch (const Error& error) {
    CHECK(error.code() == StatusCode::data_loss);
    CHECK(std::string(error.what()) == "fails: the model is damaged; none: no backend fits");
  }
}
