// What happened to the requests of one version, counted by each event loop for itself and merged when someone reads.
//
// Threads: a VersionCounters is written by its loop only, read by any; relaxed, so a reading may be between two
// requests. Units:   nanoseconds.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "base/result.h"

namespace modelyard::serving {

enum class Protocol : std::uint8_t { kOpenInference, kTensorFlowServing, kOpenInferenceGrpc, kTensorFlowServingGrpc };
inline constexpr int kProtocols = 4;
inline constexpr int kOutcomes = 13;  // answered, and a code for each failure
std::string_view protocol_name(Protocol protocol);
// "ok", or the name of the code.
std::string_view outcome_name(int outcome);
constexpr int outcome_of(Code code) {
  return 1 + static_cast<int>(code);
}

// Upper bounds of the latency buckets, in seconds; one more bucket for the rest.
inline constexpr std::array<double, 17> kLatencyBounds{
    0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};

struct Durations {
  std::chrono::nanoseconds queued{0};
  std::chrono::nanoseconds prepared{0};  // checks before the run
  std::chrono::nanoseconds computed{0};
  std::chrono::nanoseconds total{0};
  std::int64_t run_rows = 0;  // of the run, with those of the other requests in it; 0: another one counts the run
  bool from_cache = false;    // there was no run
};

struct LatencyHistogram {
  std::array<std::uint64_t, kLatencyBounds.size() + 1> counts{};
  std::uint64_t nanoseconds = 0;
  std::uint64_t count() const;
};

// The runs with one number of rows.
struct RunTotals {
  std::uint64_t runs = 0;
  std::uint64_t prepared = 0, computed = 0;  // nanoseconds
};

struct VersionTotals {
  std::array<std::array<LatencyHistogram, kOutcomes>, kProtocols> latency{};
  std::uint64_t rows = 0;
  std::uint64_t executions = 0;
  std::uint64_t cache_hits = 0, cache_hit_nanoseconds = 0;
  std::uint64_t queued = 0, prepared = 0, computed = 0;  // nanoseconds of answered requests
  std::uint64_t handed_over = 0;                         // nanoseconds from the end of the run until the answer
  std::uint64_t last_request_ms = 0;                     // UTC
  std::map<std::int64_t, RunTotals> runs;                // by rows

  std::uint64_t answered() const;
  std::uint64_t failed() const;
  std::uint64_t answered_nanoseconds() const;
  std::uint64_t failed_nanoseconds() const;
};

class alignas(64) VersionCounters {
 public:
  void count(Protocol protocol, int outcome, std::int64_t rows, const Durations& durations, std::int64_t now_ms);
  void add_to(VersionTotals& totals) const;

 private:
  using Counter = std::atomic<std::uint64_t>;
  static void add(Counter& counter, std::uint64_t value) {
    counter.store(counter.load(std::memory_order_relaxed) + value, std::memory_order_relaxed);
  }

  // By rows, open addressing; runs of further numbers of rows than there are slots are in the sums only.
  struct RunSlot {
    std::atomic<std::int64_t> rows{0};  // 0: free
    Counter runs{0}, prepared{0}, computed{0};
  };
  static constexpr std::size_t kRunSlots = 64;
  void count_run(const Durations& durations);

  struct Histogram {
    std::array<Counter, kLatencyBounds.size() + 1> counts{};
    Counter nanoseconds{0};
  };
  std::array<std::array<Histogram, kOutcomes>, kProtocols> latency_{};
  Counter rows_{0}, executions_{0}, cache_hits_{0}, cache_hit_nanoseconds_{0}, queued_{0}, prepared_{0}, computed_{0},
      handed_over_{0}, last_request_ms_{0};
  std::array<RunSlot, kRunSlots> runs_{};
};

}  // namespace modelyard::serving
