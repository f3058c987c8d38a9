#include "rollout/machine/plan_preview.h"

#include <algorithm>
#include <cmath>

#include "rollout/traffic_plan.h"

namespace modelyard::rollout {
namespace {

using Seconds = std::chrono::seconds;

StepPreview still(const RolloutSpec& spec, std::size_t stage, std::size_t step) {
  const Stage& of = spec.stages[stage];
  const Step& one = of.steps[step];
  StepPreview preview;
  preview.kind = of.kind;
  preview.stage = stage;
  preview.step = step;
  preview.share = of.kind == StageKind::kShadow ? of.share : one.weight;
  preview.hold = one.hold;
  preview.most_duration = one.most_duration;
  preview.needed_samples = one.min_samples;
  preview.waits_for_person = one.pause;
  preview.gates = gates_of(spec, stage, step);
  return preview;
}

std::vector<StepPreview> steps_of(const RolloutSpec& spec, const Forecast& forecast) {
  std::vector<StepPreview> steps;
  for (std::size_t stage = 0; stage < spec.stages.size(); ++stage) {
    for (std::size_t step = 0; step < spec.stages[stage].steps.size(); ++step)
      steps.push_back(still(spec, stage, step));
  }
  for (std::size_t i = 0; i < std::min(steps.size(), forecast.samples_of_gates.size()); ++i) {
    steps[i].needed_samples = std::max(steps[i].needed_samples, forecast.samples_of_gates[i]);
  }
  return steps;
}

double rate_of(const Forecast& forecast, const StepPreview& step) {
  return forecast.requests_per_second * step.share / kWhole;
}

// Infinite when there is no traffic.
double seconds_for_samples(const Forecast& forecast, const StepPreview& step) {
  const auto needed = static_cast<double>(step.needed_samples);
  return step.needed_samples == 0 ? 0 : std::ceil(needed / rate_of(forecast, step));
}

// Pre: the step has enough. Returns when the next one begins.
UtcTime time_step(const RolloutSpec& spec, const Forecast& forecast, StepPreview& step, UtcTime begin) {
  const Seconds sampling(static_cast<std::int64_t>(seconds_for_samples(forecast, step)));
  const UtcTime passed = begin + std::max(step.hold, sampling);
  const UtcTime end = frozen_until(spec.freeze, passed).value_or(passed);
  step.end = std::chrono::ceil<Seconds>(end - forecast.now);
  const double length = std::chrono::duration<double>(end - begin).count();
  step.expected_samples = static_cast<std::uint64_t>(rate_of(forecast, step) * length);
  return end;
}

Json seconds_json(const std::optional<Seconds>& duration) {
  return duration ? Json(duration->count()) : Json(nullptr);
}

Json step_json(const StepPreview& step) {
  return {{"stage", step.stage},
          {"step", step.step},
          {"kind", stage_kind_name(step.kind)},
          {"share", step.share},
          {"hold_seconds", step.hold.count()},
          {"most_duration_seconds", step.most_duration.count()},
          {"needed_samples", step.needed_samples},
          {"has_enough", step.has_enough},
          {"begin_seconds", seconds_json(step.begin)},
          {"end_seconds", seconds_json(step.end)},
          {"expected_samples", step.expected_samples ? Json(*step.expected_samples) : Json(nullptr)},
          {"waits_for_person", step.waits_for_person},
          {"gates", step.gates}};
}

}  // namespace

PlanPreview preview(const RolloutSpec& spec, const Forecast& forecast) {
  PlanPreview plan;
  plan.steps = steps_of(spec, forecast);
  plan.latest = spec.ready_within;
  UtcTime at = frozen_until(spec.freeze, forecast.now).value_or(forecast.now);
  bool is_reached = true;
  for (StepPreview& step : plan.steps) {
    plan.latest += step.most_duration;
    step.has_enough = seconds_for_samples(forecast, step) <= static_cast<double>(step.most_duration.count());
    if (is_reached) step.begin = std::chrono::ceil<Seconds>(at - forecast.now);
    is_reached = is_reached && step.has_enough;
    if (is_reached) at = time_step(spec, forecast, step, at);
  }
  if (is_reached) plan.earliest = std::chrono::ceil<Seconds>(at - forecast.now);
  return plan;
}

Json to_json(const PlanPreview& preview) {
  Json steps = Json::array();
  for (const StepPreview& step : preview.steps) steps.push_back(step_json(step));
  return {{"steps", std::move(steps)},
          {"earliest_seconds", seconds_json(preview.earliest)},
          {"latest_seconds", preview.latest.count()}};
}

}  // namespace modelyard::rollout
