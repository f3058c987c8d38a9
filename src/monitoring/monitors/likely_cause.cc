#include "monitoring/monitors/likely_cause.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/ranges.h>

namespace modelyard::monitoring {
namespace {

constexpr std::size_t kMostNamed = 3;
constexpr std::size_t kManyFeatures = 3;  // moved at once

std::string_view feature_of(const Finding& finding) {
  return std::string_view(finding.subject).substr(0, finding.subject.rfind('/'));
}

// Whether quality found this of the feature.
bool has_failed(const Surroundings& around, std::string_view feature, std::string_view check) {
  const std::string subject = fmt::format("{}/{}", feature, check);
  return std::ranges::any_of(around.judged, [&](const Judged& judged) {
    return judged.kind == MonitorKind::kQuality && std::ranges::any_of(judged.findings, [&](const Finding& finding) {
             return finding.outcome == Outcome::kFail && finding.subject == subject;
           });
  });
}

// Factors between units that people mix up.
bool is_unit(double factor) {
  constexpr std::array kFactors{10.0, 12.0, 24.0,  60.0,  100.0, 1000.0, 3600.0, 86'400.0,
                                1e6,  1e9,  1.609, 2.205, 2.54,  3.281,  28.35};
  return std::ranges::any_of(kFactors, [&](double known) { return std::abs(factor / known - 1) < 0.03; });
}

std::string cause_of_scale(double scale) {
  const double factor = std::max(scale, 1 / scale);
  return fmt::format("{}: all values are {}{:.4g} of what they were",
                     is_unit(factor) ? "another unit" : "another scale", scale > 1 ? "× " : "÷ ", factor);
}

// What the monitors of drift have a verdict of, of inputs, and those that have moved, the farthest first.
struct Moved {
  std::size_t watched = 0;
  std::vector<std::pair<double, std::string>> inputs;

  std::string names() const {
    std::string text;
    for (std::size_t i = 0; i < std::min(inputs.size(), kMostNamed); ++i) {
      text += fmt::format("{}`{}`", i == 0 ? "" : ", ", inputs[i].second);
    }
    return inputs.size() > kMostNamed ? fmt::format("{} and {} more", text, inputs.size() - kMostNamed) : text;
  }
};

Moved moved_inputs(const Surroundings& around) {
  std::set<std::string, std::less<>> watched;
  Moved moved;
  for (const Judged& judged : around.judged) {
    if (judged.kind != MonitorKind::kDrift) continue;
    for (const Finding& finding : judged.findings) {
      if (finding.outcome == Outcome::kNoData || around.outputs.contains(finding.subject)) continue;
      if (!watched.insert(finding.subject).second) continue;
      if (finding.outcome == Outcome::kFail) moved.inputs.emplace_back(-finding.value, finding.subject);
    }
  }
  moved.watched = watched.size();
  std::ranges::sort(moved.inputs);
  return moved;
}

std::string cause_of_feature(const Finding& finding, const Surroundings& around) {
  const std::string feature(feature_of(finding));
  if (const auto scale = finding.numbers.find("scale"); scale != finding.numbers.end()) {
    return cause_of_scale(scale->get<double>());
  }
  if (has_failed(around, feature, "missing")) return "its source gives less of it";
  if (has_failed(around, feature, "type")) return "its source gives another type";
  if (has_failed(around, feature, "new_categories")) return "its source gives texts that are new";
  if (has_failed(around, feature, "constant")) return "its source is stuck";
  const Moved moved = moved_inputs(around);
  if (moved.inputs.size() >= kManyFeatures && 2 * moved.inputs.size() > moved.watched) {
    return fmt::format("{} of {} inputs have moved: other callers, or a change of what comes before the model",
                       moved.inputs.size(), moved.watched);
  }
  return "";
}

std::string cause_of_version(const Monitor& monitor, UtcTime end, const Surroundings& around) {
  const bool is_recent = around.deployed > end - 2 * monitor.window && around.deployed <= end;
  if (around.versions.empty() || !is_recent) return "";
  return fmt::format("{} since {}", around.versions, format_utc(around.deployed).substr(0, 16));
}

std::string cause_of_inputs(const Surroundings& around) {
  const Moved moved = moved_inputs(around);
  if (!moved.inputs.empty()) return "inputs have moved: " + moved.names();
  if (moved.watched == 0) return "";
  return fmt::format("none of {} inputs has moved: what they mean has changed, or what labels say", moved.watched);
}

}  // namespace

std::string likely_cause(const Monitor& monitor, const Finding& finding, UtcTime end, const Surroundings& around) {
  const bool is_of_inputs = tells_change(monitor.kind) && monitor.kind != MonitorKind::kClassShare &&
                            !around.outputs.contains(feature_of(finding));
  if (is_of_inputs) return cause_of_feature(finding, around);
  const bool is_of_model = tells_change(monitor.kind) || tells_loss(monitor.kind);
  if (is_of_model || monitor.kind == MonitorKind::kLatency || monitor.kind == MonitorKind::kErrors) {
    std::string cause = cause_of_version(monitor, end, around);
    if (!cause.empty()) return cause;
  }
  return is_of_model ? cause_of_inputs(around) : "";
}

std::string loss_beside(const Surroundings& around) {
  for (const Judged& judged : around.judged) {
    if (!tells_loss(judged.kind)) continue;
    const auto failed = std::ranges::find(judged.findings, Outcome::kFail, &Finding::outcome);
    if (failed != judged.findings.end()) return failed->sentence;
  }
  return "";
}

}  // namespace modelyard::monitoring
