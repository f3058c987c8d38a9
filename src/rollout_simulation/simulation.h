// Simulation runs a rollout on a virtual clock: the machine, the gates and the assignment that serve, with requests that
// are made up. Weeks pass in seconds, and the same seed gives the same course.
//
// Assumes: the candidate is ready at once, traffic is in force at once, and whoever a step waits for lets it go on at
//          once. A rollout that holds is left there, since nobody comes: it is over.
// Looks:   every tick of the spec; in a step that is older than 200 ticks, every 200th part of its age.
// Errors:  InvalidArgument naming the field; Unimplemented for stages and gates that need more than what requests show.
// Threads: pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "rollout/gates/gate.h"
#include "rollout/machine/spec.h"
#include "rollout/machine/state.h"
#include "rollout_simulation/request_stream.h"

namespace modelyard::rollout {

struct SimulatedWorld {
  static constexpr double kMostPerSecond = 1e6;
  static constexpr std::uint64_t kMostUnits = 10'000'000;

  Truth stable, candidate;
  double requests_per_second = 100;  // of the endpoint
  std::uint64_t units = 0;           // users who stick to a version; 0: each request is a stranger's
  UtcTime begin;
};

struct SimulatedCourse {
  RolloutState state;                            // at the end
  std::optional<std::chrono::seconds> decision;  // since the beginning, until it was promoted, taken back, or held
  Served served;                                 // until then, and a little behind
};

class Simulation {
 public:
  static Result<Simulation> make(RolloutSpec spec, const SimulatedWorld& world);
  SimulatedCourse run(std::uint64_t seed) const;
  const RolloutSpec& spec() const { return spec_; }

 private:
  Simulation(RolloutSpec spec, std::vector<Gate> gates, const SimulatedWorld& world)
      : spec_(std::move(spec)),
        gates_(std::move(gates)),
        world_(world),
        stable_(world.stable),
        candidate_(world.candidate) {}

  const RolloutSpec spec_;  // with a stable version
  const std::vector<Gate> gates_;
  const SimulatedWorld world_;
  const AnswerSource stable_, candidate_;
};

// How it ended: "promoted", "rejected", "inconclusive" (also what holds), "aborted".
std::string_view outcome_of(const SimulatedCourse& course);

}  // namespace modelyard::rollout
