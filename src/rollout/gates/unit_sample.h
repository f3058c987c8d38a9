// UnitSample counts the units that the arms of a step have answered, each once, however often it asks: whether requests
// of users who stick to a version were split as planned is told by users alone.
//
// Sample:  of all units at first; when they are too many, of those whose hash ends with one more zero (behind the bits
//          that choose their bucket; assignment takes those at the other end). Each such level sees all of its units
//          from the first request on, so that its counts by themselves are a fair sample.
// Levels:  counts of levels that were left stay as they were then.
// Merge:   of samples that saw different requests of one step, in any order. One that is closed takes nothing more.
// Memory:  32 kB once there is a unit, else nothing. add() allocates the first time only.
// Errors:  InvalidArgument naming the field.
// Threads: a value.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace modelyard::rollout {

struct UnitCounts {
  std::uint64_t candidate = 0, stable = 0;

  friend bool operator==(const UnitCounts&, const UnitCounts&) = default;
};

class UnitSample {
 public:
  static constexpr std::size_t kMostUnits = 2048;
  static constexpr std::size_t kMostLevels = 40;

  void add(bool is_candidate, std::uint64_t unit_hash) {
    add_key((unit_hash & ~std::uint64_t{1}) | (is_candidate ? 1u : 0u));
  }
  void merge(const UnitSample& other);
  // Its units are let go, and its counts stay.
  void close();

  bool is_empty() const { return left_.empty() && size_ == 0 && !is_closed_; }
  // Of each level, from that of all units on.
  std::vector<UnitCounts> levels() const;

  // {"levels": [candidate, stable, …], "units": hexadecimal or null}: null of one that is closed.
  friend Json to_json(const UnitSample& sample);
  friend Result<UnitSample> parse_unit_sample(const Json& value, std::string path);

 private:
  // A unit's hash, with the arm in its lowest bit; 0 is no unit.
  using Key = std::uint64_t;

  bool is_in_level(Key key) const;
  void add_key(Key key);
  void rise();
  std::vector<Key> keys() const;

  std::vector<Key> table_;  // open addressing; at most half of it is used
  std::size_t size_ = 0;
  UnitCounts now_;
  std::vector<UnitCounts> left_;
  bool is_closed_ = false;
};

Json to_json(const UnitSample& sample);
Result<UnitSample> parse_unit_sample(const Json& value, std::string path);

}  // namespace modelyard::rollout
