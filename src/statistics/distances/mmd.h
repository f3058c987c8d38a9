// Maximum mean discrepancy between two samples of vectors, with the Gaussian kernel exp(−‖x−y‖²/2σ²).
//
// mmd_squared() is quadratic in the rows, for offline use. RandomFeatures and MeanEmbedding are for streams: the
// kernel's feature map is approximated by D random cosines, whose mean is kept for each side; cost O(D·width) a row,
// mergeable.
//
// Shapes: rows are row-major; rows × width values.
// Error:  the embedding's MMD² is off by O(1/√D); it is the biased estimate, so unchanged data give about 1/N + 1/M.
// Errors: InvalidArgument for fewer than two rows on a side, a width of zero, values that are not finite.
// Source: Gretton et al., A Kernel Two-Sample Test, JMLR 2012; Rahimi & Recht, Random Features, NIPS 2007.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"

namespace modelyard::statistics {

struct Rows {
  std::span<const double> values;
  std::size_t width = 1;

  std::size_t count() const { return values.size() / width; }
  std::span<const double> row(std::size_t i) const { return values.subspan(i * width, width); }
};

struct MmdSquared {
  double unbiased = 0;  // may be below zero
  double biased = 0;
};

Result<MmdSquared> mmd_squared(const Rows& reference, const Rows& current, double sigma);
// σ with σ² = ½ · the (upper) median of the squared distances between all pairs of the pooled rows.
Result<double> median_sigma(const Rows& reference, const Rows& current);

class RandomFeatures {
 public:
  RandomFeatures(std::size_t width, std::size_t features, double sigma, std::uint64_t seed);

  std::size_t width() const { return width_; }
  std::size_t size() const { return phases_.size(); }
  // Adds the features of one row of width() to `sums`, which has size() entries.
  void add_to(std::span<const double> row, std::span<double> sums) const;

 private:
  const std::size_t width_;
  std::vector<double> frequencies_;  // size() × width
  std::vector<double> phases_;
};

class MeanEmbedding {
 public:
  explicit MeanEmbedding(std::shared_ptr<const RandomFeatures> features)
      : features_(std::move(features)), sums_(features_->size(), 0.0) {}

  void add(std::span<const double> row);
  void merge(const MeanEmbedding& other);  // of the same features
  std::uint64_t count() const { return count_; }

  // MMD² (biased) between what both have seen.
  static double distance(const MeanEmbedding& a, const MeanEmbedding& b);

 private:
  std::shared_ptr<const RandomFeatures> features_;
  std::vector<double> sums_;
  std::uint64_t count_ = 0;
};

}  // namespace modelyard::statistics
