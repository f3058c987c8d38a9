// Tuner measures a version on this machine: for each way to share the cores, batches that grow for as long as it pays.
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
  bool is_complete = true;   // false: the budget was over before all was measured
  std::string note;          // why only single rows were measured; "" when they were not
};

// Called after each cell with how many are done, of how many at most.
using OnProgress = std::function<void(std::size_t done, std::size_t most)>;

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
  Status measure_threads(std::span<const Way> ways);
  Status measure_way(backend::LoadedModel& model, const Way& way);
  bool is_over() const;

  backend::Backend& backend_;
  const lifecycle::Artifact& artifact_;
  const TunerOptions options_;
  const Clock& clock_;
  const OnProgress on_progress_;
  SampleRows rows_;
  std::vector<std::int64_t> batch_sizes_;
  std::vector<Way> ways_;
  std::size_t cells_left_ = 0;  // at most
  std::size_t most_cells_ = 0;
  SteadyTime end_{};
  Tuning tuning_;
};

}  // namespace modelyard::tuning
