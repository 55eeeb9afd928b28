// A module, a finder and a trainer of a third party's.
//
// Module `majority`: predicts the commonest label. Finder MEADOW: {models: DIR}, finds models there, and
// names its instance. Trainer PATIENT: the LOCAL one, which notes each training in the file {diary: FILE}.

#include <algorithm>
#include <map>

#include "lib/base/files.h"
#include "lib/core/plugin.h"
#include "lib/data/records.h"
#include "lib/model_management/local_model_finder.h"
#include "lib/model_management/local_model_trainer.h"

namespace {

using namespace ostler;

constexpr char kModuleId[] = "0f6f3c56-6a3e-4a55-8d1d-0b6d2b7f3a11";
constexpr char kFile[] = "majority.txt";

class Majority : public Module {
 public:
  explicit Majority(std::string label) : label_(std::move(label)) {}
  RecordBatch run(const RecordBatch& input, const RunOptions&) const override {
    RecordBatch output;
    output.rows = input.rows;
    Column& column = output.add_texts("prediction");
    column.role = ColumnRole::prediction;
    std::fill(column.texts.begin(), column.texts.end(), output.store(label_));
    return output;
  }
  std::vector<InputColumn> input_columns() const override { return {}; }
  SaveResult save(const std::string& directory) const override {
    write_file(join_path(directory, kFile), label_, Sync::no);
    return {};
  }

 private:
  std::string label_;
};

class MajorityClass : public ModuleClass {
 public:
  std::string module_id() const override { return kModuleId; }
  std::unique_ptr<Module> train(const TrainRequest& request, TrainReporter&) const override {
    const std::string label = request.parameters.at("label").as_string();
    std::vector<RecordSource> sources;
    for (const std::string& path : request.data.paths) sources.push_back({path, -1});
    ReadOptions options;
    options.columns = {{label, ColumnKind::text}};
    const auto stream = open_records(sources, options);
    std::map<std::string, int> counts;
    for (RecordBatch batch; stream->next(batch);)
      for (const std::string_view cell : batch.columns[0].texts) ++counts[std::string(cell)];
    const auto commonest = std::max_element(counts.begin(), counts.end(),
                                            [](const auto& a, const auto& b) { return a.second < b.second; });
    return std::make_unique<Majority>(commonest->first);
  }
  std::unique_ptr<Module> load(const LoadRequest& request) const override {
    return std::make_unique<Majority>(read_file(join_path(request.directory, kFile)));
  }
};

std::unique_ptr<ModelFinderBase> build_meadow(const Value& config, const std::string& instance_name,
                                              const ComponentContext& context) {
  check_known_keys(config, {"models"}, "the finder \"" + instance_name + "\"");
  return std::make_unique<LocalModelFinder>(
      instance_name, absolute_path(config.at("models").as_string("models"), context.working_directory),
      context.working_directory);
}

class PatientTrainer : public LocalModelTrainer {
 public:
  PatientTrainer(std::string diary, const std::string& instance_name, const ComponentContext& context)
      : LocalModelTrainer(instance_name, {}, context), diary_(std::move(diary)) {}
  std::unique_ptr<ModelFuture> train(const ModuleManifest& module, const TrainArguments& arguments) override {
    auto future = LocalModelTrainer::train(module, arguments);
    write_file(diary_, module.name + " " + future->id() + "\n", Sync::no);
    return future;
  }

 private:
  std::string diary_;
};

std::unique_ptr<ModelTrainerBase> build_patient(const Value& config, const std::string& instance_name,
                                                const ComponentContext& context) {
  check_known_keys(config, {"diary"}, "the trainer \"" + instance_name + "\"");
  return std::make_unique<PatientTrainer>(
      absolute_path(config.at("diary").as_string("diary"), context.working_directory), instance_name,
      context);
}

}  // namespace

const ostler::Plugin& sample_plugin() {
  static const MajorityClass module;
  static const Plugin plugin{
      .modules = {&module}, .finders = {{"MEADOW", build_meadow}}, .trainers = {{"PATIENT", build_patient}}};
  return plugin;
}
