#include "rollout/traffic_plan.h"

namespace modelyard::rollout {

TrafficPlan whole_to(std::string endpoint, std::string model, VersionNumber version) {
  return {std::move(endpoint), std::move(model), 0, {{version, kWhole}}};
}

Status validate(const TrafficPlan& plan) {
  int sum = 0;
  VersionNumber previous = 0;
  for (const Share& share : plan.shares) {
    if (share.version <= previous) {
      return error(Code::kInvalidArgument, "plan of '{}': versions must ascend from 1, without repeats", plan.endpoint);
    }
    if (share.weight < 1 || share.weight > kWhole) {
      return error(Code::kInvalidArgument, "plan of '{}': weight {} of version {} is not in 1..{}", plan.endpoint,
                   share.weight, share.version, kWhole);
    }
    previous = share.version;
    sum += share.weight;
  }
  if (sum == kWhole) return ok();
  return error(Code::kInvalidArgument, "plan of '{}': weights sum to {}, not to {}", plan.endpoint, sum, kWhole);
}

VersionNumber pick(const TrafficPlan& plan, std::uint64_t hash) {
  // The upper bits decide, so that a multiplicative hash need not be good in its lower ones.
  auto point = static_cast<int>(((hash >> 32) * kWhole) >> 32);
  for (const Share& share : plan.shares) {
    point -= share.weight;
    if (point < 0) return share.version;
  }
  return plan.shares.back().version;
}

Json to_json(const TrafficPlan& plan) {
  Json shares = Json::array();
  for (const Share& share : plan.shares) {
    shares.push_back({{"version", share.version}, {"weight", share.weight}});
  }
  return {{"shares", std::move(shares)}};
}

Result<TrafficPlan> parse_traffic_plan(const Json& value, std::string endpoint, std::string model,
                                       std::int64_t revision) {
  TrafficPlan plan{std::move(endpoint), std::move(model), revision, {}};
  MODELYARD_ASSIGN(auto reader, ObjectReader::open(value, "plan"));
  MODELYARD_ASSIGN(const Json* shares, reader.array("shares"));
  MODELYARD_TRY(reader.finish());
  for (std::size_t i = 0; i < shares->size(); ++i) {
    MODELYARD_ASSIGN(auto share, ObjectReader::open((*shares)[i], fmt::format("plan.shares[{}]", i)));
    MODELYARD_ASSIGN(const std::int64_t version, share.integer("version"));
    MODELYARD_ASSIGN(const std::int64_t weight, share.integer("weight"));
    MODELYARD_TRY(share.finish());
    if (weight < 1 || weight > kWhole) {
      return error(Code::kInvalidArgument, "plan.shares[{}].weight: {} is not in 1..{}", i, weight, kWhole);
    }
    plan.shares.push_back({version, static_cast<int>(weight)});
  }
  MODELYARD_TRY(validate(plan));
  return plan;
}

}  // namespace modelyard::rollout
