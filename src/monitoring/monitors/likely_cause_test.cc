#include "monitoring/monitors/likely_cause.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace modelyard::monitoring {
namespace {

using testing::HasSubstr;

constexpr UtcTime kEnd{std::chrono::hours(1000)};

Finding finding(std::string subject, Outcome outcome, double value = 0.5) {
  return {.subject = std::move(subject), .outcome = outcome, .value = value, .sentence = "moved"};
}

class LikelyCause : public testing::Test {
 protected:
  std::string of(MonitorKind kind, const Finding& failed) {
    Monitor monitor;
    monitor.kind = kind;
    return likely_cause(monitor, failed, kEnd, around_);
  }
  std::string of(MonitorKind kind, const char* subject) { return of(kind, finding(subject, Outcome::kFail)); }
  void moved(std::initializer_list<const char*> features, std::initializer_list<const char*> stable) {
    Judged drift{MonitorKind::kDrift, {}};
    double distance = 0.2;
    for (const char* const name : features) drift.findings.push_back(finding(name, Outcome::kFail, distance += 0.1));
    for (const char* const name : stable) drift.findings.push_back(finding(name, Outcome::kPass, 0.01));
    around_.judged.push_back(std::move(drift));
  }

  Surroundings around_{.judged = {}, .outputs = {"score"}, .versions = "version 7", .deployed = {}};
};

TEST_F(LikelyCause, IsAnotherUnitWhenAllValuesAreMultiplied) {
  Finding failed = finding("distance", Outcome::kFail);
  failed.numbers = {{"scale", 1003.0}};
  EXPECT_EQ(of(MonitorKind::kDrift, failed), "another unit: all values are × 1003 of what they were");
  failed.numbers = {{"scale", 1 / 1.6}};
  EXPECT_THAT(of(MonitorKind::kDrift, failed), HasSubstr("another unit: all values are ÷ 1.6"));
  failed.numbers = {{"scale", 1.5}};
  EXPECT_THAT(of(MonitorKind::kDrift, failed), HasSubstr("another scale: all values are × 1.5"));
}

TEST_F(LikelyCause, IsWhatQualityFoundOfTheFeature) {
  around_.judged.push_back({MonitorKind::kQuality,
                            {finding("age/missing", Outcome::kFail), finding("zip/new_categories", Outcome::kFail),
                             finding("debt/missing", Outcome::kPass)}});
  EXPECT_EQ(of(MonitorKind::kDrift, "age"), "its source gives less of it");
  EXPECT_EQ(of(MonitorKind::kDrift, "zip"), "its source gives texts that are new");
  EXPECT_EQ(of(MonitorKind::kQuality, "age/range"), "its source gives less of it");
  EXPECT_EQ(of(MonitorKind::kDrift, "debt"), "");
}

TEST_F(LikelyCause, IsNotOneSourceWhenMostInputsMove) {
  moved({"a", "b", "c"}, {"d", "e"});
  EXPECT_THAT(of(MonitorKind::kDrift, "a"), HasSubstr("3 of 5 inputs have moved"));
}

TEST_F(LikelyCause, OfFewMovedInputsIsNotKnown) {
  moved({"a", "b"}, {"c", "d", "e"});
  EXPECT_EQ(of(MonitorKind::kDrift, "a"), "");
}

TEST_F(LikelyCause, OfAnswersIsAVersionThatIsNew) {
  around_.deployed = kEnd - std::chrono::minutes(90);
  moved({"a"}, {});
  for (const auto kind : {MonitorKind::kLatency, MonitorKind::kErrors, MonitorKind::kAccuracy}) {
    EXPECT_EQ(of(kind, ""), "version 7 since 1970-02-11T14:30");
  }
  EXPECT_EQ(of(MonitorKind::kDrift, "score"), "version 7 since 1970-02-11T14:30");
  EXPECT_EQ(of(MonitorKind::kDrift, "a"), "") << "a version does not change its inputs";
  around_.deployed = kEnd - std::chrono::minutes(121);
  EXPECT_EQ(of(MonitorKind::kLatency, ""), "") << "it has answered for two windows";
}

TEST_F(LikelyCause, OfWorseAnswersAreInputsThatHaveMovedTheFarthestFirst) {
  moved({"a", "b", "c", "d", "score"}, {"e"});
  EXPECT_EQ(of(MonitorKind::kEstimatedAccuracy, "accuracy"), "inputs have moved: `d`, `c`, `b` and 1 more");
  EXPECT_EQ(of(MonitorKind::kClassShare, "refused"), "inputs have moved: `d`, `c`, `b` and 1 more");
  EXPECT_EQ(of(MonitorKind::kLatency, ""), "");
}

TEST_F(LikelyCause, OfWorseAnswersToTheSameInputsIsWhatTheyMean) {
  EXPECT_EQ(of(MonitorKind::kAccuracy, "accuracy"), "") << "nobody watches the inputs";
  moved({"score"}, {"a", "b"});
  EXPECT_THAT(of(MonitorKind::kAccuracy, "accuracy"), HasSubstr("none of 2 inputs has moved: what they mean"));
}

TEST_F(LikelyCause, TellsOfALossBesideAChange) {
  EXPECT_EQ(loss_beside(around_), "");
  around_.judged.push_back({MonitorKind::kAccuracy, {finding("accuracy", Outcome::kPass)}});
  EXPECT_EQ(loss_beside(around_), "");
  around_.judged.push_back({MonitorKind::kEstimatedAccuracy, {finding("accuracy", Outcome::kFail)}});
  EXPECT_EQ(loss_beside(around_), "moved");
}

}  // namespace
}  // namespace modelyard::monitoring
