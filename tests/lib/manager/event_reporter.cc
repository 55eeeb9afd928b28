#include "lib/manager/event_reporter.h"

#include <doctest/doctest.h>

#include "lib/base/files.h"
#include "lib/base/temporary_directory.h"

namespace ostler {

namespace {

Value curve_of(int reports, int write_every) {
  const TemporaryDirectory directory;
  const JobPaths paths(directory.path());
  CurveWriter curve(paths.curve);
  for (int i = 1; i <= reports; ++i) {
    curve.add(i, Value::object({{"loss", 1.0 / i}}));
    if (i % write_every == 0) curve.write();
  }
  curve.write();
  return read_curve(paths);
}

}  // namespace

TEST_CASE("a learning curve has every round") {
  const Value curve = curve_of(300, 7);
  REQUIRE(curve.size() == 300);
  for (int i = 0; i < 300; ++i) {
    CHECK(curve.as_array()[static_cast<std::size_t>(i)].get_number("done") == i + 1);
    CHECK(curve.as_array()[static_cast<std::size_t>(i)].at("metrics").get_number("loss") == 1.0 / (i + 1));
  }
}

TEST_CASE("a long one is thinned out, evenly from some point on, and stays bounded") {
  const Value curve = curve_of(200'000, 1000);
  CHECK(curve.size() > 3000);
  CHECK(curve.size() < 15'000);
  double last = 0, widest = 0;
  for (const Value& point : curve.as_array()) {
    CHECK(point.get_number("done") > last);
    widest = std::max(widest, point.get_number("done") - last);
    last = point.get_number("done");
  }
  CHECK(widest <= 1024);
  CHECK(last > 199'000);
}

TEST_CASE("reports that say nothing new are no points") {
  const TemporaryDirectory directory;
  const JobPaths paths(directory.path());
  write_file(paths.curve, "{\"done\":9,\"metrics\":{}}\n", Sync::no, 0600);
  CurveWriter curve(paths.curve);
  CHECK(read_curve(paths).size() == 0);  // an earlier attempt's is gone
  curve.add(1, Value::object());
  curve.add(2, Value::object({{"loss", 0.5}}));
  curve.add(3, Value::object({{"loss", 0.5}}));
  curve.add(2, Value::object({{"loss", 0.4}}));
  curve.write();
  CHECK(to_json(read_curve(paths)) == R"([{"done":2.0,"metrics":{"loss":0.5}}])");
}

TEST_CASE("what is torn in a curve is passed over") {
  const TemporaryDirectory directory;
  const JobPaths paths(directory.path());
  write_file(paths.curve,
             "{\"done\":1,\"metrics\":{\"a\":1}}\nx\n{\"done\":\"2\",\"metrics\":{}}\n[]\n{\"done\":3,\"met",
             Sync::no, 0600);
  CHECK(read_curve(paths).size() == 1);
}

}  // namespace ostler
