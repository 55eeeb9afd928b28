#include "lib/modules/xgboost/api.h"

#include <fmt/format.h>
#include <xgboost/c_api.h>

#include <algorithm>
#include <limits>

#include "lib/base/error.h"
#include "lib/base/strings.h"

namespace ostler::xgb {

namespace {

void check(int result, const char* what) {
  if (result != 0)
    throw internal_error(fmt::format("xgboost cannot {}: {}", what, clean_message(XGBGetLastError())));
}

// Names and kinds of the columns, in the form of the library: arrays of C strings.
struct FeatureInfo {
  std::vector<const char*> names, types;

  explicit FeatureInfo(const TableSchema& schema) {
    for (const TableFeature& feature : schema.features) {
      names.push_back(feature.name.c_str());
      types.push_back(feature.kind == ColumnKind::text ? "c" : "float");
    }
  }
};

void copy_scores(const float* result, const bst_ulong* shape, bst_ulong dimensions, std::size_t rows,
                 std::size_t outputs, float* to) {
  if (dimensions != 2 || shape[0] != rows || shape[1] != outputs)
    throw Error(StatusCode::data_loss, "the model gives another number of scores than its schema says");
  std::copy_n(result, rows * outputs, to);
}

}  // namespace

std::string library_version() {
  int major = 0, minor = 0, patch = 0;
  XGBoostVersion(&major, &minor, &patch);
  return fmt::format("{}.{}.{}", major, minor, patch);
}

std::string clean_message(const std::string& message) {
  // What follows the first line is a stack trace, or a drawing of where a file is broken.
  std::string_view text = std::string_view(message).substr(0, message.find('\n'));
  // "[12:34:56] ./src/learner.cc:123: the words"
  if (starts_with(text, "["))
    if (const auto bracket = text.find("] "); bracket != std::string_view::npos) {
      text.remove_prefix(bracket + 2);
      const auto end = text.find(": "), file = text.find(".cc:");
      const auto header = text.find(".h:");
      if (end != std::string_view::npos && std::min(file, header) < end) text.remove_prefix(end + 2);
    }
  return std::string(trim(text));
}

DMatrix::DMatrix(const float* cells, std::size_t rows, const TableSchema& schema) {
  const std::size_t columns = schema.features.size();
  check(XGDMatrixCreateFromMat(cells, rows, columns, std::numeric_limits<float>::quiet_NaN(), &handle_),
        "take the data");
  try {
    FeatureInfo info(schema);
    check(XGDMatrixSetStrFeatureInfo(handle_, "feature_name", info.names.data(), columns),
          "take the columns' names");
    check(XGDMatrixSetStrFeatureInfo(handle_, "feature_type", info.types.data(), columns),
          "take the columns' kinds");
  } catch (...) {
    XGDMatrixFree(handle_);
    throw;
  }
}

DMatrix::~DMatrix() { XGDMatrixFree(handle_); }

void DMatrix::set(const char* field, const std::vector<float>& values) {
  check(XGDMatrixSetFloatInfo(handle_, field, values.data(), values.size()), "take labels or weights");
}

Booster::Booster() { check(XGBoosterCreate(nullptr, 0, &handle_), "make a model"); }

Booster::Booster(const DMatrix& matrix) {
  const DMatrixHandle matrices[] = {matrix.handle()};
  check(XGBoosterCreate(matrices, 1, &handle_), "make a model");
}

Booster::~Booster() { XGBoosterFree(handle_); }

void Booster::set(const std::string& name, const std::string& value) {
  check(XGBoosterSetParam(handle_, name.c_str(), value.c_str()), "take a parameter");
}

void Booster::describe_features(const TableSchema& schema) {
  FeatureInfo info(schema);
  const std::size_t columns = schema.features.size();
  check(XGBoosterSetStrFeatureInfo(handle_, "feature_name", info.names.data(), columns),
        "take the columns' names");
  check(XGBoosterSetStrFeatureInfo(handle_, "feature_type", info.types.data(), columns),
        "take the columns' kinds");
}

void Booster::update(int round, const DMatrix& matrix) {
  check(XGBoosterUpdateOneIter(handle_, round, matrix.handle()), "train");
}

std::unique_ptr<Booster> Booster::first_rounds(int end) const {
  Owned owned{};
  check(XGBoosterSlice(handle_, 0, end, 1, &owned.handle), "cut a model");
  return std::unique_ptr<Booster>(new Booster(owned));
}

void Booster::load(const std::string& path) { check(XGBoosterLoadModel(handle_, path.c_str()), "read it"); }

void Booster::save(const std::string& path) const {
  check(XGBoosterSaveModel(handle_, path.c_str()), ("write " + path).c_str());
}

std::size_t Booster::features() const {
  bst_ulong count = 0;
  check(XGBoosterGetNumFeature(handle_, &count), "tell the number of columns");
  return count;
}

int Booster::rounds() const {
  int count = 0;
  check(XGBoosterBoostedRounds(handle_, &count), "tell the number of rounds");
  return count;
}

void Booster::predict(const float* cells, std::size_t rows, std::size_t features, std::size_t outputs,
                      float* to, Output output, int begin, int end) const {
  if (rows == 0) return;
  const std::string array =
      fmt::format(R"({{"data": [{}, true], "shape": [{}, {}], "typestr": "<f4", "version": 3}})",
                  reinterpret_cast<std::uintptr_t>(cells), rows, features);
  const std::string config = fmt::format(
      R"({{"type": {}, "training": false, "iteration_begin": {}, "iteration_end": {}, "strict_shape": true,)"
      R"( "missing": NaN, "cache_id": 0}})",
      output == Output::margin ? 1 : 0, begin, end);
  const bst_ulong* shape = nullptr;
  bst_ulong dimensions = 0;
  const float* result = nullptr;
  check(XGBoosterPredictFromDense(handle_, array.c_str(), config.c_str(), nullptr, &shape, &dimensions,
                                  &result),
        "predict");
  copy_scores(result, shape, dimensions, rows, outputs, to);
}

void Booster::predict(const DMatrix& matrix, std::size_t rows, std::size_t outputs, float* to) const {
  constexpr char kConfig[] =
      R"({"type": 0, "training": false, "iteration_begin": 0, "iteration_end": 0, "strict_shape": true})";
  const bst_ulong* shape = nullptr;
  bst_ulong dimensions = 0;
  const float* result = nullptr;
  check(XGBoosterPredictFromDMatrix(handle_, matrix.handle(), kConfig, &shape, &dimensions, &result),
        "predict");
  copy_scores(result, shape, dimensions, rows, outputs, to);
}

}  // namespace ostler::xgb
