// Generator draws random numbers that are the same on every machine and for ever: the simulation's tables depend on it.
//
// Source: splitmix64 (Steele, Lea & Flood, OOPSLA 2014). Threads: one at a time.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace modelyard::simulation {

class Generator {
 public:
  // Seeds are mixed: those of neighbours would be the same numbers, one later.
  explicit Generator(std::uint64_t seed) : state_(mixed(seed ^ 0x6D6F64656C796172u)) {}

  std::uint64_t bits() { return mixed(state_ += 0x9E3779B97F4A7C15u); }
  // 0 < u < 1.
  double uniform() { return (static_cast<double>(bits() >> 11) + 0.5) * 0x1.0p-53; }
  bool happens(double probability) { return uniform() < probability; }

  // Box and Muller.
  double normal() {
    if (has_spare_) {
      has_spare_ = false;
      return spare_;
    }
    const double radius = std::sqrt(-2 * std::log(uniform())), angle = 2 * std::numbers::pi * uniform();
    has_spare_ = true;
    spare_ = radius * std::sin(angle);
    return radius * std::cos(angle);
  }
  // Of a small mean: by counting; of a large one rounded from a normal one.
  std::uint64_t poisson(double mean) {
    if (mean > 50) return static_cast<std::uint64_t>(std::max(0.0, std::round(mean + std::sqrt(mean) * normal())));
    std::uint64_t count = 0;
    for (double product = uniform(); product > std::exp(-mean); product *= uniform()) ++count;
    return count;
  }

 private:
  static std::uint64_t mixed(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }

  std::uint64_t state_;
  double spare_ = 0;
  bool has_spare_ = false;
};

}  // namespace modelyard::simulation
