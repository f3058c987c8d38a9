#include "rollout/traffic_plan.h"

#include <algorithm>

#include "base/json_list.h"

namespace modelyard::rollout {
namespace {

constexpr std::string_view kHeaderPrefix = "header:";

Error refusal(const TrafficPlan& plan, std::string_view why) {
  return Error(Code::kInvalidArgument, fmt::format("plan of '{}': {}", plan.endpoint, why));
}

Status check_share(const TrafficPlan& plan, std::string_view what, VersionNumber version, int share) {
  if (version < 1) return refusal(plan, fmt::format("{}: versions begin at 1", what));
  if (share >= 1 && share <= kWhole) return ok();
  return refusal(plan, fmt::format("weight {} of version {} is not in 1..{}", share, version, kWhole));
}

Status check_shares(const TrafficPlan& plan) {
  int sum = 0;
  VersionNumber previous = 0;
  for (const Share& share : plan.shares) {
    if (share.version <= previous) return refusal(plan, "versions must ascend from 1, without repeats");
    MODELYARD_TRY(check_share(plan, "shares", share.version, share.weight));
    previous = share.version;
    sum += share.weight;
  }
  if (sum != kWhole) return refusal(plan, fmt::format("weights sum to {}, not to {}", sum, kWhole));
  if (plan.shares.size() > kMostVersions) return refusal(plan, fmt::format("more than {} versions", kMostVersions));
  return ok();
}

bool answers(const TrafficPlan& plan, VersionNumber version) {
  return std::ranges::find(plan.shares, version, &Share::version) != plan.shares.end();
}

bool keeps(const TrafficPlan& plan, VersionNumber version) {
  return answers(plan, version) || std::ranges::find(plan.warm, version) != plan.warm.end();
}

bool is_shadow(const TrafficPlan& plan, VersionNumber version) {
  return std::ranges::find(plan.shadows, version, &Shadow::version) != plan.shadows.end();
}

Status check_overrides(const TrafficPlan& plan) {
  if (plan.overrides.size() > kMostOverrides)
    return refusal(plan, fmt::format("more than {} overrides", kMostOverrides));
  for (const Override& rule : plan.overrides) {
    if (rule.key.by == KeyKind::kNone) return refusal(plan, "an override needs a key: 'header:NAME' or 'principal'");
    if (rule.value.empty() || rule.value.size() > kLongestKey) {
      return refusal(plan, fmt::format("the value of an override has 1 to {} bytes", kLongestKey));
    }
    if (!keeps(plan, rule.version) && !is_shadow(plan, rule.version)) {
      return refusal(plan, fmt::format("an override sends requests to version {}, which is neither among the shares "
                                       "nor a shadow nor kept warm",
                                       rule.version));
    }
  }
  return ok();
}

Status check_rollout(const TrafficPlan& plan) {
  if (plan.salt.size() > kLongestKey) return refusal(plan, fmt::format("a salt has at most {} bytes", kLongestKey));
  const bool needs_stable = plan.layer || plan.falls_back;
  if (plan.stable == 0 && needs_stable) return refusal(plan, "a layer or fall-back needs a stable version");
  if (plan.stable != 0 && !keeps(plan, plan.stable)) {
    return refusal(plan, fmt::format("the stable version {} is neither among the shares nor kept warm", plan.stable));
  }
  if (!plan.layer) return ok();
  if (plan.layer->name.empty() || plan.layer->name.size() > kLongestKey) {
    return refusal(plan, fmt::format("the name of a layer has 1 to {} bytes", kLongestKey));
  }
  if (0 <= plan.layer->from && plan.layer->from < plan.layer->to && plan.layer->to <= kWhole) return ok();
  return refusal(plan, fmt::format("the slice {}..{} of layer '{}' is not within 0..{}", plan.layer->from,
                                   plan.layer->to, plan.layer->name, kWhole));
}

Result<int> read_part(ObjectReader& reader, std::string_view key) {
  MODELYARD_ASSIGN(const std::int64_t part, reader.integer(key));
  if (part >= 0 && part <= kWhole) return static_cast<int>(part);
  return error(Code::kInvalidArgument, "{}: {} is not in 0..{}", reader.path_of(key), part, kWhole);
}

Status read_shadow(ObjectReader& reader, TrafficPlan& plan) {
  Shadow shadow;
  MODELYARD_ASSIGN(shadow.version, reader.integer("version"));
  MODELYARD_ASSIGN(shadow.share, read_part(reader, "share"));
  MODELYARD_ASSIGN(const auto tolerance, reader.optional_number("tolerance"));
  shadow.tolerance = tolerance.value_or(shadow.tolerance);
  plan.shadows.push_back(shadow);
  return ok();
}

Status read_override(ObjectReader& reader, TrafficPlan& plan) {
  Override rule;
  MODELYARD_ASSIGN(const std::string key, reader.string("key"));
  MODELYARD_ASSIGN(rule.key, parse_request_key(key));
  MODELYARD_ASSIGN(rule.value, reader.string("value"));
  MODELYARD_ASSIGN(rule.version, reader.integer("version"));
  plan.overrides.push_back(std::move(rule));
  return ok();
}

Status read_warm(ObjectReader& reader, TrafficPlan& plan) {
  MODELYARD_ASSIGN(const Json* const list, reader.optional_array("warm"));
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    if (!(*list)[i].is_number_integer()) {
      return error(Code::kInvalidArgument, "{}[{}]: expected a version's number", reader.path_of("warm"), i);
    }
    plan.warm.push_back((*list)[i].get<VersionNumber>());
  }
  return ok();
}

Status read_layer(ObjectReader& reader, TrafficPlan& plan) {
  MODELYARD_ASSIGN(const Json* const value, reader.optional_object("layer"));
  if (value == nullptr) return ok();
  MODELYARD_ASSIGN(auto layer, ObjectReader::open(*value, reader.path_of("layer")));
  plan.layer.emplace();
  MODELYARD_ASSIGN(plan.layer->name, layer.string("name"));
  MODELYARD_ASSIGN(plan.layer->from, read_part(layer, "from"));
  MODELYARD_ASSIGN(plan.layer->to, read_part(layer, "to"));
  return layer.finish();
}

Status read_rollout(ObjectReader& reader, TrafficPlan& plan) {
  MODELYARD_ASSIGN(const auto stable, reader.optional_integer("stable"));
  plan.stable = stable.value_or(0);
  MODELYARD_ASSIGN(const auto salt, reader.optional_string("salt"));
  plan.salt = salt.value_or("");
  MODELYARD_ASSIGN(const auto sticky, reader.optional_string("sticky"));
  if (sticky) {
    MODELYARD_ASSIGN(plan.sticky, parse_request_key(*sticky));
  }
  MODELYARD_ASSIGN(const auto falls_back, reader.optional_boolean("falls_back"));
  plan.falls_back = falls_back.value_or(false);
  return read_layer(reader, plan);
}

}  // namespace

std::string_view arm_name(Arm arm) {
  switch (arm) {
    case Arm::kNone: break;
    case Arm::kStable: return "stable";
    case Arm::kCandidate: return "candidate";
  }
  return "";
}

Result<RequestKey> parse_request_key(std::string_view text) {
  if (text == "none") return RequestKey{KeyKind::kNone, ""};
  if (text == "principal") return RequestKey{KeyKind::kPrincipal, ""};
  const std::string_view header = text.starts_with(kHeaderPrefix) ? text.substr(kHeaderPrefix.size()) : "";
  const bool is_name = !header.empty() && header.size() <= kLongestKey && std::ranges::all_of(header, [](char letter) {
    return (letter >= '0' && letter <= '9') || (letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z') ||
           std::string_view("!#$%&'*+-.^_`|~").contains(letter);
  });
  if (is_name) return RequestKey{KeyKind::kHeader, std::string(header)};
  return error(Code::kInvalidArgument, "'{}' is not a key of requests: expected 'header:NAME', 'principal' or 'none'",
               text.substr(0, 80));
}

std::string to_text(const RequestKey& key) {
  switch (key.by) {
    case KeyKind::kNone: break;
    case KeyKind::kHeader: return std::string(kHeaderPrefix) + key.header;
    case KeyKind::kPrincipal: return "principal";
  }
  return "none";
}

TrafficPlan whole_to(std::string endpoint, std::string model, VersionNumber version) {
  TrafficPlan plan{.endpoint = std::move(endpoint), .model = std::move(model)};
  plan.shares.push_back({version, kWhole});
  return plan;
}

Status validate(const TrafficPlan& plan) {
  MODELYARD_TRY(check_shares(plan));
  for (const Shadow& shadow : plan.shadows) {
    MODELYARD_TRY(check_share(plan, "shadows", shadow.version, shadow.share));
    if (answers(plan, shadow.version)) {
      return refusal(plan, fmt::format("version {} cannot answer and be a shadow", shadow.version));
    }
    if (!(shadow.tolerance >= 0 && shadow.tolerance <= 1)) {
      return refusal(plan, fmt::format("shadows: a tolerance is between 0 and 1, not {}", shadow.tolerance));
    }
  }
  if (plan.shadows.size() + plan.warm.size() > kMostVersions) {
    return refusal(plan, fmt::format("more than {} versions that do not answer", kMostVersions));
  }
  for (const VersionNumber version : plan.warm) {
    if (version < 1) return refusal(plan, "warm: versions begin at 1");
  }
  MODELYARD_TRY(check_overrides(plan));
  return check_rollout(plan);
}

std::vector<VersionNumber> versions_of(const TrafficPlan& plan) {
  std::vector<VersionNumber> versions;
  for (const Share& share : plan.shares) versions.push_back(share.version);
  for (const Shadow& shadow : plan.shadows) versions.push_back(shadow.version);
  versions.insert(versions.end(), plan.warm.begin(), plan.warm.end());
  return versions;
}

Json to_json(const TrafficPlan& plan) {
  Json json = {{"shares", Json::array()}};
  for (const Share& share : plan.shares) {
    json["shares"].push_back({{"version", share.version}, {"weight", share.weight}});
  }
  for (const Shadow& shadow : plan.shadows) {
    json["shadows"].push_back({{"version", shadow.version}, {"share", shadow.share}, {"tolerance", shadow.tolerance}});
  }
  for (const Override& rule : plan.overrides) {
    json["overrides"].push_back({{"key", to_text(rule.key)}, {"value", rule.value}, {"version", rule.version}});
  }
  if (!plan.warm.empty()) json["warm"] = plan.warm;
  if (plan.stable != 0) json["stable"] = plan.stable;
  if (!plan.salt.empty()) json["salt"] = plan.salt;
  if (plan.sticky != RequestKey()) json["sticky"] = to_text(plan.sticky);
  if (plan.falls_back) json["falls_back"] = true;
  if (plan.layer) json["layer"] = {{"name", plan.layer->name}, {"from", plan.layer->from}, {"to", plan.layer->to}};
  return json;
}

Result<TrafficPlan> parse_traffic_plan(const Json& value, std::string endpoint, std::string model,
                                       std::int64_t revision) {
  TrafficPlan plan{.endpoint = std::move(endpoint), .model = std::move(model), .revision = revision};
  MODELYARD_ASSIGN(auto reader, ObjectReader::open(value, "plan"));
  MODELYARD_TRY(reader.array("shares"));
  MODELYARD_TRY(read_each(reader, "shares", [&](ObjectReader& share) -> Status {
    MODELYARD_ASSIGN(const std::int64_t version, share.integer("version"));
    MODELYARD_ASSIGN(const int weight, read_part(share, "weight"));
    plan.shares.push_back({version, weight});
    return ok();
  }));
  MODELYARD_TRY(read_each(reader, "shadows", [&](ObjectReader& shadow) { return read_shadow(shadow, plan); }));
  MODELYARD_TRY(read_each(reader, "overrides", [&](ObjectReader& rule) { return read_override(rule, plan); }));
  MODELYARD_TRY(read_warm(reader, plan));
  MODELYARD_TRY(read_rollout(reader, plan));
  MODELYARD_TRY(reader.finish());
  MODELYARD_TRY(validate(plan));
  return plan;
}

}  // namespace modelyard::rollout
