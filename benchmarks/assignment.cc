// What it costs to find the version of a request: `modelyard_bench_assignment`. The goal with a user to hash is 500 ns and
// no allocation; allocations are counted, too.
#include <benchmark/benchmark.h>

#include <array>
#include <string>

#include "allocations.h"
#include "rollout/assignment.h"

namespace {

using namespace modelyard::rollout;

class OneHeader final : public RequestKeys {
 public:
  explicit OneHeader(std::string_view value) : value_(value) {}
  std::optional<std::string_view> header(std::string_view) const override { return value_; }
  std::string_view principal() const override { return {}; }

 private:
  const std::string_view value_;
};

TrafficPlan canary() {
  TrafficPlan plan;
  plan.shares = {{1, 9000}, {2, 1000}};
  plan.stable = 1;
  plan.salt = "rollout-17";
  return plan;
}

// Of 64 users whose names are as long as those of UUIDs are.
void assign_users(benchmark::State& state, const TrafficPlan& plan, bool are_known) {
  std::array<std::string, 64> users;
  for (std::size_t i = 0; i < users.size(); ++i)
    users[i] = std::to_string(1000 + i) + "0526-9667-78bb-8b34-9e0b3b1b3b03";
  (void)assign(plan, OneHeader(users[0]), 0);  // SHA-256 is fetched once
  const std::uint64_t before = modelyard::benchmarks::allocations();
  std::uint64_t i = 0;
  for (auto _ : state) {
    const OneHeader keys(are_known ? std::string_view(users[++i % users.size()]) : std::string_view());
    benchmark::DoNotOptimize(assign(plan, keys, i * 0x9E3779B97F4A7C15u));
  }
  state.counters["allocations"] = static_cast<double>(modelyard::benchmarks::allocations() - before);
}

void sticky_user(benchmark::State& state) {
  assign_users(state, canary(), true);
}
void sticky_user_in_a_layer(benchmark::State& state) {
  TrafficPlan plan = canary();
  plan.layer = Layer{"page", 0, kWhole};
  assign_users(state, plan, true);
}
void nobody_known(benchmark::State& state) {
  assign_users(state, canary(), false);
}
void no_rollout(benchmark::State& state) {
  assign_users(state, whole_to("fraud", "fraud", 1), true);
}

BENCHMARK(sticky_user);
BENCHMARK(sticky_user_in_a_layer);
BENCHMARK(nobody_known);
BENCHMARK(no_rollout);

}  // namespace

BENCHMARK_MAIN();
