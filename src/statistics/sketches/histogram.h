// Histogram: counts of a stream in bins that a reference fixed, with places for what the reference did not have.
//
// Bins:   n edges, strictly ascending, make n + 1 bins: below the first edge, [edge i, edge i+1) …, from the last edge
//         on. With edges from Edges::of_reference() the outer two are out of the reference's range. NaN is missing; an
//         infinity lies in an outer bin.
// Merge:  exact, for the same edges.
// Weight: each value counts as much as the caller says: 1, or a Decay's weight.
// Cost:   a binary search, some nanoseconds, no allocation.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "statistics/sketches/quantiles.h"

namespace modelyard::statistics {

class Edges {
 public:
  static constexpr std::size_t kMost = 1024;

  // InvalidArgument unless finite, strictly ascending, and 1 … kMost of them.
  static Result<Edges> make(std::vector<double> edges);
  // Edges for about `bins` bins of equal share within the reference's range, fewer when values repeat; a value that
  // many rows share has an edge before and behind it. NotFound for an empty reference, InvalidArgument for too many
  // bins.
  static Result<Edges> of_reference(const Quantiles& reference, std::size_t bins);

  std::span<const double> values() const { return values_; }
  std::size_t bins() const { return values_.size() + 1; }
  // Pre: not NaN.
  std::size_t bin_of(double value) const;

 private:
  explicit Edges(std::vector<double> values) : values_(std::move(values)) {}
  std::vector<double> values_;
};

class Histogram {
 public:
  explicit Histogram(std::shared_ptr<const Edges> edges) : edges_(std::move(edges)), counts_(edges_->bins(), 0.0) {}

  void add(double value, double weight = 1);
  // InvalidArgument for other edges, or a count above 1e300; nothing is merged then.
  Status merge(const Histogram& other);
  // Multiplies what was counted.
  void scale(double factor);

  const Edges& edges() const { return *edges_; }
  std::span<const double> counts() const { return counts_; }
  double missing() const { return missing_; }
  double count() const;  // without the missing

  std::string serialize() const;
  static Result<Histogram> parse(std::string_view bytes);

 private:
  std::shared_ptr<const Edges> edges_;
  std::vector<double> counts_;
  double missing_ = 0;
};

}  // namespace modelyard::statistics
