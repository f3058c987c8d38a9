#include <gtest/gtest.h>

#include "lifecycle/cost_model.h"
#include "lifecycle/resource_ledger.h"

namespace modelyard::lifecycle {
namespace {

constexpr std::int64_t kMebibyte = 1 << 20;

TEST(ResourceLedger, GivesBackWhatAReservationTook) {
  ResourceLedger ledger(10 * kMebibyte);
  {
    const auto one = ledger.reserve(6 * kMebibyte);
    EXPECT_TRUE(one.has_value());
    EXPECT_EQ(ledger.used(), 6 * kMebibyte);
    EXPECT_FALSE(ledger.reserve(5 * kMebibyte).has_value());
  }

  EXPECT_EQ(ledger.used(), 0);
  EXPECT_TRUE(ledger.reserve(10 * kMebibyte).has_value());
}

TEST(ResourceLedger, SaysWhatIsTakenWhenItRefuses) {
  ResourceLedger ledger(10 * kMebibyte);
  const auto one = ledger.reserve(6 * kMebibyte);

  const auto refused = ledger.reserve(5 * kMebibyte);

  EXPECT_EQ(refused.error().code(), Code::kResourceExhausted);
  EXPECT_EQ(refused.error().message(),
            "needs about 5 MiB of memory; 6 MiB of 10 MiB are taken by loaded versions: undeploy one, or raise "
            "memory_limit_bytes");
}

TEST(ResourceLedger, TakesTheMeasureInPlaceOfTheEstimate) {
  ResourceLedger ledger(10);
  auto memory = std::move(ledger.reserve(8).value());

  memory.settle(3);
  EXPECT_EQ(ledger.used(), 3);
  memory.settle(12);
  EXPECT_EQ(ledger.used(), 12);
  ResourceLedger::Reservation moved = std::move(memory);
  EXPECT_EQ(ledger.used(), 12);
  moved.settle(0);
  EXPECT_EQ(ledger.used(), 0);
}

TEST(ResourceLedger, HasNoLimitAtZero) {
  ResourceLedger ledger(0);
  EXPECT_TRUE(ledger.reserve(INT64_MAX / 2).has_value());
}

TEST(CostModel, PredictsAlongTheMeasuredLine) {
  const CostModel cost({true, std::chrono::microseconds(10), std::chrono::microseconds(2)});

  EXPECT_EQ(cost.predict(1), std::chrono::microseconds(12));
  EXPECT_EQ(cost.predict(20), std::chrono::microseconds(50));
}

TEST(CostModel, CountsTheUnknownAsDear) {
  CostModel cost(MeasuredCost{});

  cost.learn(1, std::chrono::nanoseconds(1));
  EXPECT_GT(cost.predict(1), std::chrono::minutes(1));
}

TEST(CostModel, ComesToWhatServingSees) {
  CostModel cost({true, std::chrono::microseconds(10), std::chrono::microseconds(0)});

  for (int i = 0; i < 1000; ++i) cost.learn(1, std::chrono::microseconds(30));

  EXPECT_NEAR(static_cast<double>(cost.predict(1).count()), 30'000, 100);
}

TEST(CostModel, IsNotThrownByOneSlowRun) {
  CostModel cost({true, std::chrono::microseconds(10), std::chrono::microseconds(0)});

  cost.learn(1, std::chrono::seconds(5));

  EXPECT_LT(cost.predict(1), std::chrono::microseconds(12));
}

}  // namespace
}  // namespace modelyard::lifecycle
