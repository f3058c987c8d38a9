#include "monitoring/monitors/judge_rows.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "base/duration.h"
#include "monitoring/monitors/judge.h"
#include "statistics/estimates/joint_shift.h"

namespace modelyard::monitoring {
namespace {

constexpr double kAlpha = 0.01;  // two-sided: 99.5 % on one side
constexpr std::size_t kMostNamed = 3;

using statistics::JointShift;

std::string name_of(const JointShift::Part& part, const std::vector<std::string>& features) {
  if (!part.is_pair()) return fmt::format("`{}`", features[part.first]);
  return fmt::format("how `{}` and `{}` go together", features[part.first], features[part.second]);
}

std::string reference_of(const Monitor& monitor) {
  if (monitor.reference.value_or(monitor.window) == monitor.window) return "the window before";
  return format_duration(*monitor.reference) + " ago";
}

std::string sentence_of(const Monitor& monitor, const JointShift& shift, bool has_failed, const ComparedRows& rows) {
  const std::string area = fmt::format("AUC {:.2f}, {:.2f}–{:.2f}, limit {:.3g}", shift.auc, shift.interval.low,
                                       shift.interval.high, 0.5 + monitor.auc_floor);
  if (!has_failed) {
    return fmt::format("rows of this window look like those of {} ({})", reference_of(monitor), area);
  }
  std::vector<std::string> named;
  for (const JointShift::Part& part : shift.parts) {
    if (named.size() < kMostNamed) named.push_back(name_of(part, rows.features));
  }
  return fmt::format("rows of this window can be told from those of {} ({}): mostly by {}", reference_of(monitor), area,
                     fmt::join(named, ", "));
}

Json parts_of(const JointShift& shift, const std::vector<std::string>& features) {
  constexpr std::size_t kMostListed = 10;
  Json parts = Json::array();
  for (const JointShift::Part& part : shift.parts) {
    if (parts.size() == kMostListed) break;
    Json names = Json::array({features[part.first]});
    if (part.is_pair()) names.push_back(features[part.second]);
    parts.push_back({{"features", std::move(names)}, {"lift", part.lift}});
  }
  return parts;
}

}  // namespace

Finding judge_rows(const Monitor& monitor, const ComparedRows& rows) {
  const std::size_t width = rows.features.size();
  if (width == 0) return no_data("", "both sides have no feature in common that is captured and watched");
  if (width > JointShift::kMostWidth) {
    return no_data("", fmt::format("{} features, at most {} are compared: name them in `features`", width,
                                   JointShift::kMostWidth));
  }
  const std::size_t before = rows.reference.size() / width, now = rows.current.size() / width;
  if (std::min(before, now) < monitor.drift.least_rows) {
    return no_data("", fmt::format("{} captured rows, and {} of {}: at least {} are compared", now, before,
                                   reference_of(monitor), monitor.drift.least_rows));
  }
  const auto shift = statistics::joint_shift(rows.reference, rows.current, width, {.alpha = kAlpha});
  if (!shift) return no_data("", shift.error().message());
  Finding finding;
  finding.value = shift->auc;
  finding.threshold = 0.5 + monitor.auc_floor;
  const bool has_failed = shift->interval.low > finding.threshold;
  finding.outcome = has_failed ? Outcome::kFail : Outcome::kPass;
  finding.sentence = sentence_of(monitor, *shift, has_failed, rows);
  finding.numbers = {{"auc", shift->auc}, {"low", shift->interval.low}, {"high", shift->interval.high},
                     {"rows", now},       {"reference_rows", before},   {"parts", parts_of(*shift, rows.features)}};
  return finding;
}

}  // namespace modelyard::monitoring
