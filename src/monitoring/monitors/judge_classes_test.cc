#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "monitoring/monitors/judge_answers.h"
#include "statistics/test_streams.h"

namespace modelyard::monitoring {
namespace {

using testing::HasSubstr;

Monitor monitor_of(const Json& more = Json::object()) {
  Json document = {{"kind", "class_share"}};
  document.update(more);
  return parse_monitors({{"m", document}})->front();
}

// Answers 0, 1 and 2 with these shares of the first two.
FeatureProfile numbers(std::uint32_t seed, std::size_t rows, double first, double second) {
  FeatureProfile profile(FeatureKind::kNumber);
  for (const double u : statistics::uniform_stream(seed, rows)) {
    profile.add(u < first ? 0 : u < first + second ? 1 : 2);
  }
  return profile;
}

FeatureProfile texts(std::initializer_list<std::pair<const char*, int>> counts) {
  FeatureProfile profile(FeatureKind::kCategory);
  for (const auto& [text, count] : counts) {
    for (int i = 0; i < count; ++i) profile.add(text);
  }
  return profile;
}

const AnsweredClasses kLoans{"label", {"granted", "asked", "refused"}, std::nullopt};

const Finding& find(const std::vector<Finding>& findings, const std::string& subject) {
  const auto found = std::ranges::find(findings, subject, &Finding::subject);
  if (found != findings.end()) return *found;
  ADD_FAILURE() << "no finding of " << subject;
  return findings.front();
}

TEST(JudgeClassShares, NamesTheClassesThatHaveMoved) {
  const auto findings =
      judge_class_shares(monitor_of(), kLoans, numbers(1, 3000, 0.5, 0.38), numbers(2, 3000, 0.31, 0.38));

  ASSERT_EQ(findings.size(), 3u);
  EXPECT_EQ(find(findings, "granted").outcome, Outcome::kFail);
  EXPECT_EQ(find(findings, "asked").outcome, Outcome::kPass);
  EXPECT_EQ(find(findings, "refused").outcome, Outcome::kFail);
  EXPECT_NEAR(find(findings, "refused").value, 0.19, 0.03);
  EXPECT_THAT(find(findings, "refused").sentence, HasSubstr("`refused` went from 1"));
  EXPECT_THAT(find(findings, "refused").sentence, HasSubstr("% of answers (limit 5 points), p "));
}

TEST(JudgeClassShares, SeesAClassThatNobodyAnswersAnyMore) {
  const auto findings = judge_class_shares(monitor_of(), kLoans, numbers(1, 500, 0.5, 0.4), numbers(2, 500, 0.6, 0.4));
  EXPECT_EQ(find(findings, "refused").outcome, Outcome::kFail);
  EXPECT_EQ(find(findings, "refused").numbers["share"], 0);
}

TEST(JudgeClassShares, PassesWhatIsSureAndTooSmallAndWhatIsLargeAndNotSure) {
  const FeatureProfile reference = numbers(1, 50'000, 0.5, 0.4);
  const auto small = judge_class_shares(monitor_of(), kLoans, reference, numbers(2, 50'000, 0.46, 0.4));
  EXPECT_EQ(find(small, "granted").outcome, Outcome::kPass);
  EXPECT_LT(find(small, "granted").numbers["p"], 0.01);
  const auto unsure = judge_class_shares(monitor_of(), kLoans, reference, numbers(6, 110, 0.4, 0.5));
  EXPECT_GT(find(unsure, "granted").value, 0.05);
  EXPECT_EQ(find(unsure, "granted").outcome, Outcome::kPass);
  const auto strict =
      judge_class_shares(monitor_of({{"share_floor", 0.02}}), kLoans, reference, numbers(2, 50'000, 0.46, 0.4));
  EXPECT_EQ(find(strict, "granted").outcome, Outcome::kFail);
}

TEST(JudgeClassShares, CountsTheSidesOfAThresholdWhereThereIsOnlyAProbability) {
  FeatureProfile before(FeatureKind::kNumber), now(FeatureKind::kNumber);
  for (const double u : statistics::uniform_stream(1, 2000)) before.add(u);
  for (const double u : statistics::uniform_stream(2, 2000)) now.add(0.5 + u / 2);
  before.add(0.7);  // the threshold itself is above

  const auto findings = judge_class_shares(monitor_of(), {"p", {"paid", "defaulted"}, 0.7}, before, now);

  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].subject, "defaulted");
  EXPECT_EQ(findings[0].outcome, Outcome::kFail);
  EXPECT_NEAR(findings[0].numbers["reference_share"], 0.3, 0.03);
  EXPECT_NEAR(findings[0].numbers["share"], 0.6, 0.03);
}

// Subjects are seen by who may not see values.
TEST(JudgeClassShares, KeepsTextsThatNobodyHasNamedOutOfSubjects) {
  const AnsweredClasses classes{"label", {"granted"}, std::nullopt};
  const auto findings = judge_class_shares(monitor_of(), classes, texts({{"granted", 800}, {"Mr. Miller", 200}}),
                                           texts({{"granted", 600}, {"Mr. Miller", 370}, {"Ms. Moss", 30}}));

  ASSERT_EQ(findings.size(), 2u);
  EXPECT_EQ(find(findings, "granted").outcome, Outcome::kFail);
  EXPECT_EQ(find(findings, "label").outcome, Outcome::kFail);
  EXPECT_THAT(find(findings, "label").sentence, HasSubstr("`Mr. Miller` went from 20 % to 37 %"));
}

TEST(JudgeClassShares, CallsNumbersAsTheyAreAnsweredWithoutNames) {
  const auto findings = judge_class_shares(monitor_of(), {"label", {}, std::nullopt}, numbers(1, 500, 0.5, 0.4),
                                           numbers(2, 500, 0.5, 0.4));
  EXPECT_EQ(find(findings, "2").outcome, Outcome::kPass);
}

TEST(JudgeClassShares, SaysWhyItHasNoVerdict) {
  const FeatureProfile good = numbers(1, 500, 0.5, 0.4);
  const auto why = [&](const FeatureProfile& reference, const FeatureProfile& current) {
    const auto findings = judge_class_shares(monitor_of(), kLoans, reference, current);
    EXPECT_EQ(findings.size(), 1u);
    EXPECT_EQ(findings[0].outcome, Outcome::kNoData);
    return findings[0].sentence;
  };
  EXPECT_THAT(why(good, numbers(2, 99, 0.5, 0.4)), HasSubstr("99 answers in this window"));
  EXPECT_THAT(why(numbers(2, 50, 0.5, 0.4), good), HasSubstr("50 answers in the reference"));
  EXPECT_THAT(why(good, texts({{"granted", 500}})), HasSubstr("was a number"));
  FeatureProfile prices(FeatureKind::kNumber), many(FeatureKind::kCategory);
  for (const double u : statistics::uniform_stream(1, 500)) prices.add(u);
  for (int i = 0; i < 400; ++i) many.add("answer " + std::to_string(i));
  EXPECT_THAT(why(good, prices), HasSubstr("which are no classes"));
  EXPECT_THAT(why(many, many), HasSubstr("more than 256 classes"));
}

// Ten classes, floor 0: the correction alone holds alpha.
TEST(JudgeClassShares, IsWrongNoMoreOftenThanAlpha) {
  const Monitor monitor = monitor_of({{"share_floor", 0}, {"alpha", 0.05}});
  int failed = 0;
  for (std::uint32_t seed = 1; seed <= 400; ++seed) {
    FeatureProfile before(FeatureKind::kNumber), now(FeatureKind::kNumber);
    const auto draws = statistics::uniform_stream(seed * 2654435761u, 800);
    for (std::size_t i = 0; i < 800; ++i) (i < 400 ? before : now).add(std::floor(10 * draws[i]));
    const auto findings = judge_class_shares(monitor, {"label", {}, std::nullopt}, before, now);
    failed += std::ranges::any_of(findings, [](const Finding& one) { return one.outcome == Outcome::kFail; }) ? 1 : 0;
  }
  EXPECT_LE(failed, 33);  // 5 % of 400, and three deviations of that
  EXPECT_GE(failed, 4);   // and the test is awake
}

}  // namespace
}  // namespace modelyard::monitoring
