// Frequent: the most frequent texts of a stream, in bounded memory (Misra and Gries).
//
// Error:  a text's count is low by at most slack() ≤ count()/(places + 1), and never high; who is not kept has at most
//         slack(). Exact while there are no more different texts than places.
// Merge:  any two of the same number of places; the bound holds for the joined stream. Which texts are kept may depend
//         on the order, within the bound.
// Limits: a text longer than kLongestText is kept by its beginning, whole characters of UTF-8.
// Cost:   tens of nanoseconds a text; a text that is new may allocate, if it is long.
// Source: Misra & Gries, Finding Repeated Elements, 1982; Agarwal et al., Mergeable Summaries, PODS 2012.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"

namespace modelyard::statistics {

class Frequent {
 public:
  static constexpr std::size_t kLongestText = 256, kMostPlaces = 65'536;
  static constexpr std::uint64_t kMostCount = std::uint64_t{1} << 48;

  struct Entry {
    std::string text;
    std::uint64_t count = 0;  // at least; at most slack() more
  };

  // Pre: 1 ≤ places ≤ kMostPlaces.
  explicit Frequent(std::size_t places);

  void add(std::string_view text, std::uint64_t times = 1);
  // InvalidArgument for another number of places, or more than kMostCount texts together.
  Status merge(const Frequent& other);

  std::size_t places() const { return places_; }
  std::uint64_t count() const { return count_; }
  std::uint64_t slack() const { return slack_; }
  std::uint64_t count_of(std::string_view text) const;  // 0 when it is not kept
  // Most frequent first, equal ones by their text.
  std::vector<Entry> entries() const;

  std::string serialize() const;
  static Result<Frequent> parse(std::string_view bytes);

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  void shrink();

  std::size_t places_;
  std::uint64_t count_ = 0, slack_ = 0;
  std::unordered_map<std::string, std::uint64_t, Hash, std::equal_to<>> counts_;
};

}  // namespace modelyard::statistics
