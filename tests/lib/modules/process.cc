#include <doctest/doctest.h>

#include <signal.h>

#include <thread>

#include "lib/base/files.h"
#include "lib/modules/command/declaration.h"
#include "lib/modules/command/process_module.h"
#include "lib/modules/command/recent_lines.h"
#include "lib/modules/command/trained_program.h"
#include "tests/support/message_of.h"

using namespace ostler;

namespace {

ProcessModule shell_module(const std::string& script, const std::string& format = "csv") {
  ProcessPlan plan;
  plan.name = "the program under test";
  plan.format = format;
  plan.begin = [script](const RunOptions&) {
    return std::make_unique<Program>(Program::Start{"the program under test", {"/bin/sh", "-c", script}, {}});
  };
  return ProcessModule(std::move(plan));
}

RecordBatch numbers(std::size_t rows) {
  RecordBatch batch;
  batch.rows = rows;
  Column& column = batch.add_numbers("x");
  for (std::size_t row = 0; row < rows; ++row) column.numbers[row] = static_cast<double>(row);
  return batch;
}

}  // namespace

TEST_CASE("a module in a process: run() is a session of one batch, from any thread") {
  // More than the pipes hold, and no answer before all was read.
  const ProcessModule module = shell_module("echo prediction; sed 1d | tac | tac");
  const auto check = [&] {
    const RecordBatch output = module.run(numbers(300000), {});
    REQUIRE(output.rows == 300000);
    CHECK(output.columns[0].role == ColumnRole::prediction);
    CHECK(output.columns[0].texts[0] == "0");
    CHECK(output.columns[0].texts[299999] == "299999");
  };
  std::thread other(check);
  check();
  other.join();
  CHECK(module.run(numbers(0), {}).columns[0].name == "prediction");
}

TEST_CASE("a module in a process: failures") {
  const auto error = [](const std::string& script) {
    return message_of([&] { shell_module(script).run(numbers(3), {}); });
  };
  CHECK(error("echo prediction; echo 1; echo that was all >&2; exit 4") ==
        "the program under test gave 1 rows where there were 3; it ended with exit status 4; the last lines "
        "of its "
        "standard error:\nthat was all");
  CHECK(error("cat >/dev/null; echo prediction; seq 4")
            .find("gave more rows than the 3 that there were; the first of "
                  "them: \"4\"") != std::string::npos);
  CHECK(error("echo answer; seq 3").find("the first line that it printed: \"answer\"") != std::string::npos);
  CHECK(error("echo prediction; echo 1,2; seq 3").find(": \"1,2\"") != std::string::npos);
  CHECK(error("echo prediction; seq 3; kill -9 $$").find("died of signal 9 (SIGKILL)") != std::string::npos);
  // The feeder waits for a program that reads nothing; the rows are counted all the same.
  CHECK(message_of([] {
          shell_module("echo prediction; echo 1; exec >&-; sleep 0.2").run(numbers(300000), {});
        }) == "the program under test gave 1 rows where there were 300000; it ended with exit status 0");
  CHECK(error("exit 0").find("gave no rows") != std::string::npos);
  CHECK(message_of([] { shell_module("exit 3").check(); }).find("exit status 3") != std::string::npos);
}

TEST_CASE("a program that reads nothing raises no SIGPIPE, and the signal's disposition is as it was") {
  struct sigaction before {};
  sigaction(SIGPIPE, nullptr, &before);
  REQUIRE((before.sa_handler == SIG_DFL));
  CHECK(message_of([] {
          shell_module("exec <&-; echo prediction; exit 5").run(numbers(500000), {});
        }).find("exit status 5") != std::string::npos);
  struct sigaction after {};
  sigaction(SIGPIPE, nullptr, &after);
  CHECK((after.sa_handler == SIG_DFL));
}

TEST_CASE("a training begins with an empty model, whatever an earlier attempt has left") {
  make_directories("training/model");
  write_file("training/model/old", "x", Sync::no);
  make_directories("scripts");
  write_file("scripts/train.sh", "exit 0", Sync::no);
  const ModuleManifest manifest = script_module("train.sh", absolute_path("scripts"));
  TrainedProgram training(manifest, absolute_path("training"));
  std::vector<std::string> environment;
  training.prepare({}, environment);
  CHECK(list_directory("training/model").empty());
  CHECK(list_directory("training") == std::vector<std::string>{"events", "model", "params.json"});
  CHECK(message_of([&] { training.model(); }) ==
        "the program train.sh of module train ended well, but wrote no model into $OSTLER_MODEL_DIR");
  remove_tree("training");
}

// What the program of a training is told, with the rows of the files that it names in place of their paths.
Value told_to_program(const TrainRequest& request) {
  make_directories("scripts");
  write_file("scripts/train.sh", "exit 0", Sync::no);
  const ModuleManifest manifest = script_module("train.sh", absolute_path("scripts"));
  TrainedProgram training(manifest, absolute_path("training"));
  std::vector<std::string> environment;
  training.prepare(request, environment);
  Value told = parse_json(read_file("training/params.json"), "params.json");
  for (const char* list : {"data", "validation"})
    for (Value& path : told[list].as_array())
      if (starts_with(path.as_string(), absolute_path("training")))
        path = file_name(path.as_string()) + "\n" + read_file(path.as_string());
  remove_tree("training");
  return told;
}

TEST_CASE("a program gets whole files as they are, and chosen rows as files of their own") {
  write_file("rows.csv", "a,b\n1,\"x, y\"\n2,NA\n\n3,\"\"\n", Sync::no);
  write_file("more.csv", "b,a\nz,4\nw,5\n", Sync::no);
  TrainRequest request;
  request.data.paths = {absolute_path("rows.csv"), absolute_path("more.csv")};
  Value told = told_to_program(request);
  CHECK(told["data"].as_array()[0].as_string() == absolute_path("rows.csv"));
  CHECK(told["validation"].size() == 0);
  CHECK(told["validation"].is_array());
  request.validation.paths = {absolute_path("more.csv")};
  told = told_to_program(request);
  CHECK(told["data"].size() == 2);
  CHECK(told["validation"].as_array()[0].as_string() == absolute_path("more.csv"));

  const auto marks = [](std::vector<bool> list) { return std::make_shared<const std::vector<bool>>(list); };
  const auto first = marks({true, false, true}), second = marks({false, true});
  request.data.rows = {{first, true}, {second, true}};
  request.validation = {request.data.paths, {{first, false}, {second, false}}};
  told = told_to_program(request);
  REQUIRE(told["data"].size() == 1);
  CHECK(told["data"].as_array()[0].as_string() == "train.csv\na,b\n1,\"x, y\"\n3,\"\"\n5,w\n");
  CHECK(told["validation"].as_array()[0].as_string() == "validation.csv\na,b\n2,\n4,z\n");
  CHECK(told["data_format"].is_null());

  // Objects keep their numbers, and an array becomes lines.
  write_file("rows.json", R"([{"a": 1.50, "b": "2"}, {"a": null, "b": "x"}])", Sync::no);
  const auto one = marks({true});
  request.data = {{absolute_path("rows.json")}, {{one, true}}};
  request.validation = {request.data.paths, {{one, false}}};
  request.data_format = "json";
  told = told_to_program(request);
  CHECK(told["data"].as_array()[0].as_string() == "train.jsonl\n{\"a\": 1.50, \"b\": 2}\n");
  CHECK(told["validation"].as_array()[0].as_string() == "validation.jsonl\n{\"a\": null, \"b\": \"x\"}\n");
  CHECK(told["data_format"].as_string() == "jsonl");

  write_file("rows.txt", "a \"b\"\n\nc\n", Sync::no);
  request.data = {{absolute_path("rows.txt")}, {{marks({true, true}), true}}};
  request.validation = {};
  request.data_format = "text";
  told = told_to_program(request);
  CHECK(told["data"].as_array()[0].as_string() == "train.txt\na \"b\"\n\n");
  CHECK(told["validation"].size() == 0);
}

TEST_CASE("the newest lines of a stream are remembered by their number") {
  RecentLines lines;
  CHECK(lines.empty());
  lines.add("first\nsec");
  lines.add("ond\nthird");
  CHECK(lines.first() == "\"first\"");
  CHECK(lines.at(1) == "\"first\"");
  CHECK(lines.at(2) == "\"second\"");
  CHECK(lines.at(3) == "\"third\"");
  for (int i = 0; i < 9; ++i) lines.add(std::string(1 << 20, 'x') + "\n");
  CHECK(lines.at(2) == "line 2");
  lines.add("last");
  CHECK(lines.at(12) == "\"last\"");
}
