#include "rollout/gates/evidence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <numeric>

#include "base/random.h"

namespace modelyard::rollout {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

TEST(LatencyBuckets, AreNarrowAndCoverAllWithoutAGap) {
  for (std::size_t bucket = 0; bucket < kLatencyBuckets; ++bucket) {
    const std::uint64_t begin = latency_bucket_begin(bucket);
    EXPECT_EQ(latency_bucket(begin), bucket);
    if (bucket > 0) {
      EXPECT_EQ(latency_bucket(begin - 1), bucket - 1);
    }
    if (bucket > 1) {
      const auto width = static_cast<double>(begin - latency_bucket_begin(bucket - 1));
      EXPECT_LE(width / static_cast<double>(latency_bucket_begin(bucket - 1)), 0.01);
    }
    EXPECT_LE(latency_class_begin(latency_class(bucket)), bucket);
    EXPECT_EQ(latency_class(latency_class_begin(latency_class(bucket))), latency_class(bucket));
  }
  EXPECT_EQ(latency_bucket(std::numeric_limits<std::uint64_t>::max()), kLatencyBuckets - 1);
  EXPECT_EQ(latency_class(kLatencyBuckets - 1), kLatencyClasses - 1);
}

// A step with something in each table.
Evidence evidence_of(std::uint64_t seed, int step, int requests) {
  SeededRandom random(seed);
  Evidence evidence;
  StepEvidence& one = step_of(evidence, step);
  for (ArmEvidence* const arm : {&one.candidate, &one.stable}) {
    arm->output_bins = 4;
    for (int i = 0; i < requests; ++i) {
      const std::uint64_t unit = random.next(), draw = random.next();
      add(*arm, {.unit_hash = unit,
                 .failed = draw % 7 == 0,
                 .timed_out = draw % 70 == 0,
                 .nonfinite = draw % 11 == 0,
                 .latency = std::chrono::nanoseconds(draw % 100'000'000)});
      EXPECT_TRUE(add_metric(*arm, "accuracy", unit, draw % 3 == 0 ? 0 : 1));
      add_output(*arm, unit, draw % 4);
      ++one.pairs.compared[unit_bucket(unit)];
      one.pairs.disagreed[unit_bucket(unit)] += draw % 2;
    }
  }
  return evidence;
}

TEST(Evidence, IsReadAsItWasWritten) {
  Evidence evidence = evidence_of(1, 2, 300);
  ASSERT_TRUE(merge(evidence, evidence_of(2, 0, 50)));

  const auto text = canonical_json(to_json(evidence));
  const auto again = parse_evidence(*parse_json(*text), "evidence");

  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(to_json(*again), to_json(evidence));
  EXPECT_EQ(again->steps.size(), 2u);
  EXPECT_EQ(again->steps[1].candidate.latency_units, evidence.steps[1].candidate.latency_units);
  EXPECT_LT(text->size(), 60'000u);
}

TEST(Evidence, IsTheSameInWhateverOrderItIsMerged) {
  Evidence forth, back;
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(merge(forth, evidence_of(static_cast<std::uint64_t>(i), i % 2, 100)));
    ASSERT_TRUE(merge(back, evidence_of(static_cast<std::uint64_t>(3 - i), (3 - i) % 2, 100)));
  }
  EXPECT_EQ(to_json(forth), to_json(back));
}

TEST(Evidence, OfAWindowIsTheDifferenceOfTwoLooks) {
  const Evidence before = evidence_of(1, 0, 100), since = evidence_of(2, 0, 100);
  Evidence after = before;
  ASSERT_TRUE(merge(after, since));

  const auto window = difference(after, before);

  ASSERT_TRUE(window) << window.error().message();
  EXPECT_EQ(to_json(*window), to_json(since));
  const auto backwards = difference(before, after);
  ASSERT_FALSE(backwards);
  EXPECT_THAT(backwards.error().message(), HasSubstr("requests fall from"));
}

TEST(Evidence, CountsWhatTookNoTimeAsNoLatency) {
  ArmEvidence arm;
  add(arm, {.unit_hash = 1, .failed = true});
  add(arm, {.unit_hash = 1, .timed_out = true, .latency = 2s});

  EXPECT_EQ(arm.requests[1], 2u);
  EXPECT_EQ(arm.failures[1], 2u) << "who waits in vain was failed";
  EXPECT_EQ(std::accumulate(arm.latency.begin(), arm.latency.end(), std::uint64_t{0}), 1u);
  EXPECT_EQ(arm.latency[latency_bucket(2'000'000'000)], 1u);
}

TEST(Evidence, TakesOnlyMetricsThatCanBeAveraged) {
  ArmEvidence arm;
  EXPECT_FALSE(add_metric(arm, "m", 1, std::numeric_limits<double>::quiet_NaN()));
  EXPECT_FALSE(add_metric(arm, "m", 1, 1e80));
  for (int i = 0; i < 64; ++i) EXPECT_TRUE(add_metric(arm, fmt::format("m{}", i), 1, i));
  EXPECT_FALSE(add_metric(arm, "m64", 1, 0));
}

TEST(Evidence, OfOtherBinsCannotBeMerged) {
  Evidence one = evidence_of(1, 0, 10), other = evidence_of(1, 0, 10);
  other.steps[0].candidate.output_bins = 2;
  other.steps[0].candidate.outputs.assign(2 * kUnitBuckets, 1);
  EXPECT_FALSE(merge(one, other));
}

TEST(Evidence, RefusesWhatNoServerHasWritten) {
  const Json good = to_json(evidence_of(1, 0, 10));
  const auto refusal = [&](const char* pointer, Json value) {
    Json json = good;
    json[Json::json_pointer(pointer)] = std::move(value);
    const auto read = parse_evidence(json, "evidence");
    return read ? std::string("it is read") : read.error().message();
  };
  EXPECT_THAT(refusal("/steps/0/candidate/requests", {1, 2, 3}), HasSubstr("candidate.requests: expected pairs"));
  EXPECT_THAT(refusal("/steps/0/candidate/requests", {256, 2}), HasSubstr("a place from 0 to below 256"));
  EXPECT_THAT(refusal("/steps/0/candidate/requests", {3, 2, 3, 2}), HasSubstr("a place from 4 to below 256"));
  EXPECT_THAT(refusal("/steps/0/stable/latency", {3, -2}), HasSubstr("expected a count"));
  EXPECT_THAT(refusal("/steps/0/stable/latency", {3, 1ull << 53}), HasSubstr("expected a count"));
  EXPECT_THAT(refusal("/steps/0/stable/output_bins", 33), HasSubstr("expected 2 to 32"));
  EXPECT_THAT(refusal("/steps/0/stable/metrics/accuracy", {1, 1, 1.0, -1.0}), HasSubstr("not below 0"));
  EXPECT_THAT(refusal("/steps/0/stable/speed", 3), HasSubstr("speed"));
  EXPECT_THAT(refusal("/steps/0/step", 100), HasSubstr("expected 0 to 99"));
  EXPECT_THAT(refusal("/steps/1", good["steps"][0]), HasSubstr("steps ascend, but 0 follows 0"));
}

}  // namespace
}  // namespace modelyard::rollout
