// Streams that are the same in every language, for tests: u of s ← 1664525·s + 1013904223 mod 2³².
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

namespace modelyard::statistics {

inline std::vector<double> uniform_stream(std::uint32_t seed, std::size_t size) {
  std::vector<double> values(size);
  for (double& value : values) {
    seed = 1664525u * seed + 1013904223u;
    value = seed / 4294967296.0;
  }
  return values;
}

}  // namespace modelyard::statistics
