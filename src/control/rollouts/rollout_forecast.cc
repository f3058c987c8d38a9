#include "control/rollouts/rollout_forecast.h"

#include <algorithm>
#include <map>

#include "control/rollouts/recent_traffic.h"
#include "control/rollouts/rollout_plan.h"
#include "rollout/gates/judge.h"
#include "rollout/gates/rewards.h"
#include "rollout/machine/looking.h"
#include "rollout/machine/plan_preview.h"

namespace modelyard::control {
namespace {

// What the gates are told of the endpoint.
struct Known {
  std::optional<RecentTraffic> seen;
  std::optional<double> per_second;
  rollout::Likeness stable;
};

Known find_out(const ForecastParts& parts, const ForecastQuery& query) {
  Known known;
  if (parts.journal != nullptr) {
    known.seen = recent_traffic(*parts.journal, query.endpoint, parts.clock.utc_now());
    known.per_second = known.seen->per_second();
    known.stable = rollout::likeness_of(known.seen->answers);
  }
  if (query.requests_per_second) known.per_second = query.requests_per_second;
  return known;
}

Json traffic_json(const Known& known, const ForecastQuery& query) {
  Json json = {{"requests_per_second", known.per_second ? Json(*known.per_second) : Json(nullptr)},
               {"source", query.requests_per_second ? Json("given")
                          : known.seen              ? Json("journal")
                                                    : Json(nullptr)},
               {"requests", known.seen ? Json(known.seen->requests) : Json(nullptr)},
               {"window_seconds", known.seen ? Json(known.seen->window.count()) : Json(nullptr)},
               {"error_rate", nullptr}};
  if (known.seen && known.seen->requests > 0) json["error_rate"] = known.stable.failures;
  return json;
}

// Walks through the steps, with what would have been seen before each.
class Foresight {
 public:
  Foresight(const rollout::RolloutSpec& spec, std::vector<rollout::Gate> gates, const Known& known, double harm_times,
            UtcTime now)
      : spec_(spec),
        gates_(std::move(gates)),
        known_(known),
        per_second_(known.per_second.value_or(0) * (spec.layer ? spec.layer->width() : 1)),
        harm_times_(harm_times),
        alpha_(rollout::alpha_of_each(gates_, spec.alpha)),
        forecast_{.now = now, .requests_per_second = per_second_, .samples_of_gates = {}} {}

  Json steps() {
    const std::size_t count = rollout::preview(spec_, forecast_).steps.size();
    std::vector<Json> outlooks;
    for (std::size_t i = 0; i < count; ++i) outlooks.push_back(look_at(i));
    Json plan = to_json(rollout::preview(spec_, forecast_));
    for (std::size_t i = 0; i < count; ++i) plan["steps"][i]["outlook"] = std::move(outlooks[i]);
    return plan;
  }

 private:
  struct Seen {
    const rollout::Gate* gate = nullptr;
    bool is_foreseeable = false;
    std::optional<std::uint64_t> samples;
  };

  Json look_at(std::size_t at) {
    const rollout::StepPreview step = rollout::preview(spec_, forecast_).steps[at];
    const double share = static_cast<double>(step.share) / rollout::kWhole;
    // Copies are compared, and are no answers by which other gates judge.
    const bool is_shadow = step.kind == rollout::StageKind::kShadow;
    std::vector<Seen> seen;
    std::uint64_t needed = 0;
    for (const rollout::Gate& gate : gates_) {
      if (std::ranges::find(step.gates, gate.text) == step.gates.end()) continue;
      Seen one{&gate, !is_shadow && rollout::is_foreseeable(gate, known_.stable), std::nullopt};
      if (one.is_foreseeable) one.samples = rollout::samples_to_pass({gate, alpha_}, {before_, share}, known_.stable);
      needed = std::max(needed, one.is_foreseeable   ? one.samples.value_or(rollout::kMostForeseen)
                                : gate.is_external() ? 0
                                                     : gate.least_samples);
      seen.push_back(one);
    }
    forecast_.samples_of_gates.push_back(needed);
    before_.push_back({share, is_shadow ? 0 : samples_at_end(at)});
    Json outlook = Json::array();
    if (step.kind == rollout::StageKind::kBandit) outlook.push_back(reward_json(spec_.stages[step.stage].metric));
    for (const Seen& one : seen) outlook.push_back(outlook_json(one));
    return outlook;
  }

  // Without traffic, or without enough, those that the step needs; of what it can never have, its least.
  double samples_at_end(std::size_t at) const {
    const rollout::StepPreview step = rollout::preview(spec_, forecast_).steps[at];
    if (step.expected_samples) return static_cast<double>(*step.expected_samples);
    if (per_second_ > 0) {
      return per_second_ * step.share / rollout::kWhole * static_cast<double>(step.most_duration.count());
    }
    return static_cast<double>(step.needed_samples < rollout::kMostForeseen ? step.needed_samples : 0);
  }

  // How rewards are, requests do not show.
  static Json reward_json(const std::string& metric) {
    return {{"gate", rollout::reward_line(metric)},
            {"alpha", nullptr},
            {"foreseeable", false},
            {"samples", nullptr},
            {"harm", nullptr},
            {"unit", "share"},
            {"power", nullptr}};
  }

  Json alpha_json(const rollout::Gate& gate) const {
    if (gate.is_external()) return nullptr;
    return gate.confidence ? 1 - *gate.confidence : alpha_;
  }

  Json outlook_json(const Seen& one) {
    const auto harm = one.is_foreseeable ? rollout::harm_of(*one.gate, known_.stable, harm_times_) : std::nullopt;
    Json json = {{"gate", one.gate->text},
                 {"alpha", alpha_json(*one.gate)},
                 {"foreseeable", one.is_foreseeable},
                 {"samples", one.samples ? Json(*one.samples) : Json(nullptr)},
                 {"harm", harm ? Json(harm->value) : Json(nullptr)},
                 {"unit", one.gate->signal == rollout::Signal::kLatency ? "ms" : "share"},
                 {"power", nullptr}};
    if (harm) {
      // What was found in a step before stays found.
      double& found = found_[one.gate];
      found = std::max(found, rollout::power({*one.gate, alpha_}, before_, known_.stable, *harm));
      json["power"] = found;
    }
    return json;
  }

  const rollout::RolloutSpec& spec_;
  const std::vector<rollout::Gate> gates_;
  const Known& known_;
  const double per_second_;  // that are in the rollout
  const double harm_times_, alpha_;
  rollout::Forecast forecast_;
  std::vector<rollout::ExpectedStep> before_;
  std::map<const rollout::Gate*, double> found_;
};

}  // namespace

Result<Json> forecast_rollout(const ForecastParts& parts, const ForecastQuery& query) {
  MODELYARD_ASSIGN(rollout::RolloutSpec spec, read_rollout_spec(query.spec, parts.sources));
  AdmittedRollout admitted;
  MODELYARD_TRY(parts.catalog.read([&](registry::CatalogReader& reader) -> Status {
    MODELYARD_ASSIGN(admitted, admit_rollout(reader, query.endpoint, std::move(spec)));
    return ok();
  }));
  MODELYARD_ASSIGN(auto gates, rollout::parse_gates(rollout::all_gates(admitted.spec)));
  const Known known = find_out(parts, query);
  Json plan = Foresight(admitted.spec, std::move(gates), known, query.harm_times, parts.clock.utc_now()).steps();
  plan["endpoint"] = query.endpoint;
  plan["model"] = admitted.endpoint.model;
  plan["spec"] = rollout::to_json(admitted.spec);
  plan["traffic"] = traffic_json(known, query);
  plan["harm_times"] = query.harm_times;
  return plan;
}

}  // namespace modelyard::control
