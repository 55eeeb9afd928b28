// A program that embeds ostler and has children, threads and signal settings of its own; it ends with 0 when
// none of them was disturbed. In its working directory: penguins.train.csv, penguins.test.csv, and the module
// `linear`.
//   embed load MODEL     loads and runs, with a home that cannot be made and no configuration
//   embed train          trains and predicts, while a child of its own waits to be asked for its status
//   embed ignore         the same with the statuses of children ignored

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <thread>

#include "lib/manager/model_manager.h"

namespace {

using namespace ostler;

void expect(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "embed: %s\n", what);
  std::exit(1);
}

// Each signal's handler and flags, and whether this thread blocks it.
struct SignalSetting {
  void (*handler)(int);
  int flags, blocked;
  bool operator==(const SignalSetting&) const = default;
};
std::vector<SignalSetting> signal_settings() {
  sigset_t mask;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  std::vector<SignalSetting> settings;
  for (int number = 1; number < 65; ++number) {
    struct sigaction action {};
    ::sigaction(number, nullptr, &action);
    settings.push_back({action.sa_handler, action.sa_flags, ::sigismember(&mask, number)});
  }
  return settings;
}

void load(const std::string& path) {
  ModelManager::Options options;
  options.configuration = Value::object();
  options.home = "/proc/none/store";
  ModelManager manager(options);
  const LoadedModel model = manager.load(path);
  RecordBatch batch;
  batch.rows = 2;
  for (const InputColumn& column : model.module->input_columns()) batch.add_texts(column.name);
  expect(model.module->run(batch, {}).columns.at(0).texts.size() == 2, "two rows were to be predicted");
}

void train(bool ignored) {
  // Ended before anything is trained, and not yet asked for its status: waiting for any child would take it.
  pid_t child = 0;
  const char* const arguments[] = {"/bin/sh", "-c", "exit 7", nullptr};
  if (ignored) {
    ::signal(SIGCHLD, SIG_IGN);
  } else {
    expect(::posix_spawn(&child, "/bin/sh", nullptr, nullptr, const_cast<char**>(arguments), environ) == 0,
           "cannot start a child");
    siginfo_t info{};
    expect(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) == 0,
           "cannot wait for the child");
  }
  const auto before = signal_settings();

  ModelManager manager({});
  TrainArguments training;
  training.data = {"penguins.train.csv"};
  training.parameters["label"] = "species";
  std::unique_ptr<ModelFuture> first, second;
  std::thread other([&] { second = manager.train("linear", training); });
  first = manager.train("linear", training);
  other.join();
  expect(first->wait()->status == JobStatus::COMPLETED, "the first training failed");
  expect(second->wait()->status == JobStatus::COMPLETED, "the second training failed");
  PredictArguments prediction;
  prediction.data = {"penguins.test.csv"};
  manager.start_prediction_job(manager.load(first->result()), prediction)->result();

  expect(before == signal_settings(), "a signal's setting was changed");
  if (ignored) return;
  int status = 0;
  expect(::waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 7, "the child's status was taken");
  expect(::waitpid(-1, &status, 0) == -1, "a child was left behind");
}

}  // namespace

int main(int argc, char** argv) try {
  std::FILE* starts = std::fopen("starts", "a");  // a line for each time that this program is executed
  std::fputs("started\n", starts);
  std::fclose(starts);
  expect(argc > 1, "load, train or ignore");
  const std::string what = argv[1];
  if (what == "load") {
    const auto before = signal_settings();
    load(argv[2]);
    expect(before == signal_settings(), "a signal's setting was changed");
  } else {
    train(what == "ignore");
  }
  return 0;
} catch (const ostler::Error& error) {
  std::fprintf(stderr, "embed: %s\n", error.what());
  return 1;
}
