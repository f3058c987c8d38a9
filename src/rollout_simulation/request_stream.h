// RequestStream makes up the requests of an endpoint during a rollout, and counts them as a server does.
//
// Requests: come evenly. Each is assigned by the plan, as the server assigns it: those of a user always alike, and
//           without users each by itself. Users are alike but for their version.
// Cost:     some 50 ns a request; nothing is allocated for one.
// Threads:  one at a time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"
#include "rollout/gates/evidence.h"
#include "rollout/traffic_plan.h"
#include "rollout_simulation/truth.h"

namespace modelyard::rollout {

// What was answered, and how many users saw a fault: an error, a timeout, or an answer that was not finite.
struct Served {
  std::uint64_t requests = 0, candidate_requests = 0;
  std::uint64_t faults = 0, candidate_faults = 0;
};

// Draws answers of one version.
class AnswerSource {
 public:
  explicit AnswerSource(const Truth& truth);
  CountedRequest draw(Random& random, std::uint64_t unit_hash) const;
  // 1 or 0, of an answer without a fault.
  double draw_reward(Random& random) const;

 private:
  static constexpr int kLatencyBits = 14;  // the slowest of 16,384 equal parts stands for all beyond
  const Truth truth_;
  std::vector<std::chrono::nanoseconds> latencies_;
};

class RequestStream {
 public:
  struct Sources {
    const AnswerSource& stable;
    const AnswerSource& candidate;
  };
  // No units: each request has one of its own. Rewards are counted under the name; without one there are none. The sources
  // outlive the stream.
  RequestStream(Sources sources, std::vector<std::uint64_t> unit_hashes, std::uint64_t seed, std::string reward = "")
      : sources_(sources), units_(std::move(unit_hashes)), reward_(std::move(reward)), random_(seed) {}

  // `step`: nullptr when the candidate answers nobody, and nothing is counted.
  void serve(std::uint64_t requests, const TrafficPlan& plan, StepEvidence* step);
  const Served& served() const { return served_; }

 private:
  const Sources sources_;
  const std::vector<std::uint64_t> units_;
  const std::string reward_;
  SeededRandom random_;
  Served served_;
};

// Where users stand, by the salt of a rollout.
std::vector<std::uint64_t> unit_hashes(std::string_view salt, std::uint64_t units);

}  // namespace modelyard::rollout
