// Distinct: about how many different values a stream had (HyperLogLog).
//
// Error:  a relative standard error of 1.04/√m: 1.6 % with the 4096 registers here; near exact for small numbers.
// Merge:  exact: the same as of the joined stream.
// Values: numbers by value (−0 is 0, all NaN are one), texts by their bytes. Hashes are stable across programs and
//         versions; they are no protection against values that are chosen to deceive.
// Cost:   some nanoseconds a value, no allocation; 4 kB.
// Source: Flajolet et al., HyperLogLog, AofA 2007; the estimate is Ertl's, New Cardinality Estimation Algorithms for
//         HyperLogLog Sketches, 2017, which has no bias to correct.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace modelyard::statistics {

class Distinct {
 public:
  void add(double value);
  void add(std::string_view text);
  void merge(const Distinct& other);
  double estimate() const;

  std::string serialize() const;
  static Result<Distinct> parse(std::string_view bytes);

 private:
  static constexpr int kIndexBits = 12;
  static constexpr std::size_t kRegisters = std::size_t{1} << kIndexBits;
  static constexpr int kMostRank = 64 - kIndexBits + 1;

  void add_hash(std::uint64_t hash);

  std::array<std::uint8_t, kRegisters> ranks_{};
};

}  // namespace modelyard::statistics
