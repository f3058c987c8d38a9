// Measures one cell of the grid: every instance runs the same inputs for as long as it is given.
//
// Threads: one for each instance, joined before it returns. `inputs` are shared and only read.
// Errors:  of the first run that failed.
#pragma once

#include "backend/api/backend.h"
#include "base/clock.h"
#include "tuning/grid.h"

namespace modelyard::tuning {

struct CellPlan {
  Way way;
  std::int64_t batch_size = 1;
  std::chrono::nanoseconds time{0};  // at least one run of each instance, however long it takes
};

// `model` is loaded with the way's engine threads.
Result<Cell> measure_cell(backend::LoadedModel& model, std::span<const inference::Tensor> inputs, const CellPlan& plan,
                          const Clock& clock);

}  // namespace modelyard::tuning
