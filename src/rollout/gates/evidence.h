// Evidence is all that gates know of a rollout: counts of each step, of the candidate and of stable, kept apart by
// buckets of units, because one user's requests go together and only buckets of users tell by how much.
//
// Buckets: unit_bucket() takes the lowest bits of a unit's hash. Assignment takes the highest, so that a canary of 1 %
//          has units in all buckets.
// Merge:   exact in any order (sums of metrics: but for rounding).
// Units:   counts; latencies in the buckets of latency_buckets.h; metrics in their own unit.
// Size:    100 kB of an arm in memory; written sparsely, some kB.
// Errors:  InvalidArgument naming the field (parse), or the counts that fall (difference).
// Threads: values. A server counts with atomics in tables of the same shape, and copies them.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "rollout/gates/latency_buckets.h"
#include "rollout/gates/unit_sample.h"

namespace modelyard::rollout {

inline constexpr std::size_t kUnitBuckets = 256;
constexpr std::size_t unit_bucket(std::uint64_t unit_hash) {
  return unit_hash % kUnitBuckets;
}

using Counts = std::vector<std::uint64_t>;
inline std::uint64_t total(const Counts& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

struct MetricEvidence {
  Counts counts = Counts(kUnitBuckets);
  std::vector<double> sums = std::vector<double>(kUnitBuckets);
  std::vector<double> squares = std::vector<double>(kUnitBuckets);
};

struct ArmEvidence {
  static constexpr std::size_t kMostMetrics = 64, kMostOutputBins = 32;
  static constexpr double kLargestValue = 1e70;  // of a metric, so that squares can be summed up

  // Of each bucket of units.
  Counts requests = Counts(kUnitBuckets);
  Counts failures = Counts(kUnitBuckets);  // answered with an error, or not in time
  Counts timeouts = Counts(kUnitBuckets);
  Counts nonfinite = Counts(kUnitBuckets);  // answers with a NaN or an infinity in them

  Counts latency = Counts(kLatencyBuckets);
  Counts latency_units = Counts(kUnitBuckets * kLatencyClasses);  // [unit bucket][class]

  std::map<std::string, MetricEvidence, std::less<>> metrics;  // "accuracy": 1 for right, 0 for wrong

  // Answers by bins, which are the same for both arms: [unit bucket][bin]; 10 to 20 bins see best.
  std::size_t output_bins = 0;
  Counts outputs;
};

// Requests that both versions answered.
struct PairEvidence {
  Counts compared = Counts(kUnitBuckets);
  Counts disagreed = Counts(kUnitBuckets);
  Counts labelled = Counts(kUnitBuckets);        // of which the truth is known
  Counts candidate_only = Counts(kUnitBuckets);  // of these: right of the candidate, and wrong of stable
  Counts stable_only = Counts(kUnitBuckets);
};

struct StepEvidence {
  int step = 0;
  ArmEvidence candidate, stable;
  PairEvidence pairs;
  UnitSample units;  // that were answered; where none are told apart, each request is one
};

struct Evidence {
  static constexpr std::size_t kMostSteps = 100;
  std::vector<StepEvidence> steps;  // ascending
};

struct CountedRequest {
  std::uint64_t unit_hash = 0;
  bool failed = false, timed_out = false, nonfinite = false;
  // Of whatever kept its caller waiting, timeouts among them; nothing for what was refused at once, which is no speed.
  std::optional<std::chrono::nanoseconds> latency;
};
void add(ArmEvidence& arm, const CountedRequest& request);
// InvalidArgument for values that are not finite or beyond kLargestValue, or too many metrics.
Status add_metric(ArmEvidence& arm, std::string_view name, std::uint64_t unit_hash, double value);
// Pre: bin < output_bins, which is set before the first answer.
void add_output(ArmEvidence& arm, std::uint64_t unit_hash, std::size_t bin);

// The evidence of a step, made when it is not there.
StepEvidence& step_of(Evidence& evidence, int step);

// FailedPrecondition when the arms' outputs have other bins, or there are too many metrics; `into` is of no use then.
Status merge(Evidence& into, const Evidence& other);
// What came after `before`, which was the same evidence earlier. Of units nothing can be taken away: they are left out.
Result<Evidence> difference(const Evidence& after, const Evidence& before);

// {"steps": [{"step", "candidate": ARM, "stable": ARM, "pairs": {…}, "units"?: {…}}]}; counts are [place, count, place, count, …] of
// those that are not 0.
Json to_json(const Evidence& evidence);
Result<Evidence> parse_evidence(const Json& value, std::string path);

}  // namespace modelyard::rollout
