#include "lifecycle/scheduling.h"

#include <gtest/gtest.h>

#include "base/fake_clock.h"

namespace modelyard::lifecycle {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

Result<Scheduling> parse(const char* text) {
  return parse_scheduling(*parse_json(text));
}

TEST(Scheduling, HasDefaultsForWhatIsNotNamed) {
  EXPECT_EQ(*parse("{}"), Scheduling{});
}

TEST(Scheduling, ReadsTritonsNames) {
  const auto scheduling = parse(
      R"({"max_batch_size": 16, "preferred_batch_size": [8, 4], "max_queue_delay_microseconds": 100,
          "preserve_ordering": true, "priority_levels": 3, "default_priority_level": 2,
          "queue_policy": {"max_queue_size": 10, "default_timeout_microseconds": 5000, "timeout_action": "DELAY"},
          "priority_queue_policy": {"1": {"max_queue_size": 3}},
          "instances": 2, "intra_op_threads": 4, "max_in_flight": 7, "requests_per_second": 2.5, "burst": 3,
          "response_cache_bytes": 1000})");

  ASSERT_TRUE(scheduling.has_value()) << scheduling.error().message();
  EXPECT_EQ(scheduling->preferred_batch_size, (std::vector<std::int64_t>{4, 8}));
  EXPECT_EQ(scheduling->max_queue_delay, microseconds(100));
  EXPECT_EQ(scheduling->policy_of(1).max_queue_size, 3);
  EXPECT_EQ(scheduling->policy_of(2).timeout_action, QueuePolicy::TimeoutAction::kDelay);
  EXPECT_EQ(scheduling->intra_op_threads, 4);
  EXPECT_EQ(scheduling->level_of(0), 2) << "none is named";
  EXPECT_EQ(scheduling->level_of(3), 3);
  EXPECT_EQ(scheduling->level_of(4), 2) << "there is no such level";
}

TEST(Scheduling, RefusesWhatCannotBeHonoured) {
  for (const char* text :
       {R"({"max_batch_sise": 3})", R"({"max_batch_size": -1})", R"({"intra_op_threads": 257})",
        R"({"max_batch_size": 1, "preferred_batch_size": [1]})",
        R"({"max_batch_size": 1, "max_queue_delay_microseconds": 5})",
        R"({"max_batch_size": 4, "preferred_batch_size": [8]})", R"({"preferred_batch_size": [0]})",
        R"({"priority_levels": 2, "default_priority_level": 3})", R"({"priority_queue_policy": {"3": {}}})",
        R"({"priority_queue_policy": {"high": {}}})", R"({"queue_policy": {"timeout_action": "WAIT"}})",
        R"({"requests_per_second": -1})", R"({"burst": 2})", R"({"response_cache_bytes": -1})"}) {
    const auto scheduling = parse(text);
    ASSERT_FALSE(scheduling.has_value()) << text;
    EXPECT_EQ(scheduling.error().code(), Code::kInvalidArgument) << text;
  }
}

TEST(EndpointLimits, LetInAsManyAsAreAllowedAtTheSameTime) {
  FakeClock clock;
  EndpointLimits limits(*parse(R"({"max_in_flight": 2})"));

  EXPECT_TRUE(limits.enter(clock.steady_now(), "m").has_value());
  EXPECT_TRUE(limits.enter(clock.steady_now(), "m").has_value());
  EXPECT_EQ(limits.enter(clock.steady_now(), "m").error().code(), Code::kResourceExhausted);
  limits.leave();
  EXPECT_TRUE(limits.enter(clock.steady_now(), "m").has_value());
  EXPECT_EQ(limits.in_flight(), 2);
  EXPECT_EQ(limits.refused(), 1u);
}

TEST(EndpointLimits, LetABurstInAndThenKeepTheRate) {
  FakeClock clock;
  EndpointLimits limits(*parse(R"({"requests_per_second": 10, "burst": 3})"));
  const auto entered = [&](int tries) {
    int count = 0;
    for (int i = 0; i < tries; ++i) count += limits.enter(clock.steady_now(), "m").has_value() ? 1 : 0;
    return count;
  };

  EXPECT_EQ(entered(10), 3);
  clock.advance(milliseconds(100));
  EXPECT_EQ(entered(10), 1);
  clock.advance(milliseconds(1000));
  EXPECT_EQ(entered(10), 3) << "what was not used is not saved up beyond the burst";
  int total = 0;
  for (int i = 0; i < 1000; ++i) {
    clock.advance(milliseconds(7));
    total += entered(1);
  }
  EXPECT_NEAR(total, 70, 1) << "seven seconds at ten a second";
}

}  // namespace
}  // namespace modelyard::lifecycle
