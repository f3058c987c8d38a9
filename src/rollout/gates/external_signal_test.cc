#include "rollout/gates/external_signal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "rollout/gates/judge.h"

namespace modelyard::rollout {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

const UtcTime kBegin = *parse_utc("2026-11-24T07:00:00Z");

// Asked every 30 s, and looked at 5 s after the last number.
class ExternalSignalTest : public ::testing::Test {
 protected:
  void says(double value, std::string reason = "") {
    now_ += signal_.interval;
    reading_.add({now_, value, std::move(reason)});
  }
  Verdict look(std::string_view line = "signal:load <= 5", std::chrono::seconds later = 5s) {
    return judge_signal(*parse_gate(line), signal_, reading_, step_since_, now_ + later);
  }

  ExternalSignal signal_{.source = "metrics", .query = "load"};
  SignalReading reading_;
  UtcTime step_since_ = kBegin, now_ = kBegin;
};

TEST_F(ExternalSignalTest, PassesWithTheNumberAsItsOwnInterval) {
  says(4.5, "three of them");

  const Verdict verdict = look();

  EXPECT_EQ(verdict.outcome, Outcome::kPass);
  EXPECT_EQ(verdict.candidate, 4.5);
  EXPECT_EQ(verdict.interval.low, 4.5);
  EXPECT_EQ(verdict.interval.high, 4.5);
  EXPECT_EQ(verdict.limit, 5);
  EXPECT_EQ(verdict.candidate_samples, 1u);
  EXPECT_EQ(verdict.because,
            "load was 4.5 at 2026-11-24T07:00:30Z, says 'metrics': three of them; the limit is 5; how certain that is, "
            "the source knows");
}

TEST_F(ExternalSignalTest, PassesAtTheLimitInBothDirections) {
  says(5);

  EXPECT_EQ(look("signal:load <= 5").outcome, Outcome::kPass);
  EXPECT_EQ(look("signal:load >= 5").outcome, Outcome::kPass);
  EXPECT_EQ(look("signal:load >= 5.1").outcome, Outcome::kInconclusive);
}

TEST_F(ExternalSignalTest, FailsOnlyAfterSoManyBadNumbersInARow) {
  says(9);
  EXPECT_EQ(look().outcome, Outcome::kInconclusive);
  says(9);
  EXPECT_EQ(look().outcome, Outcome::kInconclusive);
  EXPECT_THAT(look().because, HasSubstr("2 of 3 in a row are bad"));
  says(9);
  EXPECT_EQ(look().outcome, Outcome::kFail);
}

TEST_F(ExternalSignalTest, BeginsTheRowAnewBehindAGoodNumber) {
  for (const double value : {9, 9, 1, 9, 9}) says(value);

  EXPECT_EQ(look().outcome, Outcome::kInconclusive);
}

TEST_F(ExternalSignalTest, CountsBadNumbersOfTheStepBefore) {
  says(9);
  says(9);
  step_since_ = now_ + 1s;

  EXPECT_EQ(look().outcome, Outcome::kInconclusive);
  says(9);
  EXPECT_EQ(look().outcome, Outcome::kFail);
}

TEST_F(ExternalSignalTest, DoesNotPassAStepByWhatWasSaidBefore) {
  says(1);
  step_since_ = now_ + 1s;

  EXPECT_EQ(look().outcome, Outcome::kNoData);
  EXPECT_THAT(look().because, HasSubstr("before this step"));
  says(1);
  EXPECT_EQ(look().outcome, Outcome::kPass);
}

TEST_F(ExternalSignalTest, HasNoDataBeforeTheFirstNumberAndSaysWhy) {
  reading_.lacking = "answered 503";

  EXPECT_EQ(look().outcome, Outcome::kNoData);
  EXPECT_EQ(look().because, "'metrics' has said nothing of load yet; asked since: answered 503");
}

TEST_F(ExternalSignalTest, IsStaleAfterThreeIntervalsWhateverTheNumberWas) {
  for (int i = 0; i < 3; ++i) says(9);
  EXPECT_EQ(look("signal:load <= 5", 90s).outcome, Outcome::kFail);

  reading_.lacking = "no answer: Couldn't connect to server";

  const Verdict verdict = look("signal:load <= 5", 91s);
  EXPECT_EQ(verdict.outcome, Outcome::kNoData);
  EXPECT_THAT(verdict.because, HasSubstr("too old; asked since: no answer: Couldn't connect to server"));
}

TEST_F(ExternalSignalTest, KeepsAsManyNumbersAsAGateMayAskFor) {
  signal_.failures = ExternalSignal::kMostFailures;
  says(1);
  for (int i = 0; i < ExternalSignal::kMostFailures - 1; ++i) says(9);
  EXPECT_EQ(look().outcome, Outcome::kInconclusive);
  says(9);

  EXPECT_EQ(look().outcome, Outcome::kFail);
  EXPECT_EQ(reading_.values.size(), std::size_t{ExternalSignal::kMostFailures});
  EXPECT_EQ(reading_.count, std::uint64_t{ExternalSignal::kMostFailures} + 1);
}

TEST(ExternalGate, IsAnAbsoluteLimitWithoutAnythingThatItsSourceDoesNotSay) {
  const auto gate = parse_gate("signal:cart.load_5 >= -0.5 nodata fail");
  ASSERT_TRUE(gate) << gate.error().message();
  EXPECT_TRUE(gate->is_external());
  EXPECT_EQ(gate->metric, "cart.load_5");
  EXPECT_EQ(canonical_text(*gate), "signal:cart.load_5 >= -0.5 nodata fail");
  const auto refusal = [](std::string_view line) { return parse_gate(line).error().message(); };
  for (const char* const clause : {"min 500", "at 99%", "over 10m"}) {
    EXPECT_THAT(refusal(fmt::format("signal:x <= 5 {}", clause)), HasSubstr("leave it out")) << clause;
  }
  for (const char* const limit : {"stable", "stable * 1.1", "stable + 5"}) {
    EXPECT_THAT(refusal(fmt::format("signal:x <= {}", limit)), HasSubstr("let the query compare")) << limit;
  }
  EXPECT_THAT(refusal("signal:x <= 5%"), HasSubstr("such as 0.9"));
  EXPECT_THAT(refusal("signal: <= 5"), HasSubstr("a signal's name has 1 to 64"));
  EXPECT_THAT(refusal("signal:A <= 5"), HasSubstr("a signal's name has 1 to 64"));
}

TEST(ExternalGate, TakesNoPartOfAlpha) {
  const std::array lines{std::string("error_rate <= 1%"), std::string("p99_ms <= 40"), std::string("signal:x <= 5"),
                         std::string("signal:y <= 5")};

  EXPECT_DOUBLE_EQ(alpha_of_each(*parse_gates(lines), 0.05), 0.025);
}

}  // namespace
}  // namespace modelyard::rollout
