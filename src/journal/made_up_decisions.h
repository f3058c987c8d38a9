// Decisions for tests: of steady traffic, the same for the same seed.
#pragma once

#include <vector>

#include "base/random.h"
#include "journal/decision.h"

namespace modelyard::journal {

inline constexpr std::int64_t kTestEpoch = 1'790'000'000'000'000;  // microseconds

// One about every 200 µs, 0.1 to 1.1 ms of latency, one in a hundred failed.
class MadeUpDecisions {
 public:
  explicit MadeUpDecisions(std::uint64_t seed, std::int64_t begin = kTestEpoch) : random_(seed), now_(begin) {}

  Decision next() {
    now_ += 100 + static_cast<std::int64_t>(random_.next() % 200);
    Decision decision;
    decision.time = utc_from_micros(now_);
    decision.id = Uuid::make_v7(decision.time, random_);
    decision.endpoint = "fraud";
    decision.model = "fraud";
    decision.version = 3;
    decision.plan_revision = 17;
    decision.principal = random_.next() % 3 == 0 ? "batch" : "shop";
    decision.protocol = "oip_rest";
    if (random_.next() % 100 == 0) decision.failure = Code::kDeadlineExceeded;
    decision.latency = std::chrono::microseconds(100 + random_.next() % 1000);
    decision.rows = 1;
    return decision;
  }
  std::vector<Decision> several(std::size_t count) {
    std::vector<Decision> decisions;
    for (std::size_t i = 0; i < count; ++i) decisions.push_back(next());
    return decisions;
  }

 private:
  SeededRandom random_;
  std::int64_t now_;
};

inline bool operator==(const DecisionRecord& a, const Decision& b) {
  return a.id == b.id && a.time == b.time && a.endpoint == b.endpoint && a.model == b.model && a.version == b.version &&
         a.plan_revision == b.plan_revision && a.arm == b.arm && a.principal == b.principal &&
         a.protocol == b.protocol && a.failure == b.failure && a.latency == b.latency && a.rows == b.rows;
}

}  // namespace modelyard::journal
