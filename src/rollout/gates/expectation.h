// What a rollout is expected to see: evidence made of what a version is like, as if requests came just so.
//
// Counts:  whole requests, spread evenly over buckets of units, as of users of whom none is alike: where they are, more
//          samples are needed than this says.
// Luck:    standard deviations by which the candidate's share of failures, or of slow requests, is above what is
//          expected; that of stable is part of it.
// Threads: pure.
#pragma once

#include <span>
#include <vector>

#include "rollout/gates/evidence.h"
#include "rollout/gates/gate.h"

namespace modelyard::rollout {

// Of one version, per request.
struct Likeness {
  double failures = 0, timeouts = 0, nonfinite = 0;  // 0 to 1
  std::vector<double> latency;                       // by bucket of latency_buckets.h, summing to 1; empty: not known
};
// Nothing is known of a version without requests: one that does not fail.
Likeness likeness_of(const ArmEvidence& arm);
// As many times as slow.
Likeness slowed(const Likeness& likeness, double factor);

struct ExpectedStep {
  double share = 0;    // of requests, that the candidate has; 0 to 1
  double samples = 0;  // of the candidate
};

// Of these steps, in their order.
Evidence expect(std::span<const ExpectedStep> steps, const Likeness& candidate, const Likeness& stable,
                const Gate& gate, double luck);

}  // namespace modelyard::rollout
