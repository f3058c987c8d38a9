#include "statistics/estimates/calibration.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <optional>

#include "statistics/probability.h"

namespace modelyard::statistics {
namespace {

constexpr std::size_t kMostBins = 10'000;
constexpr std::size_t kBinsToJudge = 10;

Status check(const Labelled& rows) {
  if (rows.probabilities.size() != rows.labels.size()) {
    return error(Code::kInvalidArgument, "{} probabilities, {} labels", rows.probabilities.size(), rows.labels.size());
  }
  if (rows.labels.empty()) return error(Code::kInvalidArgument, "there are no rows");
  for (const double probability : rows.probabilities) {
    if (!(probability >= 0 && probability <= 1)) {
      return error(Code::kInvalidArgument, "{} is no probability", probability);
    }
  }
  for (const std::uint8_t label : rows.labels) {
    if (label > 1) return error(Code::kInvalidArgument, "a label is 0 or 1, not {}", label);
  }
  return ok();
}

// Neighbours of the fit that share a value.
struct Block {
  double first = 0, last = 0;  // probabilities
  double ones = 0, count = 0;
  double share() const { return ones / count; }
};

// Joins the last block with those below it that are not lower.
void pool(std::vector<Block>& blocks) {
  while (blocks.size() > 1 && blocks[blocks.size() - 2].share() >= blocks.back().share()) {
    const Block upper = blocks.back();
    blocks.pop_back();
    Block& lower = blocks.back();
    lower = {lower.first, upper.last, lower.ones + upper.ones, lower.count + upper.count};
  }
}

}  // namespace

Result<std::vector<ReliabilityBin>> reliability_curve(const Labelled& rows, std::size_t bins) {
  MODELYARD_TRY(check(rows));
  if (bins == 0 || bins > kMostBins) return error(Code::kInvalidArgument, "1 to {} bins, not {}", kMostBins, bins);
  const auto width = 1 / static_cast<double>(bins);
  std::vector<ReliabilityBin> curve(bins);
  for (std::size_t i = 0; i < bins; ++i) {
    curve[i].low = static_cast<double>(i) * width;
    curve[i].high = static_cast<double>(i + 1) * width;
  }
  for (std::size_t i = 0; i < rows.labels.size(); ++i) {
    const double probability = rows.probabilities[i];
    ReliabilityBin& bin = curve[std::min(bins - 1, static_cast<std::size_t>(probability * static_cast<double>(bins)))];
    bin.count += 1;
    bin.mean_probability += probability;
    bin.share_of_ones += rows.labels[i];
  }
  for (ReliabilityBin& bin : curve) {
    if (bin.count == 0) continue;
    bin.mean_probability /= bin.count;
    bin.share_of_ones /= bin.count;
  }
  return curve;
}

double expected_calibration_error(std::span<const ReliabilityBin> curve) {
  double count = 0, sum = 0;
  for (const ReliabilityBin& bin : curve) {
    count += bin.count;
    sum += bin.count * std::abs(bin.share_of_ones - bin.mean_probability);
  }
  return sum / count;
}

double calibration_error_of_chance(std::span<const ReliabilityBin> curve, double alpha) {
  double rows = 0, mean = 0, variance = 0, third = 0;
  for (const ReliabilityBin& bin : curve) rows += bin.count;
  for (const ReliabilityBin& bin : curve) {
    if (bin.count == 0) continue;
    const double p = bin.mean_probability, q = bin.share_of_ones;
    // The deviation of what the bin adds; |ε| of it is a half normal.
    const double deviation = std::sqrt(bin.count * std::max(p * (1 - p), q * (1 - q))) / rows;
    constexpr double kMean = std::numbers::sqrt2 * std::numbers::inv_sqrtpi, kMeanSquare = kMean * kMean;
    mean += deviation * kMean;
    variance += deviation * deviation * (1 - kMeanSquare);
    third += deviation * deviation * deviation * kMean * (2 * kMeanSquare - 1);
  }
  if (variance == 0) return 0;
  const double z = normal_quantile(1 - alpha), skewness = third / (variance * std::sqrt(variance));
  return mean + std::sqrt(variance) * (z + (z * z - 1) / 6 * skewness);
}

Result<double> brier_score(const Labelled& rows) {
  MODELYARD_TRY(check(rows));
  double sum = 0;
  for (std::size_t i = 0; i < rows.labels.size(); ++i) {
    const double gap = rows.probabilities[i] - rows.labels[i];
    sum += gap * gap;
  }
  return sum / static_cast<double>(rows.labels.size());
}

Result<Isotonic> Isotonic::fit(const Labelled& rows) {
  MODELYARD_TRY(check(rows));
  std::vector<std::size_t> order(rows.labels.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return rows.probabilities[a] < rows.probabilities[b]; });
  std::vector<Block> blocks;
  for (const std::size_t i : order) {
    const double at = rows.probabilities[i];
    const bool same = !blocks.empty() && blocks.back().first == at && blocks.back().last == at;
    if (!same) {
      pool(blocks);  // the block before is complete only now
      blocks.push_back({at, at, 0, 0});
    }
    blocks.back().ones += rows.labels[i];
    blocks.back().count += 1;
  }
  pool(blocks);
  Isotonic map;
  for (const Block& block : blocks) {
    map.at_.push_back(block.first);
    map.value_.push_back(block.share());
    if (block.last == block.first) continue;
    map.at_.push_back(block.last);
    map.value_.push_back(block.share());
  }
  return map;
}

double Isotonic::operator()(double probability) const {
  const auto above = std::lower_bound(at_.begin(), at_.end(), probability);
  if (above == at_.begin()) return value_.front();
  if (above == at_.end()) return value_.back();
  const auto i = static_cast<std::size_t>(above - at_.begin());
  const double share = (probability - at_[i - 1]) / (at_[i] - at_[i - 1]);
  return value_[i - 1] + share * (value_[i] - value_[i - 1]);
}

Result<std::optional<Isotonic>> calibrate_if_it_helps(const Labelled& rows, std::size_t folds) {
  MODELYARD_TRY(check(rows));
  if (folds < 2 || rows.labels.size() < 2 * folds) {
    return error(Code::kInvalidArgument, "{} folds of {} rows are too few to judge", folds, rows.labels.size());
  }
  double before = 0, after = 0;
  for (std::size_t fold = 0; fold < folds; ++fold) {
    std::vector<double> seen, unseen, mapped;
    std::vector<std::uint8_t> seen_labels, unseen_labels;
    for (std::size_t i = 0; i < rows.labels.size(); ++i) {
      const bool held_out = i % folds == fold;
      (held_out ? unseen : seen).push_back(rows.probabilities[i]);
      (held_out ? unseen_labels : seen_labels).push_back(rows.labels[i]);
    }
    MODELYARD_ASSIGN(const Isotonic map, Isotonic::fit({seen, seen_labels}));
    for (const double probability : unseen) mapped.push_back(map(probability));
    MODELYARD_ASSIGN(const auto curve_before, reliability_curve({unseen, unseen_labels}, kBinsToJudge));
    MODELYARD_ASSIGN(const auto curve_after, reliability_curve({mapped, unseen_labels}, kBinsToJudge));
    before += expected_calibration_error(curve_before);
    after += expected_calibration_error(curve_after);
  }
  if (after >= before) return std::optional<Isotonic>();
  MODELYARD_ASSIGN(Isotonic map, Isotonic::fit(rows));
  return std::optional<Isotonic>(std::move(map));
}

}  // namespace modelyard::statistics
