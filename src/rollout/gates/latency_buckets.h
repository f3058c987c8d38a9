// How latencies are counted: each power of two of nanoseconds in 128 buckets of one width, so that a bucket is known
// with an integer shift, and is at most 1/128 of its latency wide.
//
// Range:   bucket 0 is all below 1,024 ns, the last one all from 2^40 ns (1,100 s) on.
// Classes: the buckets of one power of two, for what is kept of each bucket of units as well.
// Threads: pure, no allocation: fit for the path of a request.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace modelyard::rollout {

inline constexpr int kFirstLatencyExponent = 10, kEndLatencyExponent = 40, kLatencyStepBits = 7;
inline constexpr std::size_t kLatencySteps = std::size_t{1} << kLatencyStepBits;
inline constexpr std::size_t kLatencyClasses = kEndLatencyExponent - kFirstLatencyExponent + 2;
inline constexpr std::size_t kLatencyBuckets = (kLatencyClasses - 2) * kLatencySteps + 2;

constexpr std::size_t latency_bucket(std::uint64_t nanoseconds) {
  const int exponent = std::bit_width(nanoseconds) - 1;
  if (exponent < kFirstLatencyExponent) return 0;
  if (exponent >= kEndLatencyExponent) return kLatencyBuckets - 1;
  const std::size_t step = (nanoseconds >> (exponent - kLatencyStepBits)) - kLatencySteps;
  return 1 + static_cast<std::size_t>(exponent - kFirstLatencyExponent) * kLatencySteps + step;
}

// The least latency of a bucket, in nanoseconds. Pre: bucket < kLatencyBuckets.
constexpr std::uint64_t latency_bucket_begin(std::size_t bucket) {
  if (bucket == 0) return 0;
  const std::size_t power = (bucket - 1) / kLatencySteps, step = (bucket - 1) % kLatencySteps;
  return static_cast<std::uint64_t>(kLatencySteps + step) << (power + kFirstLatencyExponent - kLatencyStepBits);
}

constexpr std::size_t latency_class(std::size_t bucket) {
  return (bucket + kLatencySteps - 1) / kLatencySteps;
}
constexpr std::size_t latency_class_begin(std::size_t latency_class) {  // its first bucket
  return latency_class == 0 ? 0 : 1 + (latency_class - 1) * kLatencySteps;
}

}  // namespace modelyard::rollout
