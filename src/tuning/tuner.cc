#include "tuning/tuner.h"

#include <algorithm>
#include <cmath>

namespace modelyard::tuning {
namespace {

class Silent final : public lifecycle::LoadProgress {
 public:
  void on_phase(lifecycle::VersionPhase) override {}
  void on_check(lifecycle::CheckResult) override {}
};

double seconds_of(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace

Tuner::Tuner(backend::Backend& backend, const lifecycle::Artifact& artifact, TunerOptions options, const Clock& clock,
             OnProgress on_progress)
    : backend_(backend),
      artifact_(artifact),
      options_(options),
      clock_(clock),
      on_progress_(std::move(on_progress)),
      rows_(artifact.signature, artifact.golden) {}

// The server decides in the same way whether requests may share a run; a plan cannot ask for more.
Status Tuner::prove() {
  Silent silent;
  MODELYARD_ASSIGN(const lifecycle::LoadedVersion loaded,
                   lifecycle::load_version(backend_, artifact_, {}, clock_, silent));
  MODELYARD_TRY(choose_inputs(*loaded.model));
  const bool share = loaded.most_batch_rows > 1;
  batch_sizes_ = batch_sizes_of(share ? options_.most_rows : 1);
  tuning_.is_recorded = rows_.are_recorded();
  if (share) return ok();
  if (!loaded.warm_up_note.empty()) {
    tuning_.note = loaded.warm_up_note;
  } else {
    tuning_.note = artifact_.signature.batched ? "not batched: a run of many rows costs what they cost one by one"
                                               : "not batched: the model has no batch dimension";
  }
  return ok();
}

Status Tuner::choose_inputs(backend::LoadedModel& model) {
  const CellPlan one_run{};
  if (rows_.are_recorded() || measure_cell(model, rows_.take(1), one_run, clock_)) return ok();
  rows_.make_up_zeros();
  return ok();
}

Status Tuner::plan_grid() {
  ways_ = ways_of(options_.cores);
  most_cells_ = cells_left_ = ways_.size() * batch_sizes_.size();
  const auto least = kLeastCell * static_cast<std::int64_t>(most_cells_);
  if (options_.budget < least) {
    return error(Code::kInvalidArgument,
                 "{} cells of {} ways and {} batch sizes need at least {:.0f} seconds, not {:g}: give it more, or "
                 "smaller batches",
                 most_cells_, ways_.size(), batch_sizes_.size(), std::ceil(seconds_of(least)),
                 seconds_of(options_.budget));
  }
  end_ = clock_.steady_now() + options_.budget;
  return ok();
}

bool Tuner::is_over() const {
  return !tuning_.cells.empty() && clock_.steady_now() >= end_;
}

Status Tuner::measure_way(backend::LoadedModel& model, const Way& way) {
  std::vector<Cell> cells;
  for (const std::int64_t batch_size : batch_sizes_) {
    if (is_over()) tuning_.is_complete = false;
    if (is_over() || !is_worth_growing(cells)) break;
    const auto inputs = rows_.take(batch_size);
    const CellPlan plan{way, batch_size, time_of_cell(end_ - clock_.steady_now(), cells_left_ - cells.size())};
    auto cell = measure_cell(model, inputs, plan, clock_);
    if (!cell) {
      if (batch_size > 1) break;  // too many rows for this model
      return cell.error().with_context("{} rows", batch_size);
    }
    cells.push_back(*cell);
    on_progress_(most_cells_ - cells_left_ + cells.size(), most_cells_);
  }
  cells_left_ -= batch_sizes_.size();
  tuning_.cells.insert(tuning_.cells.end(), cells.begin(), cells.end());
  return ok();
}

Status Tuner::measure_threads(std::span<const Way> ways) {
  MODELYARD_ASSIGN(const auto model, backend_.load(artifact_.folder, {ways.front().intra_op_threads}));
  for (const Way& way : ways) MODELYARD_TRY(measure_way(*model, way));
  return ok();
}

Result<Tuning> Tuner::run() {
  MODELYARD_TRY(prove());
  MODELYARD_TRY(plan_grid());
  for (std::span<const Way> rest(ways_); !rest.empty();) {
    const auto same = std::ranges::find_if(
        rest, [&](const Way& way) { return way.intra_op_threads != rest.front().intra_op_threads; });
    const auto ways = rest.first(static_cast<std::size_t>(same - rest.begin()));
    rest = rest.subspan(ways.size());
    if (is_over()) {
      tuning_.is_complete = false;
      break;
    }
    MODELYARD_TRY(measure_threads(ways));
  }
  return std::exchange(tuning_, {});
}

}  // namespace modelyard::tuning
