#include "statistics/estimates/performance.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace modelyard::statistics {
namespace {

Status check_probabilities(std::span<const double> probabilities) {
  if (probabilities.empty()) return error(Code::kInvalidArgument, "there are no rows");
  for (const double probability : probabilities) {
    if (!(probability >= 0 && probability <= 1)) {
      return error(Code::kInvalidArgument, "{} is no probability", probability);
    }
  }
  return ok();
}

Status check_rows(std::span<const double> probabilities, std::size_t classes) {
  MODELYARD_TRY(check_probabilities(probabilities));
  if (classes < 2 || probabilities.size() % classes != 0) {
    return error(Code::kInvalidArgument, "{} probabilities are no rows of {} classes", probabilities.size(), classes);
  }
  for (std::size_t begin = 0; begin < probabilities.size(); begin += classes) {
    double sum = 0;
    for (const double probability : probabilities.subspan(begin, classes)) sum += probability;
    if (std::abs(sum - 1) > 1e-3) {
      return error(Code::kInvalidArgument, "row {}: the probabilities sum to {}, not to 1", begin / classes, sum);
    }
  }
  return ok();
}

std::size_t likeliest(std::span<const double> row) {
  return static_cast<std::size_t>(std::max_element(row.begin(), row.end()) - row.begin());
}

}  // namespace

Result<ConfusionShares> estimated_confusion(std::span<const double> probabilities, double threshold) {
  MODELYARD_TRY(check_probabilities(probabilities));
  ConfusionShares shares;
  for (const double probability : probabilities) {
    const bool positive = probability >= threshold;
    (positive ? shares.true_positive : shares.false_negative) += probability;
    (positive ? shares.false_positive : shares.true_negative) += 1 - probability;
  }
  return shares;
}

Result<ConfusionShares> estimated_confusion(std::span<const std::pair<double, double>> distribution, double threshold) {
  if (distribution.empty()) return error(Code::kInvalidArgument, "there are no rows");
  ConfusionShares shares;
  double below = 0;
  for (const auto& [probability, upto] : distribution) {
    if (!(probability >= 0 && probability <= 1)) {
      return error(Code::kInvalidArgument, "{} is no probability", probability);
    }
    const double share = upto - below;
    below = upto;
    const bool positive = probability >= threshold;
    (positive ? shares.true_positive : shares.false_negative) += share * probability;
    (positive ? shares.false_positive : shares.true_negative) += share * (1 - probability);
  }
  return shares;
}

// Σ over pairs of the chance that one is a one and the other a zero and the one ranks above; ties count half.
Result<double> estimated_roc_auc(std::span<const double> probabilities) {
  MODELYARD_TRY(check_probabilities(probabilities));
  std::vector<double> sorted(probabilities.begin(), probabilities.end());
  std::sort(sorted.begin(), sorted.end());
  double ones = 0, zeros_below = 0, ordered = 0;
  for (std::size_t begin = 0; begin < sorted.size();) {
    std::size_t end = begin;
    while (end < sorted.size() && sorted[end] == sorted[begin]) ++end;
    const auto tied = static_cast<double>(end - begin);
    const double ones_here = tied * sorted[begin], zeros_here = tied - ones_here;
    ordered += ones_here * (zeros_below + zeros_here / 2);
    ones += ones_here;
    zeros_below += zeros_here;
    begin = end;
  }
  return ordered / (ones * zeros_below);
}

Result<double> estimated_accuracy(std::span<const double> probabilities, std::size_t classes) {
  MODELYARD_TRY(check_rows(probabilities, classes));
  double sum = 0;
  for (std::size_t begin = 0; begin < probabilities.size(); begin += classes) {
    const auto row = probabilities.subspan(begin, classes);
    sum += row[likeliest(row)];
  }
  return sum * static_cast<double>(classes) / static_cast<double>(probabilities.size());
}

Result<double> estimated_macro_f1(std::span<const double> probabilities, std::size_t classes) {
  MODELYARD_TRY(check_rows(probabilities, classes));
  std::vector<ConfusionShares> shares(classes);
  for (std::size_t begin = 0; begin < probabilities.size(); begin += classes) {
    const auto row = probabilities.subspan(begin, classes);
    const std::size_t predicted = likeliest(row);
    for (std::size_t k = 0; k < classes; ++k) {
      const bool positive = k == predicted;
      (positive ? shares[k].true_positive : shares[k].false_negative) += row[k];
      (positive ? shares[k].false_positive : shares[k].true_negative) += 1 - row[k];
    }
  }
  double sum = 0;
  for (const ConfusionShares& share : shares) sum += std::isnan(share.f1()) ? 0 : share.f1();
  return sum / static_cast<double>(classes);
}

}  // namespace modelyard::statistics
