// Tuner measures a version on this machine: for each way to share the cores, batches that grow for as long as it pays.
// Then it measures the same cells again, round by round, and keeps the best of each: what else happens on the machine
// changes slowly, and must not decide.
//
// Threads: blocking; those of measure_cell() while it measures.
// Bounds:  the budget, but for a last cell's runs and for proving the version, which comes before.
// Errors:  of the load, of a check (golden samples), of the first run; InvalidArgument for a budget that is too small.
#pragma once

#include <functional>

#include "lifecycle/loader.h"
#include "tuning/measure.h"
#include "tuning/sample_rows.h"

namespace modelyard::tuning {

struct TunerOptions {
  int cores = 1;
  std::int64_t most_rows = 64;  // of a batch
  std::chrono::nanoseconds budget = std::chrono::seconds(60);
};

struct Tuning {
  std::vector<Cell> cells;   // at least one
  bool is_recorded = false;  // measured with golden samples, not with made-up inputs
  std::int64_t rounds = 1;   // each cell is the best of so many
  bool is_complete = true;   // false: the budget was over before all was measured
  std::string note;          // why only single rows were measured; "" when they were not
};

// Called after each cell with what is spent of the budget.
using OnProgress = std::function<void(std::chrono::nanoseconds spent, std::chrono::nanoseconds budget)>;

class Tuner {
 public:
  // `artifact` is proved like a server's: signature, golden samples, warm-up.
  Tuner(backend::Backend& backend, const lifecycle::Artifact& artifact, TunerOptions options, const Clock& clock,
        OnProgress on_progress);

  Result<Tuning> run();

 private:
  Status prove();
  Status choose_inputs(backend::LoadedModel& model);
  Status plan_grid();
  Status explore(SteadyTime end);
  Status explore_way(backend::LoadedModel& model, const Way& way, SteadyTime end);
  Status repeat(SteadyTime end);
  Result<Cell> measure(backend::LoadedModel& model, CellPlan plan);
  Result<std::unique_ptr<backend::LoadedModel>> load(int intra_op_threads);
  bool is_over() const;

  backend::Backend& backend_;
  const lifecycle::Artifact& artifact_;
  const TunerOptions options_;
  const Clock& clock_;
  const OnProgress on_progress_;
  SampleRows rows_;
  std::vector<std::int64_t> batch_sizes_;
  std::vector<Way> ways_;
  std::size_t cells_left_ = 0;           // to explore, at most
  std::chrono::nanoseconds loading_{0};  // one load
  SteadyTime end_{};
  Tuning tuning_;
};

}  // namespace modelyard::tuning
