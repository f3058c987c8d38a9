#include "tuning/measure.h"

#include <algorithm>
#include <barrier>
#include <thread>

#include "lifecycle/made_up_inputs.h"

namespace modelyard::tuning {
namespace {

using std::chrono::nanoseconds;

constexpr int kWarmUpRuns = 3;
constexpr int kWarmUpShare = 4;  // at most a quarter of the cell's time

struct Instance {
  std::unique_ptr<backend::ExecutionContext> context;
  Status outcome = ok();
  std::vector<nanoseconds> runs;
  nanoseconds took{0};
};

class InstanceRunner {
 public:
  InstanceRunner(const inference::Signature& signature, std::span<const inference::Tensor> inputs, const CellPlan& plan,
                 const Clock& clock)
      : inputs_(lifecycle::views_of(inputs)), wanted_(lifecycle::all_outputs(signature)), plan_(plan), clock_(clock) {}

  void warm_up(Instance& instance) const {
    const SteadyTime end = clock_.steady_now() + plan_.time / kWarmUpShare;
    for (int i = 0; i < kWarmUpRuns && instance.outcome; ++i) {
      instance.outcome = run(instance);
      if (clock_.steady_now() >= end) break;
    }
    instance.runs.clear();
  }

  void measure(Instance& instance) const {
    const SteadyTime began = clock_.steady_now();
    while (instance.outcome && (instance.runs.empty() || clock_.steady_now() - began < plan_.time)) {
      instance.outcome = run(instance);
    }
    instance.took = clock_.steady_now() - began;
  }

 private:
  Status run(Instance& instance) const {
    std::vector<inference::Tensor> outputs;
    const SteadyTime began = clock_.steady_now();
    MODELYARD_TRY(instance.context->run(inputs_, wanted_, outputs));
    instance.runs.push_back(clock_.steady_now() - began);
    return ok();
  }

  const std::vector<inference::TensorView> inputs_;
  const std::vector<std::size_t> wanted_;
  const CellPlan plan_;
  const Clock& clock_;
};

double microseconds_at(std::vector<nanoseconds>& runs, double quantile) {
  const auto position = static_cast<std::ptrdiff_t>(quantile * static_cast<double>(runs.size() - 1) + 0.5);
  std::nth_element(runs.begin(), runs.begin() + position, runs.end());
  return static_cast<double>(runs[static_cast<std::size_t>(position)].count()) / 1000;
}

Result<Cell> summarise(std::vector<Instance>& instances, const CellPlan& plan) {
  Cell cell{plan.way, plan.batch_size};
  std::vector<nanoseconds> runs;
  for (Instance& instance : instances) {
    MODELYARD_TRY(instance.outcome);
    const double seconds = std::chrono::duration<double>(std::max(instance.took, nanoseconds(1))).count();
    cell.rows_per_second += static_cast<double>(plan.batch_size) * static_cast<double>(instance.runs.size()) / seconds;
    runs.insert(runs.end(), instance.runs.begin(), instance.runs.end());
  }
  cell.runs = static_cast<std::int64_t>(runs.size());
  cell.p50_us = microseconds_at(runs, 0.5);
  cell.p99_us = microseconds_at(runs, 0.99);
  return cell;
}

}  // namespace

Result<Cell> measure_cell(backend::LoadedModel& model, std::span<const inference::Tensor> inputs, const CellPlan& plan,
                          const Clock& clock) {
  std::vector<Instance> instances(static_cast<std::size_t>(plan.way.instances));
  for (Instance& instance : instances) {
    MODELYARD_ASSIGN(instance.context, model.new_context());
  }
  const InstanceRunner runner(model.signature(), inputs, plan, clock);
  std::barrier all_warm(plan.way.instances);
  {
    std::vector<std::jthread> threads;
    for (Instance& instance : instances) {
      threads.emplace_back([&] {
        runner.warm_up(instance);
        all_warm.arrive_and_wait();
        runner.measure(instance);
      });
    }
  }
  return summarise(instances, plan);
}

}  // namespace modelyard::tuning
