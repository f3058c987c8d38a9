// What a multivariate monitor finds in the rows of two spans of time: a pure rule.
//
// It fails when a classifier tells them apart for sure: the lower end of the interval of its area under the ROC curve,
// of rows that it has not seen, is above 0.5 + auc_floor (statistics/estimates/joint_shift.h says what it sees, and
// what not). The end is one-sided at 99.5 %; with the floor, 1 in 800 or fewer pairs of spans that are alike fail.
//
// Threads: pure.
#pragma once

#include <string>
#include <vector>

#include "monitoring/alerts/finding.h"
#include "monitoring/monitors/monitor.h"

namespace modelyard::monitoring {

struct ComparedRows {
  std::vector<std::string> features;       // the columns
  std::vector<double> reference, current;  // row-major; NaN is missing
};

Finding judge_rows(const Monitor& monitor, const ComparedRows& rows);

}  // namespace modelyard::monitoring
