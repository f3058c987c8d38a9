#include "monitoring/monitors/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "statistics/test_streams.h"

namespace modelyard::monitoring {
namespace {

using testing::HasSubstr;

Monitor monitor_of(const Json& document) {
  auto monitors = parse_monitors({{"m", document}});
  EXPECT_TRUE(monitors) << monitors.error().message();
  return monitors->front();
}

FeatureProfile numbers(std::uint32_t seed, std::size_t size, double shift = 0, double scale = 1) {
  FeatureProfile profile(FeatureKind::kNumber);
  for (const double u : statistics::uniform_stream(seed, size)) profile.add(shift + scale * u);
  return profile;
}

FeatureProfile texts(std::initializer_list<std::pair<const char*, int>> counts) {
  FeatureProfile profile(FeatureKind::kCategory);
  for (const auto& [text, count] : counts) {
    for (int i = 0; i < count; ++i) profile.add(text);
  }
  return profile;
}

const Finding& find(const std::vector<Finding>& findings, const std::string& subject) {
  static const Finding kNone = no_data("none", "not found");
  for (const Finding& finding : findings) {
    if (finding.subject == subject) return finding;
  }
  ADD_FAILURE() << "no finding of " << subject;
  return kNone;
}

TEST(JudgeDrift, FailsWhatHasMovedAndPassesWhatHasNot) {
  const Profiles reference{{"a", numbers(1, 2000)}, {"b", numbers(2, 2000)}};
  const Profiles current{{"a", numbers(3, 2000, 0.3)}, {"b", numbers(4, 2000)}};

  const auto findings = judge_drift(monitor_of({{"kind", "drift"}}), reference, current);

  EXPECT_EQ(find(findings, "a").outcome, Outcome::kFail);
  EXPECT_THAT(find(findings, "a").sentence, HasSubstr("median"));
  EXPECT_EQ(find(findings, "b").outcome, Outcome::kPass);
}

TEST(JudgeDrift, LooksAtTheFeaturesThatItIsToldTo) {
  const Profiles reference{{"a", numbers(1, 2000)}, {"b", numbers(2, 2000)}};
  const auto findings = judge_drift(monitor_of({{"kind", "drift"}, {"features", {"b"}}}), reference,
                                    {{"a", numbers(3, 2000, 1)}, {"b", numbers(4, 2000)}});
  EXPECT_EQ(findings.size(), 1u);
}

TEST(JudgeDrift, SaysNothingOfFewRowsOrNone) {
  const Profiles reference{{"a", numbers(1, 2000)}};
  EXPECT_EQ(find(judge_drift(monitor_of({{"kind", "drift"}}), reference, {{"a", numbers(3, 20, 1)}}), "a").outcome,
            Outcome::kNoData);
  EXPECT_TRUE(judge_drift(monitor_of({{"kind", "drift"}}), reference, {}).empty());
}

TEST(JudgeQuality, SeesMissingValues) {
  FeatureProfile current = numbers(2, 1000);
  for (int i = 0; i < 60; ++i) current.add(std::nan(""));

  const auto findings = judge_quality(monitor_of({{"kind", "quality"}}), {{"a", numbers(1, 5000)}}, {{"a", current}});

  EXPECT_EQ(find(findings, "a/missing").outcome, Outcome::kFail);
  EXPECT_EQ(find(findings, "a/range").outcome, Outcome::kPass);
  EXPECT_EQ(find(findings, "a/constant").outcome, Outcome::kPass);
  EXPECT_THAT(find(findings, "a/missing").sentence, HasSubstr("5.66 % of values are missing"));
}

TEST(JudgeQuality, SeesNumbersThatTheReferenceDidNotReach) {
  const auto findings =
      judge_quality(monitor_of({{"kind", "quality"}}), {{"a", numbers(1, 5000)}}, {{"a", numbers(2, 1000, 0.2)}});
  EXPECT_EQ(find(findings, "a/range").outcome, Outcome::kFail);
  EXPECT_NEAR(find(findings, "a/range").value, 0.2, 0.03);
}

TEST(JudgeQuality, SeesAFeatureThatIsStuck) {
  const auto findings =
      judge_quality(monitor_of({{"kind", "quality"}}), {{"a", numbers(1, 5000)}}, {{"a", numbers(2, 1000, 0.5, 0)}});
  EXPECT_EQ(find(findings, "a/constant").outcome, Outcome::kFail);
}

TEST(JudgeQuality, DoesNotCallARareCountStuckThatIsZeroInAFewRows) {
  FeatureProfile reference(FeatureKind::kNumber), few(FeatureKind::kNumber), many(FeatureKind::kNumber);
  for (const double u : statistics::uniform_stream(1, 5000)) reference.add(u < 0.02 ? 1 : 0);
  for (int i = 0; i < 120; ++i) few.add(0.0);
  for (int i = 0; i < 2000; ++i) many.add(0.0);
  const Monitor monitor = monitor_of({{"kind", "quality"}});

  EXPECT_EQ(find(judge_quality(monitor, {{"a", reference}}, {{"a", few}}), "a/constant").outcome, Outcome::kPass);
  EXPECT_EQ(find(judge_quality(monitor, {{"a", reference}}, {{"a", many}}), "a/constant").outcome, Outcome::kFail);
}

TEST(JudgeQuality, SeesATextThatIsNew) {
  const Profiles reference{{"country", texts({{"de", 3000}, {"fr", 2000}})}};
  const Monitor monitor = monitor_of({{"kind", "quality"}});

  const auto findings = judge_quality(monitor, reference, {{"country", texts({{"de", 900}, {"pl", 100}})}});
  EXPECT_EQ(find(findings, "country/new_categories").outcome, Outcome::kFail);
  EXPECT_THAT(find(findings, "country/new_categories").sentence, HasSubstr("'pl' above all"));

  EXPECT_EQ(
      find(judge_quality(monitor, reference, {{"country", texts({{"de", 999}, {"pl", 1}})}}), "country/new_categories")
          .outcome,
      Outcome::kPass);
}

TEST(JudgeQuality, SeesAnotherKindOfValue) {
  const auto findings =
      judge_quality(monitor_of({{"kind", "quality"}}), {{"a", numbers(1, 500)}}, {{"a", texts({{"x", 500}})}});
  EXPECT_EQ(find(findings, "a/type").outcome, Outcome::kFail);
}

TEST(JudgeQuality, DoesNotCallAFreshWindowOfTheSameRowsBad) {
  int failed = 0;
  for (std::uint32_t seed = 1; seed <= 300; ++seed) {
    const auto findings = judge_quality(monitor_of({{"kind", "quality"}}), {{"a", numbers(seed, 500)}},
                                        {{"a", numbers(seed + 7919, 2000)}});
    for (const Finding& finding : findings) failed += finding.outcome == Outcome::kFail ? 1 : 0;
  }
  EXPECT_LE(failed, 1);
}

Traffic traffic_of(int fast, int slow, int failed = 0) {
  Traffic traffic;
  for (int i = 0; i < fast; ++i) traffic.add(Ending::kAnswered, std::chrono::milliseconds(2));
  for (int i = 0; i < slow; ++i) traffic.add(Ending::kAnswered, std::chrono::milliseconds(80));
  for (int i = 0; i < failed; ++i) traffic.add(Ending::kFailed, std::chrono::milliseconds(2));
  return traffic;
}

TEST(JudgeVolume, HasTwoLimits) {
  const Monitor monitor = monitor_of({{"kind", "volume"}, {"at_least", 10}, {"at_most", 100}});
  EXPECT_EQ(judge_volume(monitor, traffic_of(5, 0)).outcome, Outcome::kFail);
  EXPECT_EQ(judge_volume(monitor, traffic_of(50, 0)).outcome, Outcome::kPass);
  EXPECT_EQ(judge_volume(monitor, traffic_of(500, 0)).outcome, Outcome::kFail);
  EXPECT_THAT(judge_volume(monitor, traffic_of(5, 0)).sentence, HasSubstr("5 requests in 1h (at least 10)"));
}

TEST(JudgeLatency, FailsWhenMoreThanChanceAreTooSlow) {
  const Monitor monitor = monitor_of({{"kind", "latency"}});
  EXPECT_EQ(judge_latency(monitor, 40, traffic_of(990, 10)).outcome, Outcome::kPass);
  EXPECT_EQ(judge_latency(monitor, 40, traffic_of(985, 15)).outcome, Outcome::kPass);  // 1.5 % of 1000 may be chance
  EXPECT_EQ(judge_latency(monitor, 40, traffic_of(960, 40)).outcome, Outcome::kFail);
  EXPECT_EQ(judge_latency(monitor, 40, traffic_of(50, 20)).outcome, Outcome::kNoData);
}

TEST(JudgeErrors, BurnsInTheWholeWindowAndInItsEnd) {
  const Monitor monitor = monitor_of({{"kind", "errors"}});
  EXPECT_EQ(judge_errors(monitor, 0.01, traffic_of(950, 0, 50), traffic_of(90, 0, 10)).outcome, Outcome::kFail);
  EXPECT_EQ(judge_errors(monitor, 0.01, traffic_of(950, 0, 50), traffic_of(90, 0, 0)).outcome, Outcome::kPass);
  EXPECT_EQ(judge_errors(monitor, 0.01, traffic_of(990, 0, 10), traffic_of(90, 0, 10)).outcome, Outcome::kPass);
  EXPECT_EQ(judge_errors(monitor, 0.01, traffic_of(9, 0, 10), traffic_of(9, 0, 10)).outcome, Outcome::kNoData);
  const Monitor fast = monitor_of({{"kind", "errors"}, {"burn", 14.4}});
  EXPECT_EQ(judge_errors(fast, 0.01, traffic_of(950, 0, 50), traffic_of(90, 0, 10)).outcome, Outcome::kPass);
}

Metrics metrics_of(double value, double low, double high) {
  Metrics metrics;
  metrics.rows = 500;
  metrics.list.push_back({"accuracy", {value, statistics::Interval{low, high}}});
  return metrics;
}

TEST(JudgeAccuracy, FailsWhenAllOfTheIntervalIsBelow) {
  const Monitor monitor = monitor_of({{"kind", "accuracy"}, {"at_least", 0.9}});
  EXPECT_EQ(judge_accuracy(monitor, metrics_of(0.87, 0.84, 0.89), false).outcome, Outcome::kFail);
  EXPECT_EQ(judge_accuracy(monitor, metrics_of(0.88, 0.85, 0.91), false).outcome, Outcome::kPass);
  EXPECT_EQ(judge_accuracy(monitor, metrics_of(0.87, 0.84, 0.89), true).outcome, Outcome::kNoData);
  EXPECT_EQ(judge_accuracy(monitor, Metrics(), false).outcome, Outcome::kNoData);
}

// Scores that are sure, and scores in the middle.
FeatureProfile scores(std::uint32_t seed, double width) {
  FeatureProfile profile(FeatureKind::kNumber);
  for (const double u : statistics::uniform_stream(seed, 4000)) profile.add(u < 0.5 ? width * u : 1 - width * (1 - u));
  return profile;
}

TEST(JudgeEstimate, SeesAModelThatBecomesUnsure) {
  const Monitor monitor = monitor_of({{"kind", "estimated_accuracy"}});
  const FeatureProfile reference = scores(1, 0.2);

  const Finding same = judge_estimate(monitor, 0.5, &reference, scores(2, 0.2));
  const Finding unsure = judge_estimate(monitor, 0.5, &reference, scores(3, 0.8));

  EXPECT_EQ(same.outcome, Outcome::kPass);
  EXPECT_NEAR(same.value, 0.95, 0.005);  // the mean of max(p, 1 − p)
  EXPECT_EQ(unsure.outcome, Outcome::kFail);
  EXPECT_NEAR(unsure.value, 0.8, 0.01);
  EXPECT_EQ(judge_estimate(monitor, 0.5, nullptr, scores(3, 0.8)).outcome, Outcome::kNoData);
  EXPECT_EQ(judge_estimate(monitor, 0.5, &reference, numbers(1, 500, 5)).outcome, Outcome::kNoData);
}

TEST(JudgeAge, FailsBeyondItsLimit) {
  const Monitor monitor = monitor_of({{"kind", "label_lag"}, {"at_most", "2d"}});
  EXPECT_EQ(judge_age(monitor, std::chrono::hours(47)).outcome, Outcome::kPass);
  EXPECT_EQ(judge_age(monitor, std::chrono::hours(49)).outcome, Outcome::kFail);
}

}  // namespace
}  // namespace modelyard::monitoring
