#include "statistics/scores/ranking.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "statistics/scores/checks.h"

namespace modelyard::statistics {
namespace {

Status check(std::span<const double> relevance, std::span<const double> scores) {
  MODELYARD_TRY(check_columns(relevance, scores));
  for (const double value : relevance) {
    if (value < 0) return error(Code::kInvalidArgument, "a relevance is not negative, as {} is", value);
  }
  return ok();
}

// Σ of gain / log₂(1 + rank) to rank k, documents being ordered by `scores` and equal ones sharing the mean of their
// gains.
double discounted_gain(std::span<const double> gains, std::span<const double> scores, std::size_t k) {
  std::vector<std::size_t> order(gains.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  double sum = 0;
  for (std::size_t begin = 0; begin < std::min(k, order.size());) {
    double gain = 0, discount = 0;
    std::size_t end = begin;
    for (; end < order.size() && scores[order[end]] == scores[order[begin]]; ++end) {
      gain += gains[order[end]];
      if (end < k) discount += 1 / std::log2(static_cast<double>(end) + 2);
    }
    sum += gain / static_cast<double>(end - begin) * discount;
    begin = end;
  }
  return sum;
}

}  // namespace

Result<double> ndcg(std::span<const double> relevance, std::span<const double> scores, std::size_t k) {
  MODELYARD_TRY(check(relevance, scores));
  const double most = *std::max_element(relevance.begin(), relevance.end());
  if (most == 0) return 0.0;
  std::vector<double> gains(relevance.begin(), relevance.end());
  for (double& gain : gains) gain /= most;  // so that no sum is infinite
  const std::size_t depth = k == 0 ? gains.size() : k;
  return discounted_gain(gains, scores, depth) / discounted_gain(gains, gains, depth);
}

Result<double> reciprocal_rank(std::span<const double> relevance, std::span<const double> scores) {
  MODELYARD_TRY(check(relevance, scores));
  double best = -std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (relevance[i] > 0) best = std::max(best, scores[i]);
  }
  if (std::isinf(best)) return 0.0;
  std::size_t before = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) before += relevance[i] == 0 && scores[i] >= best ? 1 : 0;
  return 1 / static_cast<double>(before + 1);
}

}  // namespace modelyard::statistics
