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
  const SteadyTime began = clock_.steady_now();
  MODELYARD_ASSIGN(const lifecycle::LoadedVersion loaded,
                   lifecycle::load_version(backend_, artifact_, {}, clock_, silent));
  loading_ = clock_.steady_now() - began;
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
  cells_left_ = ways_.size() * batch_sizes_.size();
  const auto least = kLeastCell * static_cast<std::int64_t>(cells_left_);
  if (options_.budget < least) {
    return error(Code::kInvalidArgument,
                 "{} cells of {} ways and {} batch sizes need at least {:.0f} seconds, not {:g}: give it more, or "
                 "smaller batches",
                 cells_left_, ways_.size(), batch_sizes_.size(), std::ceil(seconds_of(least)),
                 seconds_of(options_.budget));
  }
  end_ = clock_.steady_now() + options_.budget;
  return ok();
}

bool Tuner::is_over() const {
  return !tuning_.cells.empty() && clock_.steady_now() >= end_;
}

Result<std::unique_ptr<backend::LoadedModel>> Tuner::load(int intra_op_threads) {
  return backend_.load(artifact_.folder, {intra_op_threads});
}

Result<Cell> Tuner::measure(backend::LoadedModel& model, CellPlan plan) {
  const auto inputs = rows_.take(plan.batch_size);
  auto cell = measure_cell(model, inputs, plan, clock_);
  const auto left = std::max(std::chrono::nanoseconds(0), end_ - clock_.steady_now());
  on_progress_(options_.budget - left, options_.budget);
  return cell;
}

Status Tuner::explore_way(backend::LoadedModel& model, const Way& way, SteadyTime end) {
  std::vector<Cell> cells;
  for (const std::int64_t batch_size : batch_sizes_) {
    if (is_over()) tuning_.is_complete = false;
    if (is_over() || !is_worth_growing(cells)) break;
    const auto time = time_of_cell(end - clock_.steady_now(), cells_left_ - cells.size());
    auto cell = measure(model, {way, batch_size, time});
    if (!cell && batch_size > 1) break;  // too many rows for this model
    if (!cell) return cell.error().with_context("one row");
    cells.push_back(*cell);
  }
  cells_left_ -= batch_sizes_.size();
  tuning_.cells.insert(tuning_.cells.end(), cells.begin(), cells.end());
  return ok();
}

Status Tuner::explore(SteadyTime end) {
  std::unique_ptr<backend::LoadedModel> model;
  int threads = 0;
  for (const Way& way : ways_) {
    if (way.intra_op_threads != threads && !is_over()) {
      threads = way.intra_op_threads;
      model.reset();
      MODELYARD_ASSIGN(model, load(threads));
    }
    MODELYARD_TRY(explore_way(*model, way, end));
  }
  return ok();
}

Status Tuner::repeat(SteadyTime end) {
  std::unique_ptr<backend::LoadedModel> model;
  int threads = 0;
  std::size_t left = tuning_.cells.size();
  for (Cell& cell : tuning_.cells) {
    if (is_over()) return ok();
    if (cell.way.intra_op_threads != threads) {
      threads = cell.way.intra_op_threads;
      model.reset();
      MODELYARD_ASSIGN(model, load(threads));
    }
    const auto time = time_of_cell(end - clock_.steady_now(), left--);
    MODELYARD_ASSIGN(const Cell again, measure(*model, {cell.way, cell.batch_size, time}));
    cell = better_of(cell, again);
  }
  return ok();
}

Result<Tuning> Tuner::run() {
  MODELYARD_TRY(prove());
  MODELYARD_TRY(plan_grid());
  const auto loads = static_cast<std::int64_t>(std::ranges::count(ways_, 1, &Way::instances));
  tuning_.rounds = rounds_of(options_.budget, {cells_left_, loading_ * loads});
  const SteadyTime began = end_ - options_.budget;
  MODELYARD_TRY(explore(began + options_.budget / tuning_.rounds));
  for (std::int64_t round = 2; round <= tuning_.rounds; ++round) {
    MODELYARD_TRY(repeat(began + options_.budget * round / tuning_.rounds));
  }
  return std::exchange(tuning_, {});
}

}  // namespace modelyard::tuning
