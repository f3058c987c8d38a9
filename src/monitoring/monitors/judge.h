// What a monitor finds in a window: pure rules, one for each kind.
//
//   drift               monitoring/drift/comparison.h
//   quality             of each feature: missing values, numbers beyond the reference's extremes, texts it did not
//                       have, a number that varied and is constant now. A share fails when its Wilson bound is beyond
//                       its floor, or beyond what a reference of that size leaves unseen anyway: 10/n of its extremes,
//                       twice Good and Turing's estimate (texts seen once) of its texts. Constant fails only where so
//                       many equal values of the reference are less likely than 0.5 %.
//   latency, errors     a share of requests, by its Wilson bound; errors burn their objective only when a twelfth of
//                       the window does so too (Site Reliability Workbook, multi-window burn rate)
//   accuracy            by its interval, of kAccuracyAlpha: it fails when all of it is beyond the limit
//   estimated_accuracy  from the certainty of the scores (statistics/estimates/performance.h), 2.6 standard errors
//                       beyond the limit; for two classes. It sees a change of inputs, never one of what they mean.
//
// class_share and calibration are in monitoring/monitors/judge_answers.h, multivariate in judge_rows.h.
//
// Bounds are one-sided at 99.5 %; what that means for alarms, docs/monitoring.md tells. Threads: pure.
#pragma once

#include <optional>
#include <vector>

#include "monitoring/accuracy/metrics.h"
#include "monitoring/monitors/monitor.h"
#include "monitoring/profile/window_profile.h"

namespace modelyard::monitoring {

// Of the intervals that judge_accuracy() is to be given, for its bound to be like the others.
inline constexpr double kAccuracyAlpha = 0.01;

// Each is of the monitor's own kind.
std::vector<Finding> judge_drift(const Monitor& monitor, const Profiles& reference, const Profiles& current);
std::vector<Finding> judge_quality(const Monitor& monitor, const Profiles& reference, const Profiles& current);
Finding judge_volume(const Monitor& monitor, const Traffic& traffic);
// `limit`: the monitor's own, else the objective.
Finding judge_latency(const Monitor& monitor, double limit_ms, const Traffic& traffic);
Finding judge_errors(const Monitor& monitor, double limit, const Traffic& traffic, const Traffic& latest);
Finding judge_accuracy(const Monitor& monitor, const Metrics& metrics, bool is_provisional);
// `score`: the probability of the positive class; `reference` may be null.
Finding judge_estimate(const Monitor& monitor, double threshold, const FeatureProfile* reference,
                       const FeatureProfile& score);
// `age`: of the newest label, or of the version.
Finding judge_age(const Monitor& monitor, std::chrono::seconds age);

Finding no_data(std::string subject, std::string why);

}  // namespace modelyard::monitoring
