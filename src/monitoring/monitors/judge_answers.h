// What monitors find in the answers of a model: pure rules, as those of monitoring/monitors/judge.h.
//
//   class_share  of each class: whether its share of the answers has moved, by share_floor and more, and by more than
//                chance: two proportions, corrected for the number of classes (Holm), below alpha. What a sketch of
//                numbers may be wrong by is taken off before the test. Classes that the evaluation names, and numbers,
//                have a finding each; texts that nobody has named are values of the data, and have one together, whose
//                subject is the output.
//   calibration  of labelled rows whose answers are probabilities: the expected calibration error, of ten bins. It
//   fails
//                when what chance cannot explain of it is above at_most (statistics/estimates/calibration.h), at most
//                once in 1 / kCalibrationAlpha windows in which it is not. Of several classes the likeliest one's
//                probability is judged.
//
// Sources: statistics/hypotheses, statistics/estimates. Threads: pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "monitoring/accuracy/metrics.h"
#include "monitoring/monitors/monitor.h"
#include "monitoring/profile/feature_profile.h"

namespace modelyard::monitoring {

// Where a profile has the classes that are answered.
struct AnsweredClasses {
  static constexpr std::size_t kMost = FeatureProfile::kPlaces;  // that are told apart

  std::string feature;              // of the profile
  std::vector<std::string> names;   // by their number; empty: they are called as they are answered
  std::optional<double> threshold;  // the feature is the probability of names[1], which is answered from here on
};

std::vector<Finding> judge_class_shares(const Monitor& monitor, const AnsweredClasses& classes,
                                        const FeatureProfile& reference, const FeatureProfile& current);

inline constexpr double kCalibrationAlpha = 0.005;

Finding judge_calibration(const Monitor& monitor, const Metrics& metrics, bool is_provisional);

}  // namespace modelyard::monitoring
