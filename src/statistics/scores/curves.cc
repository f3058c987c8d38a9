#include "statistics/scores/curves.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "statistics/probability.h"
#include "statistics/scores/checks.h"

namespace modelyard::statistics {
namespace {

// Rows of one score.
struct Group {
  double ones = 0, zeros = 0;
};

struct Ranking {
  std::vector<Group> groups;  // ascending
  double ones = 0, zeros = 0;
};

Status check(std::span<const double> scores, std::span<const std::uint8_t> labels) {
  if (scores.size() != labels.size()) {
    return error(Code::kInvalidArgument, "{} scores, {} labels", scores.size(), labels.size());
  }
  for (const std::uint8_t label : labels) {
    if (label > 1) return error(Code::kInvalidArgument, "a label is 0 or 1, not {}", label);
  }
  return check_values(scores);
}

Result<Ranking> rank(std::span<const double> scores, std::span<const std::uint8_t> labels) {
  MODELYARD_TRY(check(scores, labels));
  std::vector<std::pair<double, std::uint8_t>> rows(scores.size());
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = {scores[i], labels[i]};
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  Ranking ranking;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i == 0 || rows[i].first != rows[i - 1].first) ranking.groups.emplace_back();
    (rows[i].second == 1 ? ranking.groups.back().ones : ranking.groups.back().zeros) += 1;
    (rows[i].second == 1 ? ranking.ones : ranking.zeros) += 1;
  }
  if (ranking.ones > 0 && ranking.zeros > 0) return ranking;
  return error(Code::kInvalidArgument, "all labels are {}: there is nothing to tell apart", ranking.ones > 0 ? 1 : 0);
}

// How many ones are above zeros, in pairs.
double pairs_in_order(const Ranking& ranking) {
  double pairs = 0, zeros_below = 0;  // halves of whole numbers: exact
  for (const Group& group : ranking.groups) {
    pairs += group.ones * (zeros_below + group.zeros / 2);
    zeros_below += group.zeros;
  }
  return pairs;
}

// DeLong's, from the share of zeros that each one is above, and the share of ones that each zero is below. The rows of
// a group have the same share.
double variance_of_auc(const Ranking& ranking, double auc) {
  double of_ones = 0, of_zeros = 0, zeros_below = 0, ones_above = ranking.ones;
  for (const Group& group : ranking.groups) {
    ones_above -= group.ones;
    const double one = (zeros_below + group.zeros / 2) / ranking.zeros - auc;
    const double zero = (ones_above + group.ones / 2) / ranking.ones - auc;
    of_ones += group.ones * one * one;
    of_zeros += group.zeros * zero * zero;
    zeros_below += group.zeros;
  }
  return of_ones / (ranking.ones - 1) / ranking.ones + of_zeros / (ranking.zeros - 1) / ranking.zeros;
}

// Of a share, its log odds moved by `half` to both sides.
Interval moved_odds(double share, double half) {
  const double low = std::exp(-half), high = std::exp(half);
  return {share / (share + (1 - share) * high), share / (share + (1 - share) * low)};
}

}  // namespace

Result<Score> roc_auc(std::span<const double> scores, std::span<const std::uint8_t> labels, double alpha) {
  MODELYARD_TRY(check_alpha(alpha));
  MODELYARD_ASSIGN(const Ranking ranking, rank(scores, labels));
  const double auc = pairs_in_order(ranking) / (ranking.ones * ranking.zeros);
  if (auc == 0 || auc == 1 || ranking.ones < 2 || ranking.zeros < 2) return Score{auc, {}};
  const double variance = variance_of_auc(ranking, auc);
  if (variance == 0) return Score{auc, {}};
  const double half = -normal_quantile(alpha / 2) * std::sqrt(variance) / (auc * (1 - auc));
  return Score{auc, moved_odds(auc, half)};
}

Result<Score> average_precision(std::span<const double> scores, std::span<const std::uint8_t> labels, double alpha) {
  MODELYARD_TRY(check_alpha(alpha));
  MODELYARD_ASSIGN(const Ranking ranking, rank(scores, labels));
  double sum = 0, ones = 0, rows = 0;
  for (auto group = ranking.groups.rbegin(); group != ranking.groups.rend(); ++group) {
    ones += group->ones;
    rows += group->ones + group->zeros;
    sum += group->ones * (ones / rows);
  }
  const double precision = sum / ranking.ones;
  if (precision >= 1) return Score{1, {}};
  const double half = -normal_quantile(alpha / 2) / std::sqrt(ranking.ones * precision * (1 - precision));
  return Score{precision, moved_odds(precision, half)};
}

}  // namespace modelyard::statistics
