#include "lib/model_management/submission.h"

#include <doctest/doctest.h>

#include "lib/base/files.h"
#include "tests/support/message_of.h"

using namespace ostler;

namespace {

constexpr char kUuid[] = "3f2a9c1b-0000-4000-8000-000000000000";

std::string path_of(const std::string& save_path, bool with_id, const std::string& name) {
  TrainArguments arguments;
  arguments.save_path = save_path;
  arguments.save_with_id = with_id;
  arguments.model_name = name;
  return final_save_path(arguments, kUuid, "/w");
}

}  // namespace

TEST_CASE("[TRN-2] [TRN-3] the final save path: save_path, then the uuid, then the model's name") {
  const std::string id = kUuid;
  CHECK(path_of("m", false, "") == "/w/m");
  CHECK(path_of("/abs/m/", false, "") == "/abs/m");
  CHECK(path_of("m", true, "") == "/w/m/" + id);
  CHECK(path_of("m", true, "p") == "/w/m/" + id + "/p");
  CHECK(path_of("m", false, "p") == "/w/m/p");
  // Compared by component, not as a substring.
  CHECK(path_of("m/p", false, "p") == "/w/m/p");
  CHECK(path_of("m/prefix", false, "p") == "/w/m/prefix/p");
  CHECK(path_of("m/" + id, true, "") == "/w/m/" + id);
  CHECK(path_of("m/x" + id, true, "") == "/w/m/x" + id + "/" + id);
  CHECK(path_of("", false, "") == "");
}

TEST_CASE("[TRN-10] [TRN-6] names that leave the save path, and S3, are refused") {
  for (const char* bad : {"/abs", "../x", "a/b", ".."})
    CHECK(message_of([&] { path_of("m", false, bad); }).find("one plain name") != std::string::npos);
  CHECK(message_of([] { path_of("s3://bucket/m", false, ""); }).find("S3") != std::string::npos);
  CHECK(message_of([] { path_of("", true, ""); }).find("--save-path") != std::string::npos);
  CHECK(message_of([] { path_of("/", false, ""); }) != "(no error)");
}

TEST_CASE("[JOB-1] an instance name with a colon is refused") {
  CHECK(message_of([] { check_instance_name("trainer", "a:b"); }).find("colon") != std::string::npos);
  CHECK(message_of([] { check_instance_name("trainer", "my trainer"); }) == "(no error)");
}

TEST_CASE("the captured environment has nothing of a terminal or session") {
  const auto kept = captured_environment({"PATH=/bin", "TERM=xterm", "TMUX=1", "SSH_TTY=/dev/pts/1", "LANG=C",
                                          "OSTLER_JOB_ID=x", "TERMINAL_MODE=mine", "XDG_SESSION_ID=4",
                                          "XDG_STATE_HOME=/s", "OSTLER_HOME=/h"});
  CHECK(kept == std::vector<std::string>{"PATH=/bin", "LANG=C", "TERMINAL_MODE=mine", "XDG_STATE_HOME=/s",
                                         "OSTLER_HOME=/h"});
}

TEST_CASE("[JOB-7] limits: read from the instance's configuration, with errors that name the line") {
  CHECK(read_limits(parse_yaml("max_concurrent: 2\ncancel_grace: 1m", "c"), "t").max_concurrent == 2);
  CHECK(read_limits(parse_yaml("cancel_grace: 1m", "c"), "t").cancel_grace == std::chrono::minutes(1));
  CHECK(read_limits(parse_yaml("cancel_grace: 0.5", "c"), "t").cancel_grace ==
        std::chrono::milliseconds(500));
  CHECK_FALSE(read_limits(parse_yaml("max_concurrent: null", "c"), "t").max_concurrent);
  CHECK(message_of([] {
          read_limits(parse_yaml("a: 1\nmax_concurrent: 0", "c.yml"), "t");
        }).find("c.yml:2: ") == 0);
  CHECK(message_of([] { read_limits(parse_yaml("max_concurrent: many", "c.yml"), "t"); }).find("c.yml:1: ") ==
        0);
  CHECK(read_limits(parse_yaml("retention_duration: 1d12h3m0.2s", "c"), "t").retention ==
        std::chrono::hours(36) + std::chrono::minutes(3) + std::chrono::milliseconds(200));
  CHECK_FALSE(read_limits(parse_yaml("retention_duration: null", "c"), "t").retention);
  CHECK(message_of([] {
          read_limits(parse_yaml("retention_duration: 1h1d", "c.yml"), "t");
        }).find("c.yml:1: ") == 0);
  CHECK(message_of([] { read_limits(parse_yaml("cancel_grace: soon", "c.yml"), "t"); }).find("no duration") !=
        std::string::npos);
}
