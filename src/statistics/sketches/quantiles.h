// Quantiles: a KLL sketch of a stream of numbers, for ranks and quantiles with a bounded error in small memory.
//
// Error:  the rank of any value is off by at most rank_error() of the stream with probability 99 %: 1.33 % for k = 200,
//         falling about as 1/k. That of a difference of two ranks is difference_error(). Exact up to k values.
// Merge:  any two sketches, of any k; the error is that of the smaller k. The order matters within the error only.
// Values: NaN and infinities are passed over; count() has those that were not.
// Cost:   tens of nanoseconds a value; allocates only when the stream has grown by about a half since the last time.
//         About 3·k numbers.
// Source: Karnin, Lang & Liberty, Optimal Quantile Approximation in Streams, FOCS 2016; the constants of the error are
//         the measured ones of Apache DataSketches.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace modelyard::statistics {

class Quantiles {
 public:
  static constexpr std::uint32_t kLeastK = 8, kMostK = 32'768;
  static constexpr std::uint64_t kMostCount = std::uint64_t{1} << 48;

  // Pre: k within the bounds. The seed decides which of two neighbours is kept.
  explicit Quantiles(std::uint32_t k = 200, std::uint64_t seed = 1);

  void add(double value);
  // InvalidArgument when both have more than kMostCount values.
  Status merge(const Quantiles& other);

  std::uint32_t k() const { return k_; }
  std::uint64_t count() const { return count_; }
  std::size_t kept() const { return items_.size() - begins_.front(); }
  double smallest() const { return smallest_; }  // exact; +∞ without values
  double largest() const { return largest_; }
  double rank_error() const;
  double difference_error() const;

  // The share of values ≤ value; NaN without values.
  double rank(double value) const;
  // The least value whose share is at least `share`; NaN without values.
  double quantile(double share) const;
  // What rank() and quantile() search: kept values ascending, each with the share of values ≤ it.
  std::vector<std::pair<double, double>> distribution() const;

  std::string serialize() const;
  static Result<Quantiles> parse(std::string_view bytes);

 private:
  std::size_t levels() const { return begins_.size() - 1; }
  std::size_t population(std::size_t level) const { return begins_[level + 1] - begins_[level]; }
  std::uint32_t capacity(std::size_t level) const;
  std::size_t whole_capacity() const;
  void make_room();
  void add_level();
  void compact(std::size_t level);
  bool next_bit();

  std::uint32_t k_;
  std::uint64_t random_;
  std::uint64_t count_ = 0;
  double smallest_, largest_;
  // Level l is items_[begins_[l] … begins_[l+1]), each item standing for 2^l values. Level 0 grows to the front and is
  // unordered, the others are sorted.
  std::vector<double> items_;
  std::vector<std::uint32_t> begins_;
};

}  // namespace modelyard::statistics
