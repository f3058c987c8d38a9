#include "rollout/assignment.h"

#include "base/digest.h"

namespace modelyard::rollout {
namespace {

// Of the whole, exactly: floor(hash · 10,000 / 2^64).
int part_of(std::uint64_t hash) {
  const std::uint64_t high = hash >> 32, low = hash & 0xffff'ffff;
  return static_cast<int>((high * kWhole + ((low * kWhole) >> 32)) >> 32);
}

const Override* find_override(const TrafficPlan& plan, const RequestKeys& keys) {
  for (const Override& rule : plan.overrides) {
    const auto shown = rule.key.by == KeyKind::kPrincipal ? keys.principal() : keys.header(rule.key.header);
    if (shown && !shown->empty() && *shown == rule.value) return &rule;
  }
  return nullptr;
}

std::string_view unit_of(const TrafficPlan& plan, const RequestKeys& keys) {
  switch (plan.sticky.by) {
    case KeyKind::kHeader: return keys.header(plan.sticky.header).value_or("");
    case KeyKind::kPrincipal: return keys.principal();
    case KeyKind::kNone: break;
  }
  return {};
}

Arm arm_of(const TrafficPlan& plan, VersionNumber version) {
  if (plan.stable == 0) return Arm::kNone;
  return version == plan.stable ? Arm::kStable : Arm::kCandidate;
}

VersionNumber version_at(const TrafficPlan& plan, std::uint64_t hash) {
  int part = part_of(hash);
  for (const Share& share : plan.shares) {
    part -= share.weight;
    if (part < 0) return share.version;
  }
  return plan.shares.back().version;
}

bool is_within(const Layer& layer, std::string_view unit) {
  if (unit.empty()) return false;
  const int part = part_of(point_of(layer.name, unit));
  return layer.from <= part && part < layer.to;
}

}  // namespace

std::uint64_t point_of(std::string_view salt, std::string_view unit) {
  const Digest digest = sha256({salt, ":", unit});
  std::uint64_t point = 0;
  for (std::size_t i = 0; i < sizeof point; ++i) point = point << 8 | digest.bytes()[i];
  return point;
}

Assignment assign(const TrafficPlan& plan, const RequestKeys& keys, std::uint64_t chance) {
  if (plan.stable == 0 && plan.shares.size() == 1 && plan.overrides.empty()) {
    return {.version = plan.shares.front().version};
  }
  if (const Override* const rule = find_override(plan, keys)) {
    return {.version = rule->version, .arm = arm_of(plan, rule->version)};
  }
  const std::string_view unit = unit_of(plan, keys);
  const std::uint64_t point = unit.empty() ? chance : point_of(plan.salt, unit);
  if (plan.layer && !is_within(*plan.layer, unit)) {
    return {.version = plan.stable, .arm = Arm::kStable, .unit_hash = point};
  }
  const VersionNumber version = version_at(plan, point);
  const Arm arm = arm_of(plan, version);
  return {.version = version, .arm = arm, .exposed = arm != Arm::kNone, .unit_hash = point};
}

}  // namespace modelyard::rollout
