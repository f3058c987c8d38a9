// What one value costs each sketch: `modelyard_bench_sketches`. Google Benchmark's table; allocations are counted, too.
#include <benchmark/benchmark.h>

#include "allocations.h"
#include "statistics/sketches/distinct.h"
#include "statistics/sketches/frequent.h"
#include "statistics/sketches/histogram.h"
#include "statistics/sketches/moments.h"
#include "statistics/sketches/quantiles.h"
#include "statistics/test_streams.h"

namespace {

using namespace modelyard::statistics;

constexpr std::size_t kValues = 1u << 16;

// A million values in before, so that the sketch is as it will be.
template <typename Sketch, typename Add>
void update(benchmark::State& state, Sketch sketch, Add add) {
  for (std::size_t i = 0; i < 16 * kValues; ++i) add(sketch, i % kValues);
  const std::uint64_t before = modelyard::benchmarks::allocations();
  std::size_t i = 0;
  for (auto _ : state) add(sketch, ++i % kValues);
  state.counters["allocations"] = static_cast<double>(modelyard::benchmarks::allocations() - before);
  benchmark::DoNotOptimize(sketch);
}

const std::vector<double>& values() {
  static const std::vector<double> stream = uniform_stream(1, kValues);
  return stream;
}

const std::vector<std::string>& texts() {
  static const std::vector<std::string> stream = [] {
    std::vector<std::string> made;
    for (const double value : values())
      made.push_back("category " + std::to_string(static_cast<int>(value * value * 50)));
    return made;
  }();
  return stream;
}

const auto kAddValue = [](auto& sketch, std::size_t i) { sketch.add(values()[i]); };
const auto kAddText = [](auto& sketch, std::size_t i) { sketch.add(std::string_view(texts()[i])); };

void moments(benchmark::State& state) {
  update(state, Moments(), kAddValue);
}
void quantiles(benchmark::State& state) {
  update(state, Quantiles(200), kAddValue);
}
void distinct_numbers(benchmark::State& state) {
  update(state, Distinct(), kAddValue);
}
void distinct_texts(benchmark::State& state) {
  update(state, Distinct(), kAddText);
}
void frequent(benchmark::State& state) {
  update(state, Frequent(64), kAddText);
}
void histogram(benchmark::State& state) {
  Quantiles reference;
  for (const double value : values()) reference.add(value);
  update(state, Histogram(std::make_shared<const Edges>(*Edges::of_reference(reference, 20))), kAddValue);
}

BENCHMARK(moments);
BENCHMARK(quantiles);
BENCHMARK(distinct_numbers);
BENCHMARK(distinct_texts);
BENCHMARK(frequent);
BENCHMARK(histogram);

}  // namespace

BENCHMARK_MAIN();
