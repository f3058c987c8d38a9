#include "statistics/distances/mmd.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/check.h"
#include "base/random.h"

namespace modelyard::statistics {
namespace {

double squared_distance(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

Status check_rows(const Rows& rows, std::string_view side) {
  if (rows.width == 0 || rows.values.size() % rows.width != 0) {
    return error(Code::kInvalidArgument, "{}: {} values are no rows of {}", side, rows.values.size(), rows.width);
  }
  if (rows.count() < 2) return error(Code::kInvalidArgument, "{}: at least two rows are needed", side);
  for (const double value : rows.values) {
    if (!std::isfinite(value)) return error(Code::kInvalidArgument, "{}: {} cannot be compared", side, value);
  }
  return ok();
}

Status check_pair(const Rows& reference, const Rows& current) {
  MODELYARD_TRY(check_rows(reference, "reference"));
  MODELYARD_TRY(check_rows(current, "current"));
  if (reference.width == current.width) return ok();
  return error(Code::kInvalidArgument, "reference rows have {} values, current rows {}", reference.width,
               current.width);
}

// Σ of the kernel over all pairs.
double kernel_sum(const Rows& a, const Rows& b, double sigma) {
  double sum = 0;
  for (std::size_t i = 0; i < a.count(); ++i) {
    for (std::size_t j = 0; j < b.count(); ++j) {
      sum += std::exp(-squared_distance(a.row(i), b.row(j)) / sigma / sigma / 2);
    }
  }
  return sum;
}

}  // namespace

Result<MmdSquared> mmd_squared(const Rows& reference, const Rows& current, double sigma) {
  MODELYARD_TRY(check_pair(reference, current));
  if (!(sigma > 0)) return error(Code::kInvalidArgument, "sigma must be above zero, not {}", sigma);
  const auto m = static_cast<double>(reference.count()), n = static_cast<double>(current.count());
  const double within_reference = kernel_sum(reference, reference, sigma);
  const double within_current = kernel_sum(current, current, sigma);
  const double across = 2 * kernel_sum(reference, current, sigma) / (m * n);
  return MmdSquared{(within_reference - m) / (m * (m - 1)) + (within_current - n) / (n * (n - 1)) - across,
                    within_reference / (m * m) + within_current / (n * n) - across};
}

Result<double> median_sigma(const Rows& reference, const Rows& current) {
  MODELYARD_TRY(check_pair(reference, current));
  std::vector<double> pooled(reference.values.begin(), reference.values.end());
  pooled.insert(pooled.end(), current.values.begin(), current.values.end());
  const Rows rows{pooled, reference.width};
  std::vector<double> distances;
  distances.reserve(rows.count() * (rows.count() - 1) / 2);
  for (std::size_t i = 0; i < rows.count(); ++i) {
    for (std::size_t j = i + 1; j < rows.count(); ++j) distances.push_back(squared_distance(rows.row(i), rows.row(j)));
  }
  const auto middle = distances.begin() + static_cast<std::ptrdiff_t>(distances.size() / 2);
  std::nth_element(distances.begin(), middle, distances.end());
  if (*middle == 0) return error(Code::kInvalidArgument, "most rows are equal: choose sigma");
  return std::sqrt(*middle / 2);
}

RandomFeatures::RandomFeatures(std::size_t width, std::size_t features, double sigma, std::uint64_t seed)
    : width_(width) {
  MODELYARD_CHECK(width > 0 && features > 0 && sigma > 0, "random features need a width, a number and a sigma");
  SeededRandom random(seed);
  const auto uniform = [&] { return (static_cast<double>(random.next() >> 11) + 0.5) * 0x1p-53; };
  frequencies_.reserve(width * features);
  for (std::size_t i = 0; i < width * features; ++i) {
    // Box and Muller's normal number, of which one half is used. In this order, so that the seed alone decides.
    const double radius = std::sqrt(-2 * std::log(uniform()));
    frequencies_.push_back(radius * std::cos(2 * std::numbers::pi * uniform()) / sigma);
  }
  for (std::size_t i = 0; i < features; ++i) phases_.push_back(2 * std::numbers::pi * uniform());
}

void RandomFeatures::add_to(std::span<const double> row, std::span<double> sums) const {
  MODELYARD_CHECK(row.size() == width_ && sums.size() == size(), "a row, or sums, of another size");
  const double scale = std::sqrt(2.0 / static_cast<double>(size()));
  const double* frequency = frequencies_.data();
  for (std::size_t i = 0; i < size(); ++i) {
    double angle = phases_[i];
    for (const double value : row) angle += *frequency++ * value;
    sums[i] += scale * std::cos(angle);
  }
}

void MeanEmbedding::add(std::span<const double> row) {
  features_->add_to(row, sums_);
  ++count_;
}

void MeanEmbedding::merge(const MeanEmbedding& other) {
  MODELYARD_CHECK(features_ == other.features_, "embeddings of different features");
  for (std::size_t i = 0; i < sums_.size(); ++i) sums_[i] += other.sums_[i];
  count_ += other.count_;
}

double MeanEmbedding::distance(const MeanEmbedding& a, const MeanEmbedding& b) {
  MODELYARD_CHECK(a.features_ == b.features_, "embeddings of different features");
  const auto m = static_cast<double>(a.count_), n = static_cast<double>(b.count_);
  double sum = 0;
  for (std::size_t i = 0; i < a.sums_.size(); ++i) {
    const double gap = a.sums_[i] / m - b.sums_[i] / n;
    sum += gap * gap;
  }
  return sum;
}

}  // namespace modelyard::statistics
