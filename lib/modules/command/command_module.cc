#include "lib/modules/command/command_module.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "lib/base/files.h"
#include "lib/base/strings.h"
#include "lib/modules/command/declaration.h"
#include "lib/modules/command/process_module.h"
#include "lib/modules/command/trained_program.h"

namespace ostler {

namespace {

std::vector<std::string> texts(const Value& list) {
  std::vector<std::string> all;
  for (const Value& item : list.as_array()) all.push_back(item.as_string());
  return all;
}

// A JSON text as a file that is there as long as this process, and leaves nothing behind.
class ParameterFile {
 public:
  explicit ParameterFile(const Value& parameters) : fd_(::memfd_create("ostler-params", MFD_CLOEXEC)) {
    if (!fd_) throw system_error(errno, "cannot make a file in memory");
    write_all(fd_.get(), to_json(parameters) + "\n", "a file in memory");
  }
  std::string path() const { return path_of_descriptor(fd_.get()); }

 private:
  UniqueFd fd_;
};

}  // namespace

std::unique_ptr<Module> CommandModuleClass::train(const TrainRequest& request,
                                                  TrainReporter& reporter) const {
  verify_programs(manifest_);
  TrainedProgram training(manifest_, request.directory);
  Program::Start start;
  start.name = program_name(manifest_, "train");
  start.arguments = texts(manifest_.command.at("train"));
  start.environment = texts(manifest_.command.at("environment"));
  start.pipes = false;
  training.prepare(request, start.environment);
  Program program(start);
  training.watch(program, reporter);
  if (program.wait()->exit_status != 0) throw program.failure("");
  return training.model();
}

std::unique_ptr<Module> CommandModuleClass::load(const LoadRequest& request) const {
  verify_programs(manifest_);
  const Value& command = manifest_.command;
  Value parameters = Value::object();
  if (const Value* train = request.config.values().find("train"))
    if (const Value* given = train->find("parameters")) parameters = *given;
  std::vector<std::string> environment = texts(command.at("environment"));
  for (std::string& entry : environment_entries(request.backend_config.find("environment")))
    environment.push_back(std::move(entry));
  const auto directory = std::make_shared<HeldDirectory>(request.directory);
  environment.push_back("OSTLER_MODEL_DIR=" + directory->path_for_others());

  ProcessPlan plan;
  plan.name = program_name(manifest_, "run");
  plan.format = command.get_string("format", "csv");
  plan.numbers = command.get_string("prediction") == "number";
  plan.begin = [name = plan.name, format = plan.format, words = texts(command.at("run")), environment,
                parameters, directory, threads = request.threads](const RunOptions& options) {
    // The file is kept open by the pointer below, as long as the child may read it.
    const auto file = std::make_shared<ParameterFile>(Value::object({{"parameters", parameters},
                                                                     {"format", format},
                                                                     {"probabilities", options.probabilities},
                                                                     {"top", options.top},
                                                                     {"method", options.method},
                                                                     {"cpus", threads}}));
    Program::Start start{name, words, environment};
    start.environment.push_back("OSTLER_PARAMS=" + file->path());
    start.keep_alive = file;
    return std::make_unique<Program>(start);
  };
  return std::make_unique<ProcessModule>(std::move(plan));
}

}  // namespace ostler
