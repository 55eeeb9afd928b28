#pragma once

// The module "fasttext": a model directory holds model.bin (fastText's own format, which its command line and
// Python's fasttext open) and text.json (text_schema.h). Whoever uses model.bin by itself must cut texts as
// was done in training.
//
// Input is one column of text; a missing cell is an empty text, of which the model knows how frequent the
// classes are. Labels (__label__x) in it are left out, so that a training file can be predicted as it is.
//
// Output of run(), as core/module.h says, and: classes are texts, also where they look like numbers. `top`
// gives columns as table modules do (lib/modules/table/table_module.h).

#include <memory>

#include "lib/core/module.h"
#include "lib/modules/fasttext/classifier.h"
#include "lib/modules/fasttext/text_schema.h"

namespace ostler {

class FastTextModule : public Module {
 public:
  // `threads`: how many may work at one large run(). Throws Error (data_loss) where the classes are not those
  // of the classifier.
  FastTextModule(TextSchema schema, Classifier classifier, Value config, int threads);

  RecordBatch run(const RecordBatch& input, const RunOptions& options) const override;
  std::vector<InputColumn> input_columns() const override { return {{schema_->text, ColumnKind::text}}; }
  std::size_t batch_rows() const override;
  SaveResult save(const std::string& directory) const override;
  Value metrics() const override { return metrics_; }
  ModelTarget target() const override;
  void set_metrics(Value metrics) { metrics_ = std::move(metrics); }

 private:
  struct Found;

  void add_predictions(RecordBatch& output, const Found& found) const;
  void add_probabilities(RecordBatch& output, const Found& found) const;
  void add_top(RecordBatch& output, const Found& found) const;

  // Shared with the batches, which point to the names of its classes.
  std::shared_ptr<const TextSchema> schema_;
  Classifier classifier_;
  std::vector<std::size_t> class_of_;  // the native model's label to the schema's class
  Value config_, metrics_ = Value::object();
  int threads_;
};

class FastTextModuleClass : public ModuleClass {
 public:
  std::string module_id() const override;
  std::unique_ptr<Module> train(const TrainRequest& request, TrainReporter& reporter) const override;
  std::unique_ptr<Module> load(const LoadRequest& request) const override;
};

}  // namespace ostler
