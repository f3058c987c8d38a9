#include "base/random.h"

#include <sys/random.h>

#include <random>

#include "base/check.h"

namespace modelyard {
namespace {

std::uint64_t kernel_seed() {
  std::uint64_t seed = 0;
  MODELYARD_CHECK(getrandom(&seed, sizeof seed, 0) == sizeof seed, "the kernel gives 8 bytes");
  return seed;
}

class SystemRandom final : public Random {
 public:
  std::uint64_t next() override {
    thread_local std::mt19937_64 generator(kernel_seed());
    return generator();
  }
};

}  // namespace

Random& system_random() {
  static SystemRandom random;
  return random;
}

std::uint64_t SeededRandom::next() {
  std::uint64_t z = state_.fetch_add(0x9E3779B97F4A7C15u) + 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

}  // namespace modelyard
