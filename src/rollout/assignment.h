// Which version answers a request, by the endpoint's plan.
//
// Point:     the first 8 bytes, big-endian, of SHA-256(salt ":" unit), as a share of 2^64. Arms take intervals of it in
//            the order of their versions, so that all replicas agree without a word between them, and a share that grows
//            takes nobody away from the arm that grows.
// Unit:      what the plan's sticky key names. A request that does not show it, or a plan that has none, is assigned by
//            chance.
// Overrides: go first; whoever is sent by one is no exposure.
// Layer:     shares are those of its slice. Who is outside, or shows no unit and so has no place in it, is answered by the
//            stable version and is no exposure.
// Cost:      one SHA-256 of some bytes; nothing is allocated. A plan of one version costs a comparison.
// Threads:   pure.
// Sources:   Kohavi, Tang & Xu, Trustworthy Online Controlled Experiments, 2020, ch. 14; layers: Tang, Agarwal, O'Brien
//            & Meyer, Overlapping Experiment Infrastructure, KDD 2010.
#pragma once

#include <optional>

#include "rollout/traffic_plan.h"

namespace modelyard::rollout {

// What of a request may decide. Asked only when the plan wants to know.
class RequestKeys {
 public:
  virtual ~RequestKeys() = default;
  // A header line (REST) or metadata (gRPC), its name in any case.
  virtual std::optional<std::string_view> header(std::string_view name) const = 0;
  virtual std::string_view principal() const = 0;  // "": nobody is known
};

// Shows nothing, as whoever asks only whether somebody would answer.
class NoKeys final : public RequestKeys {
 public:
  std::optional<std::string_view> header(std::string_view) const override { return std::nullopt; }
  std::string_view principal() const override { return {}; }
};

struct Assignment {
  VersionNumber version = 0;
  Arm arm = Arm::kNone;
  bool exposed = false;         // the plan's shares decided, so that it counts for the rollout
  std::uint64_t unit_hash = 0;  // the point; two requests of one unit have the same
};

// `chance` is uniform over all of 64 bits. Pre: validate(plan) is ok.
Assignment assign(const TrafficPlan& plan, const RequestKeys& keys, std::uint64_t chance);

// The first 8 bytes of SHA-256(salt ":" unit).
std::uint64_t point_of(std::string_view salt, std::string_view unit);

}  // namespace modelyard::rollout
