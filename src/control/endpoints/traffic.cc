#include "control/endpoints/traffic.h"

#include <algorithm>
#include <map>

#include "base/json_list.h"
#include "rollout/machine/spec_fields.h"

namespace modelyard::control {
namespace {

using rollout::TrafficPlan;

constexpr std::int64_t kLongestWaitSeconds = 3600;
constexpr std::chrono::seconds kCounted{60};

Status read_percent_of(ObjectReader& fields, VersionNumber& version, int& share) {
  MODELYARD_ASSIGN(version, fields.integer("version"));
  if (version < 1) return rollout::refuse_field(fields, "version", "is the number of a version, from 1");
  const Json* const percent = fields.optional_any("percent");
  MODELYARD_ASSIGN(share, rollout::parse_percent(percent ? *percent : Json(), fields.path_of("percent")));
  return ok();
}

Status read_versions(ObjectReader& document, TrafficPlan& plan) {
  MODELYARD_TRY(document.array("versions"));
  MODELYARD_TRY(read_each(document, "versions", [&](ObjectReader& one) -> Status {
    rollout::Share share;
    MODELYARD_TRY(read_percent_of(one, share.version, share.weight));
    if (std::ranges::find(plan.shares, share.version, &rollout::Share::version) != plan.shares.end()) {
      return rollout::refuse_field(one, "version", fmt::format("version {} is there twice", share.version));
    }
    plan.shares.push_back(share);
    return ok();
  }));
  if (plan.shares.empty() || plan.shares.size() > rollout::kMostVersions) {
    return rollout::refuse_field(document, "versions",
                                 fmt::format("{} versions: write 1 to {}", plan.shares.size(), rollout::kMostVersions));
  }
  std::ranges::sort(plan.shares, {}, &rollout::Share::version);
  int sum = 0;
  for (const rollout::Share& share : plan.shares) sum += share.weight;
  if (sum == rollout::kWhole) return ok();
  return rollout::refuse_field(document, "versions",
                               fmt::format("the percents sum to {:g}, not to 100", sum * 100.0 / rollout::kWhole));
}

Status read_overrides(ObjectReader& document, TrafficPlan& plan) {
  return read_each(document, "overrides", [&](ObjectReader& one) -> Status {
    rollout::Override rule;
    MODELYARD_ASSIGN(const std::string key, one.string("key"));
    const auto parsed = rollout::parse_request_key(key);
    if (!parsed) return rollout::refuse_field(one, "key", parsed.error().message());
    rule.key = *parsed;
    MODELYARD_ASSIGN(rule.value, one.string("value"));
    MODELYARD_ASSIGN(rule.version, one.integer("version"));
    const std::vector<VersionNumber> kept = rollout::versions_of(plan);
    if (std::ranges::find(kept, rule.version) == kept.end()) plan.warm.push_back(rule.version);
    plan.overrides.push_back(std::move(rule));
    return ok();
  });
}

Status read_plan(ObjectReader& document, TrafficPlan& plan) {
  MODELYARD_TRY(read_versions(document, plan));
  MODELYARD_TRY(read_each(document, "shadows", [&](ObjectReader& one) -> Status {
    rollout::Shadow shadow;
    MODELYARD_TRY(read_percent_of(one, shadow.version, shadow.share));
    MODELYARD_ASSIGN(const auto tolerance, one.optional_number("tolerance"));
    shadow.tolerance = tolerance.value_or(shadow.tolerance);
    plan.shadows.push_back(shadow);
    return ok();
  }));
  MODELYARD_TRY(read_overrides(document, plan));
  MODELYARD_ASSIGN(const auto sticky, document.optional_string("sticky"));
  if (!sticky) return ok();
  const auto key = rollout::parse_request_key(*sticky);
  if (!key) return rollout::refuse_field(document, "sticky", key.error().message());
  plan.sticky = *key;
  return ok();
}

// By version, in the last minute.
std::map<VersionNumber, double> requests_per_second(const TrafficParts& parts, const std::string& endpoint) {
  std::map<VersionNumber, double> rates;
  const UtcTime now = parts.clock.utc_now();
  parts.journal->scan(endpoint, now - kCounted, now,
                      [&](const std::string&, const journal::DecisionRow& row, const journal::NameTable&) {
                        if (row.plan_revision > 0) ++rates[row.version];
                      });
  for (auto& [version, rate] : rates) rate /= static_cast<double>(kCounted.count());
  return rates;
}

// Says of versions how they are.
class Describer {
 public:
  Describer(const TrafficParts& parts, const registry::EndpointRecord& endpoint)
      : status_(parts.reconciler.status()), endpoint_(endpoint) {
    if (parts.journal != nullptr) rates_ = requests_per_second(parts, endpoint.name);
  }

  Json describe(VersionNumber version) const {
    Json json = {{"version", version}, {"phase", "waiting"}, {"requests_per_second", nullptr}};
    const auto found =
        std::ranges::find(status_.versions, VersionRef{endpoint_.model, version}, &lifecycle::VersionStatus::version);
    if (found != status_.versions.end()) json["phase"] = lifecycle::phase_name(found->phase);
    if (!rates_) return json;
    const auto rate = rates_->find(version);
    json["requests_per_second"] = rate == rates_->end() ? 0.0 : rate->second;
    return json;
  }

  bool is_in_effect() const {
    const auto found = std::ranges::find(status_.endpoints, endpoint_.name, &lifecycle::EndpointStatus::endpoint);
    return found != status_.endpoints.end() && found->effective_revision == endpoint_.plan_revision;
  }

 private:
  const lifecycle::LifecycleStatus status_;
  const registry::EndpointRecord& endpoint_;
  std::optional<std::map<VersionNumber, double>> rates_;
};

Json plan_json(const TrafficPlan& plan, const Describer& describer) {
  const auto arm_of = [&](VersionNumber version) -> Json {
    if (plan.stable == 0) return nullptr;
    return arm_name(version == plan.stable ? rollout::Arm::kStable : rollout::Arm::kCandidate);
  };
  Json json = {{"versions", Json::array()},      {"shadows", Json::array()}, {"overrides", Json::array()},
               {"sticky", to_text(plan.sticky)}, {"warm", Json::array()},    {"layer", nullptr},
               {"falls_back", plan.falls_back}};
  for (const rollout::Share& share : plan.shares) {
    Json one = describer.describe(share.version);
    one["percent"] = rollout::percent_json(share.weight);
    one["arm"] = arm_of(share.version);
    json["versions"].push_back(std::move(one));
  }
  for (const rollout::Shadow& shadow : plan.shadows) {
    Json one = describer.describe(shadow.version);
    one["percent"] = rollout::percent_json(shadow.share);
    one["tolerance"] = shadow.tolerance;
    json["shadows"].push_back(std::move(one));
  }
  for (const rollout::Override& rule : plan.overrides) {
    json["overrides"].push_back({{"key", to_text(rule.key)}, {"value", rule.value}, {"version", rule.version}});
  }
  for (const VersionNumber version : plan.warm) json["warm"].push_back(describer.describe(version));
  if (plan.layer) {
    json["layer"] = {{"name", plan.layer->name},
                     {"from", rollout::percent_json(plan.layer->from)},
                     {"to", rollout::percent_json(plan.layer->to)}};
  }
  return json;
}

}  // namespace

Result<TrafficRequest> parse_traffic_request(const Json& value) {
  TrafficRequest request;
  MODELYARD_ASSIGN(auto document, ObjectReader::open(value, ""));
  MODELYARD_TRY(read_plan(document, request.plan));
  MODELYARD_ASSIGN(request.reason, document.string("reason"));
  if (request.reason.empty()) return rollout::refuse_field(document, "reason", "say why; the audit log keeps it");
  MODELYARD_ASSIGN(const auto wait, document.optional_integer("wait_seconds"));
  if (wait && (*wait < 0 || *wait > kLongestWaitSeconds)) {
    return rollout::refuse_field(document, "wait_seconds", fmt::format("expected 0 to {}", kLongestWaitSeconds));
  }
  if (wait) request.wait = std::chrono::seconds(*wait);
  MODELYARD_TRY(document.finish());
  return request;
}

std::string text_of_shares(const TrafficPlan& plan) {
  std::string text;
  for (const rollout::Share& share : plan.shares) {
    text += fmt::format("{}version {} {:g} %", text.empty() ? "" : ", ", share.version,
                        share.weight * 100.0 / rollout::kWhole);
  }
  return text;
}

Result<Json> report_traffic(const TrafficParts& parts, const std::string& name) {
  registry::EndpointRecord endpoint;
  registry::PlanRecord record;
  Json deciding = nullptr;
  MODELYARD_TRY(parts.catalog.read([&](registry::CatalogReader& reader) -> Status {
    MODELYARD_ASSIGN(endpoint, reader.endpoint(name));
    MODELYARD_ASSIGN(const auto live, reader.live_rollouts());
    const auto mine = std::ranges::find(live, name, &registry::RolloutRecord::endpoint);
    if (mine != live.end()) deciding = mine->id;
    if (endpoint.plan_revision == 0) return ok();
    MODELYARD_ASSIGN(record, reader.plan(name, endpoint.plan_revision));
    return ok();
  }));
  TrafficPlan plan;
  if (endpoint.plan_revision > 0) {
    MODELYARD_ASSIGN(const Json document, parse_json(record.plan));
    MODELYARD_ASSIGN(plan, rollout::parse_traffic_plan(document, name, endpoint.model, record.revision));
  }
  const Describer describer(parts, endpoint);
  Json report = plan_json(plan, describer);
  const bool serves = endpoint.plan_revision > 0;
  report.update({{"endpoint", name},
                 {"model", endpoint.model},
                 {"plan_revision", serves ? Json(endpoint.plan_revision) : Json(nullptr)},
                 {"in_effect", serves && describer.is_in_effect()},
                 {"created", serves ? Json(format_utc(record.created)) : Json(nullptr)},
                 {"actor", serves ? Json(record.actor) : Json(nullptr)},
                 {"reason", serves ? Json(record.reason) : Json(nullptr)},
                 {"rollout", deciding}});
  return report;
}

}  // namespace modelyard::control
