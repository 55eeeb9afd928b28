#include "lib/modules/linear/fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "lib/base/error.h"

namespace ostler {

namespace {

struct Solver {
  std::string_view name;
  int type;
  TableTask task;
  double tolerance;
};
constexpr Solver kSolvers[] = {
    {"logistic", L2R_LR, TableTask::classification, 0.001},
    {"logistic_l1", L1R_LR, TableTask::classification, 0.01},
    {"svm", L2R_L2LOSS_SVC, TableTask::classification, 0.01},
    {"svr", L2R_L2LOSS_SVR, TableTask::regression, 0.0001},
};

const Solver& solver_named(const std::string& name) {
  for (const Solver& solver : kSolvers)
    if (solver.name == name) return solver;
  throw invalid_argument("there is no solver \"" + name + "\"");
}

// How often each of the first `rows` rows is given to the library, and what one copy weighs.
struct Copies {
  std::vector<std::size_t> count;
  double weight = 1;
};

Copies copies_for(const TrainingData& data, std::size_t rows) {
  constexpr double kMostOnAverage = 16;
  Copies copies;
  double total = 0;
  bool whole = true;
  for (std::size_t row = 0; row < rows; ++row) {
    total += data.weight(row);
    whole = whole && data.weight(row) == std::floor(data.weight(row));
  }
  const double mean = total / static_cast<double>(rows);
  if (!whole || mean > kMostOnAverage) copies.weight = mean / kMostOnAverage;
  // What is cut from one row is carried to the next, so that the sum is right even where all weights are
  // small.
  double carried = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    carried += copies.weight > 0 ? data.weight(row) / copies.weight : 0;
    const double taken = std::max(0.0, std::floor(carried + 0.5));
    carried -= taken;
    copies.count.push_back(static_cast<std::size_t>(taken));
  }
  return copies;
}

void print_nothing(const char*) {}

}  // namespace

LinearParameters linear_parameters(const Value& parameters, TableTask task) {
  LinearParameters linear;
  linear.solver = parameters.get_string("solver", task == TableTask::classification ? "logistic" : "svr");
  if (solver_named(linear.solver).task != task)
    throw invalid_argument(fmt::format(
        "the solver \"{}\" is for {}, but the task is {}: leave solver out, or set task", linear.solver,
        learning_task_name(solver_named(linear.solver).task), learning_task_name(task)));
  linear.cost = parameters.get_number("C", linear.cost);
  linear.epsilon = parameters.get_number("epsilon", linear.epsilon);
  linear.tolerance = parameters.get_number("tolerance", solver_named(linear.solver).tolerance);
  linear.seed = static_cast<unsigned>(parameters.get_integer("seed"));
  return linear;
}

LiblinearModel fit(const TrainingData& data, std::size_t rows, const LinearDesign& design,
                   const LinearParameters& parameters) {
  set_print_string_function(&print_nothing);
  // The L1 solver draws numbers, and it draws them from rand().
  std::srand(parameters.seed + 1);

  // The rows' nodes are stored once; copies of a row are pointers to them.
  const Copies copies = copies_for(data, rows);
  std::vector<feature_node> nodes(rows * design.nodes_a_row());
  std::vector<feature_node*> starts;
  std::vector<double> labels;
  feature_node* end = nodes.data();
  const bool regression = data.schema.task == TableTask::regression;
  for (std::size_t row = 0; row < rows; ++row) {
    feature_node* const start = end;
    end = design.write_row(data.cells.row(row), end);
    starts.insert(starts.end(), copies.count[row], start);
    labels.insert(labels.end(), copies.count[row],
                  regression ? design.to_label(data.labels[row]) : data.labels[row]);
  }
  if (starts.empty()) throw invalid_argument("all rows that would be learned from have the weight 0");
  if (starts.size() > static_cast<std::size_t>(INT32_MAX))
    throw invalid_argument("there are more rows than LIBLINEAR can take (2147483647)");

  problem rows_to_fit{};
  rows_to_fit.l = static_cast<int>(starts.size());
  rows_to_fit.n = design.columns() + 1;
  rows_to_fit.y = labels.data();
  rows_to_fit.x = starts.data();
  rows_to_fit.bias = LinearDesign::bias();
  parameter settings{};
  settings.solver_type = solver_named(parameters.solver).type;
  settings.eps = parameters.tolerance;
  settings.C = parameters.cost * copies.weight;
  settings.p = parameters.epsilon;
  if (const char* wrong = check_parameter(&rows_to_fit, &settings); wrong != nullptr)
    throw invalid_argument(fmt::format("liblinear refuses the parameters: {}", wrong));
  LiblinearModel fitted(::train(&rows_to_fit, &settings));
  if (!fitted) throw internal_error("liblinear gave no model");
  return fitted;
}

}  // namespace ostler
