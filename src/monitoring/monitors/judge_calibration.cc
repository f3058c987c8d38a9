#include <algorithm>
#include <cmath>

#include "monitoring/monitors/judge.h"
#include "monitoring/monitors/judge_answers.h"

namespace modelyard::monitoring {

Finding judge_calibration(const Monitor& monitor, const Metrics& metrics, bool is_provisional) {
  const auto none = [&](std::string why) { return no_data(monitor.metric, std::move(why)); };
  if (is_provisional || metrics.rows < monitor.drift.least_rows) {
    return none(fmt::format("labels of {} rows: too few yet", metrics.rows));
  }
  const auto& curve = metrics.reliability;
  if (curve.empty()) return none("the answers have no probabilities of classes");
  const auto weight_of_gap = [](const statistics::ReliabilityBin& bin) {
    return bin.count * std::abs(bin.share_of_ones - bin.mean_probability);
  };
  const statistics::ReliabilityBin& worst = *std::ranges::max_element(curve, {}, weight_of_gap);
  Finding finding;
  finding.subject = monitor.metric;
  finding.value = statistics::expected_calibration_error(curve);
  finding.threshold = *monitor.at_most;
  const double sure = std::max(0.0, finding.value - statistics::calibration_error_of_chance(curve, kCalibrationAlpha));
  finding.outcome = sure > finding.threshold ? Outcome::kFail : Outcome::kPass;
  finding.sentence = fmt::format(
      "calibration error is {:.3g} of {} labelled rows, {:.3g} of it for sure (limit {:.3g}): where the model says "
      "{:.0f} %, {:.0f} % happen",
      finding.value, metrics.rows, sure, finding.threshold, 100 * worst.mean_probability, 100 * worst.share_of_ones);
  finding.numbers = {{"error", finding.value},
                     {"sure", sure},
                     {"rows", metrics.rows},
                     {"worst_probability", worst.mean_probability},
                     {"worst_share", worst.share_of_ones},
                     {"worst_rows", worst.count}};
  return finding;
}

}  // namespace modelyard::monitoring
