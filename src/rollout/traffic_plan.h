// TrafficPlan says which versions of a model answer an endpoint's requests, and with which shares. It is
// immutable: a change makes a new revision.
//
// Units:   shares are parts of 10,000 and sum to it.
// Threads: a value; pick() allocates nothing.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/names.h"
#include "base/result.h"

namespace modelyard::rollout {

inline constexpr int kWhole = 10'000;

struct Share {
  VersionNumber version = 0;
  int weight = 0;  // 1..10,000

  friend bool operator==(const Share&, const Share&) = default;
};

struct TrafficPlan {
  std::string endpoint;
  std::string model;
  std::int64_t revision = 0;  // given by the catalog
  std::vector<Share> shares;  // by version, ascending

  friend bool operator==(const TrafficPlan&, const TrafficPlan&) = default;
};

// All traffic to one version.
TrafficPlan whole_to(std::string endpoint, std::string model, VersionNumber version);

Status validate(const TrafficPlan& plan);

// The version for a request whose sticky key hashes to `hash`. Pre: validate(plan) is ok.
VersionNumber pick(const TrafficPlan& plan, std::uint64_t hash);

// {"shares":[{"version":1,"weight":10000}]}: what the catalog keeps of a revision.
Json to_json(const TrafficPlan& plan);
Result<TrafficPlan> parse_traffic_plan(const Json& value, std::string endpoint, std::string model,
                                       std::int64_t revision);

}  // namespace modelyard::rollout
