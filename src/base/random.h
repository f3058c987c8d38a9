// Random is the one source of randomness, so that tests give a fixed sequence.
//
// Threads: every implementation is safe from any thread.
#pragma once

#include <atomic>
#include <cstdint>

namespace modelyard {

class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint64_t next() = 0;
};

// Seeded from the kernel; a generator per thread, so that readers share nothing. Not for secrets.
Random& system_random();

// splitmix64 of a counter: the same seed gives the same sequence everywhere.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() override;

 private:
  std::atomic<std::uint64_t> state_;
};

}  // namespace modelyard
